//! Converts ids, metadata, filters, hits and errors to and from the types of Pinecone's client.

use chrono::{DateTime, Utc};
use pinecone_sdk::models::{Kind, Metadata, Value};
use pinecone_sdk::utils::errors::PineconeError;
use serde_json::json;
use uuid::Uuid;

use crate::vectors::{RemoteHit, RemoteIndexError, VectorFilter};

/// Returns the id of a piece's vector.
pub(super) fn vector_id(story_id: Uuid, number: i32, piece: i32) -> String {
    format!("{story_id}/{number}/{piece}")
}

/// Parses the frame of a match from its id and metadata. Returns `None` if they are malformed.
pub(super) fn parse_hit(id: &str, metadata: &Metadata, cosine: f32) -> Option<RemoteHit> {
    let integer = |name: &str| number_field(metadata, name).map(|number| number as i64);
    let mut parts = id.split('/');
    let story_id = parts.next()?.parse().ok()?;
    let number = parts.next()?.parse().ok()?;
    Some(RemoteHit {
        story_id,
        number,
        frame_id: integer("frame")?,
        told_at_micros: integer("told")?,
        cosine,
    })
}

/// Converts a filter to Pinecone's filter language. Returns `None` if it restricts nothing.
pub(super) fn filter(vector_filter: &VectorFilter<'_>) -> Option<Metadata> {
    let micros = |time: DateTime<Utc>| time.timestamp_micros();
    let all: Vec<serde_json::Value> = [
        vector_filter.client_id.map(|id| json!({"client": {"$eq": id}})),
        vector_filter.strategy.map(|strategy| json!({"strategy": {"$eq": strategy}})),
        vector_filter.since.map(|since| json!({"told": {"$gte": micros(since)}})),
        vector_filter.until.map(|until| json!({"told": {"$lt": micros(until)}})),
        vector_filter.newest_frame_id.map(|newest| json!({"frame": {"$lte": newest}})),
        vector_filter.excluded_frame_id.map(|except| json!({"frame": {"$ne": except}})),
        (!vector_filter.hidden_clients.is_empty())
            .then(|| json!({"client": {"$nin": vector_filter.hidden_clients}})),
    ]
    .into_iter()
    .flatten()
    .collect();
    if all.is_empty() { None } else { metadata(&json!({"$and": all})) }
}

pub(super) fn metadata(json: &serde_json::Value) -> Option<Metadata> {
    match value(json).kind {
        Some(Kind::StructValue(metadata)) => Some(metadata),
        _ => None,
    }
}

fn value(json: &serde_json::Value) -> Value {
    let kind = match json {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(is) => Kind::BoolValue(*is),
        serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => Kind::StringValue(text.clone()),
        serde_json::Value::Array(items) => {
            #[expect(clippy::default_trait_access, reason = "the client does not name its lists")]
            let mut list = Kind::ListValue(Default::default());
            if let Kind::ListValue(list) = &mut list {
                list.values = items.iter().map(value).collect();
            }
            list
        }
        serde_json::Value::Object(fields) => {
            let fields = fields.iter().map(|(name, item)| (name.clone(), value(item))).collect();
            Kind::StructValue(Metadata { fields })
        }
    };
    Value { kind: Some(kind) }
}

fn number_field(metadata: &Metadata, name: &str) -> Option<f64> {
    match metadata.fields.get(name)?.kind {
        Some(Kind::NumberValue(number)) => Some(number),
        _ => None,
    }
}

/// Returns whether a removal failed because the namespace does not exist, which means that it is empty.
pub(super) fn is_missing_namespace(error: &PineconeError) -> bool {
    const NOT_FOUND: i32 = 5;
    matches!(error, PineconeError::DataPlaneError { status } if status.code() as i32 == NOT_FOUND)
}

/// Converts an error of the client. The status codes are gRPC's: 2 unknown, 4 deadline exceeded, 7 permission denied, 8
/// resource exhausted, 10 aborted, 13 internal, 14 unavailable, 16 unauthenticated.
pub(super) fn map_error(error: PineconeError) -> RemoteIndexError {
    match &error {
        PineconeError::DataPlaneError { status } => match status.code() as i32 {
            8 => RemoteIndexError::Throttled,
            7 | 16 => RemoteIndexError::InvalidKey,
            2 | 4 | 10 | 13 | 14 => RemoteIndexError::Unavailable(Some(error.into())),
            _ => RemoteIndexError::Refused(error.into()),
        },
        PineconeError::UnauthorizedError { .. } => RemoteIndexError::InvalidKey,
        PineconeError::UnknownResponseError { status, .. } if status.as_u16() == 429 => {
            RemoteIndexError::Throttled
        }
        PineconeError::UnknownResponseError { status, .. } if !status.is_server_error() => {
            RemoteIndexError::Refused(error.into())
        }
        PineconeError::UnknownResponseError { .. }
        | PineconeError::InternalServerError { .. }
        | PineconeError::ReqwestError { .. }
        | PineconeError::ConnectionError { .. }
        | PineconeError::TimeoutError { .. }
        | PineconeError::IoError { .. } => RemoteIndexError::Unavailable(Some(error.into())),
        _ => RemoteIndexError::Refused(error.into()),
    }
}
