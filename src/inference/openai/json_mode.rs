//! The ways in which servers are made to return JSON, and which of them each model follows.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_openai::types::chat::{ResponseFormat, ResponseFormatJsonSchema};
use serde_json::Value;

use crate::inference::Failure;
use crate::inference::provider_client::ErrorResponse;

/// How a server is made to return JSON. The strictest mode that the server accepts is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonMode {
    /// A schema in the request, which the server enforces.
    Schema,
    /// JSON mode: the server returns some object.
    Object,
    /// Instructions in the prompt alone.
    Prompt,
}

impl JsonMode {
    const ALL: [Self; 3] = [Self::Schema, Self::Object, Self::Prompt];

    /// Returns the field of the request that asks for the mode.
    pub(super) fn response_format(self, schema: &Value) -> Option<ResponseFormat> {
        match self {
            Self::Schema => Some(ResponseFormat::JsonSchema {
                json_schema: ResponseFormatJsonSchema {
                    name: "answer".to_owned(),
                    schema: schema.clone(),
                    strict: Some(true),
                    description: None,
                },
            }),
            Self::Object => Some(ResponseFormat::JsonObject),
            Self::Prompt => None,
        }
    }
}

/// What is known of a model.
#[derive(Debug, Clone, Copy)]
struct KnownMode {
    mode: JsonMode,
    /// Whether the model has returned JSON in this mode. Otherwise it ignored a stricter one.
    is_proven: bool,
}

/// The modes that models follow, by model name.
#[derive(Debug, Default)]
pub(super) struct JsonModes(Mutex<HashMap<String, KnownMode>>);

impl JsonModes {
    /// Returns the modes to try, in order: those from the known mode on.
    pub(super) fn to_try(&self, model: &str) -> impl Iterator<Item = JsonMode> + use<> {
        let first = self.get(model).map_or(JsonMode::Schema, |known| known.mode);
        JsonMode::ALL.into_iter().skip_while(move |mode| *mode != first)
    }

    /// Records that JSON came in a mode.
    pub(super) fn record_json(&self, model: &str, mode: JsonMode) {
        self.insert(model, KnownMode { mode, is_proven: true });
    }

    /// Records that something else came. A model that never followed the mode is asked in words from now on. Returns
    /// whether that is a new way to ask.
    pub(super) fn record_other(&self, model: &str, mode: JsonMode) -> bool {
        let known = self.get(model);
        let is_new = mode != JsonMode::Prompt && !known.is_some_and(|known| known.is_proven);
        if is_new {
            self.insert(model, KnownMode { mode: JsonMode::Prompt, is_proven: false });
        }
        is_new
    }

    fn get(&self, model: &str) -> Option<KnownMode> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(model).copied()
    }

    fn insert(&self, model: &str, known: KnownMode) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(model.to_owned(), known);
    }
}

/// Whether an error may only mean that the server does not support the JSON mode. Some servers report a server error
/// instead of rejecting the request.
pub(super) fn is_rejection(error: &ErrorResponse) -> bool {
    match &error.failure {
        Failure::Rejected(_) => {
            let is_about_another_field =
                error.field.as_deref().is_some_and(|field| field != "response_format");
            let message = error.message.to_ascii_lowercase();
            let is_about_the_model = message.contains("model")
                && ["not exist", "not found", "no such"]
                    .iter()
                    .any(|words| message.contains(words));
            !matches!(error.status, Some(402 | 404 | 405 | 413))
                && !is_about_another_field
                && !is_about_the_model
        }
        Failure::Unavailable { .. } => error.message.contains("response_format"),
        _ => false,
    }
}
