//! What clients send of their memory, and what they get to see of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::store::{ContextEntry, Pattern};

/// Something that a client is like.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternRequest {
    /// Any JSON: at most 64 KiB.
    pub value: Value,
    /// How sure that is: 0-1, 1 without.
    pub confidence: Option<f64>,
}

/// One of a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchPattern {
    /// What kind of thing.
    pub r#type: String,
    /// Which one.
    pub key: String,
    /// Any JSON: at most 64 KiB.
    pub value: Value,
    /// How sure that is: 0-1, 1 without.
    pub confidence: Option<f64>,
}

/// Something that a client is like.
#[derive(Debug, Serialize, ToSchema)]
pub struct PatternView {
    /// What kind of thing.
    pub r#type: String,
    /// Which one.
    pub key: String,
    /// Whatever is known.
    pub value: Value,
    /// How sure that is now: 0-1. What was learned fades.
    pub confidence: f64,
    /// Whether it was learned from frames; otherwise somebody put it.
    pub is_learned: bool,
    /// When it was first noticed.
    pub date_created: DateTime<Utc>,
    /// When it was last.
    pub date_updated: DateTime<Utc>,
}

/// Something that is going on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextRequest {
    /// Any JSON: at most 64 KiB.
    pub value: Value,
    /// In which session; without, it belongs to none.
    pub session_id: Option<String>,
    /// For how many seconds it holds; without, until it is removed.
    pub expires_in: Option<i64>,
}

/// Something that is going on.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContextView {
    /// Which thing.
    pub key: String,
    /// In which session; null where it belongs to none.
    pub session_id: Option<String>,
    /// Whatever is going on.
    pub value: Value,
    /// Since when it is known.
    pub date_created: DateTime<Utc>,
    /// When it was last said.
    pub date_updated: DateTime<Utc>,
    /// Until when it holds.
    pub date_expires: Option<DateTime<Utc>>,
}

/// Something that was noticed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InsightRequest {
    /// What kind of thing.
    pub r#type: String,
    /// What it is: any JSON, at most 64 KiB.
    pub data: Value,
    /// 0-1, 0.5 without.
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
