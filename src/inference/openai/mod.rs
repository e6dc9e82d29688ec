//! OpenAI, and every server that speaks its API: Ollama, llama.cpp, vLLM and others, by their base URL.
//!
//! Requests are written as the API has them, with a model's own parameters laid over; answers are read tolerantly,
//! for not every server that is called compatible is.

mod audio;
mod chat;
mod images;
mod speech;
mod texts;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use reqwest::RequestBuilder;
use reqwest::header::AUTHORIZATION;
use secrecy::SecretString;
use serde_json::Value;

use super::{Call, Failure, Provider, Wire, wire};

/// Its name in the registry and in model configurations.
pub const NAME: &str = "openai";

/// The key's name in configurations of clients.
const KEY: &str = "openai_api_key";

const ADDRESS: &str = "https://api.openai.com/v1";

/// The provider's capabilities.
#[must_use]
pub fn provider(wire: Wire, base_url: Option<&str>, key: Option<SecretString>) -> Provider {
    let openai = Arc::new(OpenAi {
        wire,
        address: base_url.unwrap_or(ADDRESS).trim_end_matches('/').to_owned(),
        is_official: base_url.is_none(),
        key,
        manners: Mutex::default(),
    });
    Provider {
        title: if base_url.is_none() { "OpenAI" } else { "the OpenAI-compatible server" },
        text: Some(openai.clone()),
        structured: Some(openai.clone()),
        image: Some(openai.clone()),
        vision: Some(openai.clone()),
        transcription: Some(openai.clone()),
        speech: Some(openai.clone()),
        embedding: Some(openai.clone()),
        moderation: Some(openai),
        ..Provider::default()
    }
}

struct OpenAi {
    wire: Wire,
    address: String,
    /// Whether it is OpenAI itself: others often know older parameters only, and may need no key.
    is_official: bool,
    key: Option<SecretString>,
    /// How each model was last seen to give JSON.
    manners: Mutex<HashMap<String, chat::Manner>>,
}

impl OpenAi {
    /// A POST with the client's key, or the installation's.
    fn post(&self, call: &Call<'_>, path: &str) -> Result<RequestBuilder, Failure> {
        let request = self.wire.post(&format!("{}/{path}", self.address));
        match call.keys.get(KEY).or(self.key.as_ref()) {
            Some(key) => Ok(request.header(AUTHORIZATION, wire::secret("Bearer ", key)?)),
            None if self.is_official => Err(Failure::NotConfigured),
            None => Ok(request),
        }
    }

    /// Sends an object of JSON, the model's parameters over it, and reads the answer as JSON.
    async fn ask(&self, call: &Call<'_>, path: &str, body: Value) -> Result<Value, Failure> {
        let body = wire::with_parameters(body, &call.model.parameters);
        self.wire.json(self.post(call, path)?.json(&body)).await
    }
}
