//! Request and response bodies of the client memory.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::store::{ContextEntry, Pattern};

/// A pattern to store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternRequest {
    /// Any JSON value, at most 64 KiB.
    pub value: Value,
    /// How certain the pattern is, 0-1. Default: 1.
    #[schema(minimum = 0, maximum = 1)]
    pub confidence: Option<f64>,
}

/// A pattern of a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchPattern {
    /// The pattern's type, 1-128 printable characters. Storytellers treat `likes`, `interest`, `subject` and `favourite`
    /// as what the client likes.
    #[schema(
        min_length = 1,
        max_length = 128,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
        example = "likes"
    )]
    pub r#type: String,
    /// The pattern's key within its type, 1-128 printable characters.
    #[schema(
        min_length = 1,
        max_length = 128,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
        example = "boats"
    )]
    pub key: String,
    /// Any JSON value, at most 64 KiB.
    pub value: Value,
    /// How certain the pattern is, 0-1. Default: 1.
    #[schema(minimum = 0, maximum = 1)]
    pub confidence: Option<f64>,
}

/// A pattern: something that a client is like.
#[derive(Debug, Serialize, ToSchema)]
pub struct PatternView {
    /// The pattern's type.
    #[schema(example = "subject")]
    pub r#type: String,
    /// The pattern's key within its type.
    #[schema(example = "boats")]
    pub key: String,
    /// The stored value. For a learned pattern: `{"times": n}`, how often it was observed.
    pub value: Value,
    /// How certain the pattern is now, 0-1. The confidence of a learned pattern fades with time.
    pub confidence: f64,
    /// Whether the pattern was learned from frames. If not, it was stored through the API.
    pub is_learned: bool,
    /// When the pattern was created.
    pub date_created: DateTime<Utc>,
    /// When the pattern was last replaced or observed.
    pub date_updated: DateTime<Utc>,
}

/// A context entry to store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextRequest {
    /// Any JSON value, at most 64 KiB.
    pub value: Value,
    /// The session that the entry belongs to, at most 128 printable characters. If omitted or empty, it belongs to
    /// none.
    #[schema(max_length = 128, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    pub session_id: Option<String>,
    /// Seconds until the entry expires, 1-315619200 (ten years). If omitted, it does not expire.
    #[schema(minimum = 1, maximum = 315_619_200)]
    pub expires_in: Option<i64>,
}

/// A context entry: something that is going on.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContextView {
    /// The entry's key within its session.
    pub key: String,
    /// The session that the entry belongs to; null if it belongs to none.
    pub session_id: Option<String>,
    /// The stored value.
    pub value: Value,
    /// When the entry was created.
    pub date_created: DateTime<Utc>,
    /// When the entry was last replaced.
    pub date_updated: DateTime<Utc>,
    /// When the entry expires; null if it does not.
    pub date_expires: Option<DateTime<Utc>>,
}

/// An insight to add: something that was noticed about a client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InsightRequest {
    /// The insight's type, 1-128 printable characters.
    #[schema(min_length = 1, max_length = 128, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    pub r#type: String,
    /// Any JSON value, at most 64 KiB. Storytellers get `text` of an object, or the value itself.
    pub data: Value,
    /// How much the insight should shape stories, 0-1. Default: 0.5.
    #[schema(minimum = 0, maximum = 1)]
    pub importance: Option<f64>,
}

impl From<Pattern> for PatternView {
    fn from(row: Pattern) -> Self {
        let Pattern { kind, key, value, confidence, evidence, date_created, date_updated } = row;
        let is_learned = evidence.is_some();
        Self { r#type: kind, key, value, confidence, is_learned, date_created, date_updated }
    }
}

impl From<ContextEntry> for ContextView {
    fn from(row: ContextEntry) -> Self {
        let ContextEntry { session_id, key, value, date_created, date_updated, date_expires } = row;
        let session_id = Some(session_id).filter(|session| !session.is_empty());
        Self { key, session_id, value, date_created, date_updated, date_expires }
    }
}
