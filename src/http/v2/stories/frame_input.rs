//! An order for a frame as version 2 has it: snippets of what the Sparrow took in, and v1's parameters beside them.

use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::{AcceptedOrder, AppError, AudioInput, FrameOrder, StorySelector};
use crate::domain::{FrameParameters, TraceParent};
use crate::http::address::ClientAddress;
use crate::http::inline_media::{check_pcm_format, decode_base64};
use crate::http::problem::Problem;
use crate::http::request_actor::RequestActor;
use crate::http::request_id::RequestId;
use crate::http::v1::fields;
use crate::http::{HttpState, body, idempotency, json};

/// Snippets at most in one order.
const MAX_SNIPPETS: usize = 20;

/// What v1 knows beside [`FrameParameters`], and what is not said elsewhere in an order of version 2.
const EXTRA_FIELDS: [&str; 6] =
    ["client_type", "strategy", "trigger", "input_image", "input_audio", "input_audio_format"];

/// Something that a Sparrow took in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Snippet {
    /// What it is.
    #[serde(rename = "snippet_type")]
    kind: SnippetType,
    /// Base64 with or without a `data:` prefix; of a text, the text itself.
    content: String,
    /// What else is known of it: `format` of raw PCM is `audio/pcm;rate=16000`.
    #[serde(default)]
    metadata: SnippetMetadata,
}

/// What is known of a snippet beside its content.
#[derive(Default, Deserialize, ToSchema)]
pub(in crate::http) struct SnippetMetadata {
    /// Its media type; it is looked at for raw PCM alone, for all else is known by its bytes.
    format: Option<String>,
}

/// What a snippet is.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum SnippetType {
    /// A photograph: one an order.
    Image,
    /// A recording: one an order.
    Audio,
    /// Words.
    Text,
    /// A video: one an order.
    Video,
}

/// What an order's body says of its frame.
#[derive(Default)]
pub(super) struct FrameInput {
    pub(super) story: Option<StorySelector>,
    pub(super) strategy: Option<String>,
    pub(super) snippets: Vec<Snippet>,
    pub(super) extra: Map<String, Value>,
}

/// Takes an order: reads it within bounds, and hands it on even if its client hangs up meanwhile.
pub(super) async fn order_frame<T, F>(
    state: &HttpState,
    request: Request,
    to_input: F,
) -> Result<(RequestActor, AcceptedOrder), Problem>
where
    T: DeserializeOwned,
    F: FnOnce(T) -> FrameInput + Send + 'static,
{
    let (mut parts, content) = request.into_parts();
    let actor = RequestActor::from_request_parts(&mut parts, &()).await?;
    actor.require_client_id()?;
    if !json::is_json(&parts.headers) {
        let detail = "The body must be JSON; send it with Content-Type: application/json.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let permit = state.body_budget.acquire(&parts.headers).await?;
    let content = body::read(content).await?;
    let state = state.clone();
    let ordering = async move {
        let length = content.len();
        let read = move || parse_order(&parts, &content, actor, to_input);
        let (actor, order) = body::parse_with(&state, length, read).await?;
        let ordered = state
            .app
            .frames()
            .order(order)
            .await
            .map_err(|error| Problem::from_error(error, "body"));
        drop(permit);
        Ok((actor, ordered?))
    };
    body::run_to_completion(ordering).await
}

fn parse_order<T: DeserializeOwned>(
    parts: &Parts,
    content: &Bytes,
    actor: RequestActor,
    to_input: impl FnOnce(T) -> FrameInput,
) -> Result<(RequestActor, FrameOrder), Problem> {
    let client_id = actor.require_client_id()?.clone();
    let input = to_input(json::parse::<T>(content)?);
    let mut fields = input.extra;
    for name in fields.keys() {
        if !FrameParameters::is_known(name) && !EXTRA_FIELDS.contains(&name.as_str()) {
            return Err(invalid(
                &format!("extra_parameters.{name}"),
                "is not known here; leave it out",
            ));
        }
    }
    fields.insert("client_id".to_owned(), Value::from(client_id.as_str()));
    if let Some(strategy) = input.strategy {
        fields.insert("strategy".to_owned(), Value::from(strategy));
    }
    let inputs = SnippetInputs::from_snippets(input.snippets)?;
    if let Some(text) = inputs.joined_text(fields.get("input_text")) {
        fields.insert("input_text".to_owned(), Value::from(text));
    }
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
    let raw = fields::RawFrameRequest { fields, ..fields::RawFrameRequest::default() };
    let order = fields::parse_order(raw, request_id.unwrap_or_default(), "body")?;
    let scope = format!("{} {} {client_id}", parts.method, parts.uri.path());
    let key = idempotency::parse_key(&parts.headers, scope, &[content])?;
    let order = FrameOrder {
        story: input.story.unwrap_or(order.story),
        image: inputs.image.or(order.image),
        sound: inputs.sound.or(order.sound),
        video: inputs.video,
        ip_address: parts.extensions.get::<ClientAddress>().map(|client| client.ip),
        trace: parts.extensions.get::<TraceParent>().copied(),
        idempotency_key: key,
        ..order
    };
    Ok((actor, order))
}

/// The snippets of an order, each where it belongs.
#[derive(Default)]
struct SnippetInputs {
    image: Option<Bytes>,
    sound: Option<AudioInput>,
    video: Option<Bytes>,
    texts: Vec<String>,
}

impl SnippetInputs {
    fn from_snippets(snippets: Vec<Snippet>) -> Result<Self, Problem> {
        if snippets.len() > MAX_SNIPPETS {
            return Err(invalid("snippets", &format!("are more than {MAX_SNIPPETS}; send fewer")));
        }
        let mut inputs = Self::default();
        for (index, snippet) in snippets.into_iter().enumerate() {
            let field = |name: &str| format!("snippets[{index}].{name}");
            let Snippet { kind, content, metadata } = snippet;
            if kind == SnippetType::Text {
                if content.contains('\0') {
                    return Err(invalid(&field("content"), "must not have a NUL character"));
                }
                inputs.texts.push(content);
                continue;
            }
            let bytes = decode_base64(&content).filter(|bytes| !bytes.is_empty());
            let bytes =
                bytes.ok_or_else(|| invalid(&field("content"), "is not base64, or empty"))?;
            let is_pcm = check_pcm_format(metadata.format.as_deref().unwrap_or_default());
            let is_pcm = is_pcm.map_err(|key_error_detail| {
                invalid(&field("metadata.format"), &key_error_detail)
            })?;
            let is_second = match kind {
                SnippetType::Image => inputs.image.replace(bytes).is_some(),
                SnippetType::Video => inputs.video.replace(bytes).is_some(),
                SnippetType::Audio | SnippetType::Text => {
                    inputs.sound.replace(AudioInput { bytes, is_pcm }).is_some()
                }
            };
            if is_second {
                return Err(invalid(
                    &field("snippet_type"),
                    "is here twice; a frame takes one of it",
                ));
            }
        }
        Ok(inputs)
    }

    /// All words, the ones of the parameters first.
    fn joined_text(&self, before: Option<&Value>) -> Option<String> {
        if self.texts.is_empty() {
            return None;
        }
        let before = before.and_then(Value::as_str);
        let all: Vec<&str> =
            before.into_iter().chain(self.texts.iter().map(String::as_str)).collect();
        Some(all.join("\n"))
    }
}

fn invalid(name: &str, reason: &str) -> Problem {
    Problem::from_error(AppError::invalid(name, reason), "body")
}
