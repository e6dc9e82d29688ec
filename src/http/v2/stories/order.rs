//! An order for a frame as version 2 has it: snippets of what the Sparrow took in, and v1's parameters beside them.

use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::{AppError, FrameOrder, Ordered, Sound, WhichStory};
use crate::domain::{Parameters, TraceParent};
use crate::http::acting::Acting;
use crate::http::address::ClientAddress;
use crate::http::encoded::{decoded, is_pcm};
use crate::http::problem::Problem;
use crate::http::request_id::RequestId;
use crate::http::v1::fields;
use crate::http::{Door, body, idempotency, json};

/// Snippets at most in one order.
const MAX_SNIPPETS: usize = 20;

/// What v1 knows beside [`Parameters`], and what is not said elsewhere in an order of version 2.
const BESIDE: [&str; 6] =
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
pub(super) struct Asking {
    pub(super) story: Option<WhichStory>,
    pub(super) strategy: Option<String>,
    pub(super) snippets: Vec<Snippet>,
    pub(super) extra: Map<String, Value>,
}

/// Takes an order: reads it within bounds, and hands it on even if its client hangs up meanwhile.
pub(super) async fn take<T, F>(
    door: &Door,
    request: Request,
    asking: F,
) -> Result<(Acting, Ordered), Problem>
where
    T: DeserializeOwned,
    F: FnOnce(T) -> Asking + Send + 'static,
{
    let (mut parts, content) = request.into_parts();
    let acting = Acting::from_request_parts(&mut parts, &()).await?;
    acting.client_id()?;
    if !json::is_json(&parts.headers) {
        let detail = "The body must be JSON; send it with Content-Type: application/json.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let room = door.room.take(&parts.headers).await?;
    let content = body::read(content).await?;
    let door = door.clone();
    let ordering = async move {
        let length = content.len();
        let read = move || read_order(&parts, &content, acting, asking);
        let (acting, order) = body::parsed(&door, length, read).await?;
        let ordered =
            door.app.frames().order(order).await.map_err(|error| Problem::of(error, "body"));
        drop(room);
        Ok((acting, ordered?))
    };
    body::in_full(ordering).await
}

fn read_order<T: DeserializeOwned>(
    parts: &Parts,
    content: &Bytes,
    acting: Acting,
    asking: impl FnOnce(T) -> Asking,
) -> Result<(Acting, FrameOrder), Problem> {
    let client_id = acting.client_id()?.clone();
    let asking = asking(json::parse::<T>(content)?);
    let mut fields = asking.extra;
    for name in fields.keys() {
        if !Parameters::is_known(name) && !BESIDE.contains(&name.as_str()) {
            return Err(invalid(
                &format!("extra_parameters.{name}"),
                "is not known here; leave it out",
            ));
        }
    }
    fields.insert("client_id".to_owned(), Value::from(client_id.as_str()));
    if let Some(strategy) = asking.strategy {
        fields.insert("strategy".to_owned(), Value::from(strategy));
    }
    let taken_in = TakenIn::of(asking.snippets)?;
    if let Some(text) = taken_in.text(fields.get("input_text")) {
        fields.insert("input_text".to_owned(), Value::from(text));
    }
    let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
    let sent = fields::Sent { fields, ..fields::Sent::default() };
    let order = fields::order(sent, request_id.unwrap_or_default(), "body")?;
    let call = format!("{} {} {client_id}", parts.method, parts.uri.path());
    let key = idempotency::key(&parts.headers, call, &[content])?;
    let order = FrameOrder {
        story: asking.story.unwrap_or(order.story),
        image: taken_in.image.or(order.image),
        sound: taken_in.sound.or(order.sound),
        video: taken_in.video,
        address: parts.extensions.get::<ClientAddress>().map(|client| client.ip),
        trace: parts.extensions.get::<TraceParent>().copied(),
        key,
        ..order
    };
    Ok((acting, order))
}

/// The snippets of an order, each where it belongs.
#[derive(Default)]
struct TakenIn {
    image: Option<Bytes>,
    sound: Option<Sound>,
    video: Option<Bytes>,
    texts: Vec<String>,
}

impl TakenIn {
    fn of(snippets: Vec<Snippet>) -> Result<Self, Problem> {
        if snippets.len() > MAX_SNIPPETS {
            return Err(invalid("snippets", &format!("are more than {MAX_SNIPPETS}; send fewer")));
        }
        let mut taken_in = Self::default();
        for (index, snippet) in snippets.into_iter().enumerate() {
            let field = |name: &str| format!("snippets[{index}].{name}");
            let Snippet { kind, content, metadata } = snippet;
            if kind == SnippetType::Text {
                if content.contains('\0') {
                    return Err(invalid(&field("content"), "must not have a NUL character"));
                }
                taken_in.texts.push(content);
                continue;
            }
            let bytes = decoded(&content).filter(|bytes| !bytes.is_empty());
            let bytes =
                bytes.ok_or_else(|| invalid(&field("content"), "is not base64, or empty"))?;
            let is_pcm = is_pcm(metadata.format.as_deref().unwrap_or_default());
            let is_pcm = is_pcm.map_err(|reason| invalid(&field("metadata.format"), &reason))?;
            let is_second = match kind {
                SnippetType::Image => taken_in.image.replace(bytes).is_some(),
                SnippetType::Video => taken_in.video.replace(bytes).is_some(),
                SnippetType::Audio | SnippetType::Text => {
                    taken_in.sound.replace(Sound { bytes, is_pcm }).is_some()
                }
            };
            if is_second {
                return Err(invalid(
                    &field("snippet_type"),
                    "is here twice; a frame takes one of it",
                ));
            }
        }
        Ok(taken_in)
    }

    /// All words, the ones of the parameters first.
    fn text(&self, before: Option<&Value>) -> Option<String> {
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
    Problem::of(AppError::invalid(name, reason), "body")
}
