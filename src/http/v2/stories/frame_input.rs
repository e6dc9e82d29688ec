//! Orders for frames in version 2: snippets of what the client saw and heard, and v1's fields as extra parameters.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::{AcceptedOrder, AppError, AudioInput, FrameOrder, StorySelector};
use crate::audio::PcmFormat;
use crate::domain::{FrameParameters, TraceParent};
use crate::http::address::ClientAddress;
use crate::http::inline_media::decode_base64;
use crate::http::problem::Problem;
use crate::http::request_actor::RequestActor;
use crate::http::request_id::RequestId;
use crate::http::v1::fields;
use crate::http::{HttpState, body, idempotency, json};

/// The most snippets in one order.
const MAX_SNIPPETS: usize = 20;

/// The fields of v1 that are not [`FrameParameters`] and that an order may have as extra parameters.
const EXTRA_FIELDS: [&str; 6] =
    ["client_type", "strategy", "trigger", "input_image", "input_audio", "input_audio_format"];

/// Something that the client saw, heard or wants to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Snippet {
    /// The kind of content.
    #[serde(rename = "snippet_type")]
    kind: SnippetType,
    /// The content: text for `text`, otherwise base64 with or without a `data:` prefix.
    content: String,
    /// Details of the content; needed only for raw PCM.
    #[serde(default)]
    metadata: SnippetMetadata,
}

/// Details of a snippet's content.
#[derive(Default, Deserialize, ToSchema)]
pub(in crate::http) struct SnippetMetadata {
    /// The media type, needed only for raw 16-bit little-endian PCM at 16 kHz: `audio/pcm;rate=16000`, for stereo with
    /// `;channels=2`. Other formats are detected from the bytes.
    #[schema(example = "audio/pcm;rate=16000")]
    format: Option<String>,
}

/// The kind of a snippet's content.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum SnippetType {
    /// A photo: JPEG, PNG, WebP, GIF or BMP. At most one per order.
    Image,
    /// A recording: WebM, Ogg, MP4/M4A, MP3, WAV, FLAC or raw PCM. At most one per order.
    Audio,
    /// Text for the storyteller. Several texts are joined, one per line; at most 20,000 characters together.
    Text,
    /// A video: MP4 or WebM. At most one per order.
    Video,
}

/// The input for a frame, from the body of an order.
#[derive(Default)]
pub(super) struct FrameInput {
    /// The story that the frame belongs to; `None` for the client's current story.
    pub(super) story: Option<StorySelector>,
    pub(super) strategy: Option<String>,
    pub(super) snippets: Vec<Snippet>,
    pub(super) extra: Map<String, Value>,
}

/// Reads an order within the limits, and enqueues it even if the client disconnects in the meantime.
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
    json::require_json(&parts.headers)?;
    let (content, reservation) = state.body_budget.read(&parts, content).await?;
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
        drop(reservation);
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
    let raw = fields::RawFrameRequest::from_fields(fields);
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

/// The snippets of an order, by kind.
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
            let pcm = PcmFormat::parse(metadata.format.as_deref().unwrap_or_default());
            let pcm = pcm.map_err(|reason| invalid(&field("metadata.format"), &reason))?;
            let is_second = match kind {
                SnippetType::Image => inputs.image.replace(bytes).is_some(),
                SnippetType::Video => inputs.video.replace(bytes).is_some(),
                SnippetType::Audio | SnippetType::Text => {
                    inputs.sound.replace(AudioInput { bytes, pcm }).is_some()
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

    /// Joins all texts, one per line: first the text of the parameters, then the snippets. Returns `None` if no snippet
    /// has text.
    fn joined_text(&self, parameter: Option<&Value>) -> Option<String> {
        if self.texts.is_empty() {
            return None;
        }
        let first = parameter.and_then(Value::as_str);
        let all: Vec<&str> =
            first.into_iter().chain(self.texts.iter().map(String::as_str)).collect();
        Some(all.join("\n"))
    }
}

fn invalid(name: &str, reason: &str) -> Problem {
    Problem::from_error(AppError::invalid(name, reason), "body")
}
