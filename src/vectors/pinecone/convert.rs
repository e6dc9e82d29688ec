//! Converts ids, vectors, filters and hits to and from the JSON of Pinecone's API.

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::vectors::{FrameVectors, MAX_PIECES, RemoteHit, VectorFilter};

/// Maximum number of vectors in one request.
const MAX_VECTORS_PER_REQUEST: usize = 100;

/// Maximum size of the vectors in one request, in bytes. Pinecone accepts two megabytes.
const MAX_REQUEST_BYTES: usize = 1_500_000;

/// An index, as the control API describes it.
#[derive(Debug, Deserialize)]
pub(super) struct IndexModel {
    /// The dimension; an index of sparse vectors has none.
    #[serde(default)]
    pub(super) dimension: usize,
    pub(super) metric: String,
    pub(super) host: String,
    pub(super) status: IndexStatus,
}

#[derive(Debug, Deserialize)]
pub(super) struct IndexStatus {
    pub(super) ready: bool,
}

/// A vector, as it is sent.
#[derive(Debug, Serialize)]
pub(super) struct OutgoingVector {
    id: String,
    values: Vec<f32>,
    metadata: Value,
}

/// The matches of a query.
#[derive(Debug, Deserialize)]
pub(super) struct QueryResponse {
    #[serde(default)]
    pub(super) matches: Vec<Match>,
}

/// A match of a query.
#[derive(Debug, Deserialize)]
pub(super) struct Match {
    id: String,
    #[serde(default)]
    score: f32,
    metadata: Option<Value>,
}

/// Vectors that were fetched, by id.
#[derive(Debug, Deserialize)]
pub(super) struct FetchResponse {
    #[serde(default)]
    pub(super) vectors: HashMap<String, FetchedVector>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FetchedVector {
    #[serde(default)]
    pub(super) values: Vec<f32>,
}

/// The statistics of an index.
#[derive(Debug, Deserialize)]
pub(super) struct IndexStats {
    #[serde(default)]
    pub(super) namespaces: HashMap<String, NamespaceSummary>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NamespaceSummary {
    #[serde(default)]
    pub(super) vector_count: u64,
}

/// Returns the id of a piece's vector.
pub(super) fn vector_id(story_id: Uuid, number: i32, piece: i32) -> String {
    format!("{story_id}/{number}/{piece}")
}

/// Converts a frame to one vector for each piece.
pub(super) fn to_vectors(
    frame: &FrameVectors<'_>,
    namespace: &str,
) -> impl Iterator<Item = OutgoingVector> {
    let metadata = json!({
        "story": frame.story_id.to_string(),
        "number": frame.number,
        "frame": frame.frame_id,
        "client": frame.client_id,
        "strategy": frame.strategy,
        "language": frame.language.unwrap_or("en"),
        "told": frame.told_at.timestamp_micros(),
        "environment": namespace,
    });
    let (story_id, number) = (frame.story_id, frame.number);
    (0..MAX_PIECES).zip(frame.vectors.clone()).map(move |(piece, values)| OutgoingVector {
        id: vector_id(story_id, number, piece),
        values,
        metadata: metadata.clone(),
    })
}

/// Writes the bodies of the requests that store vectors, each within Pinecone's limits.
pub(super) fn upsert_bodies(
    vectors: &[OutgoingVector],
    namespace: &str,
) -> serde_json::Result<Vec<Bytes>> {
    #[derive(Serialize)]
    struct UpsertRequest<'a> {
        vectors: &'a [Box<RawValue>],
        namespace: &'a str,
    }
    let body = |vectors: &[Box<RawValue>]| {
        serde_json::to_vec(&UpsertRequest { vectors, namespace }).map(Bytes::from)
    };
    let (mut bodies, mut batch, mut batch_bytes) = (Vec::new(), Vec::new(), 0);
    for vector in vectors {
        let written = serde_json::value::to_raw_value(vector)?;
        let bytes = written.get().len() + 1;
        let is_full =
            batch.len() == MAX_VECTORS_PER_REQUEST || batch_bytes + bytes > MAX_REQUEST_BYTES;
        if is_full && !batch.is_empty() {
            bodies.push(body(&batch)?);
            batch.clear();
            batch_bytes = 0;
        }
        batch.push(written);
        batch_bytes += bytes;
    }
    if !batch.is_empty() {
        bodies.push(body(&batch)?);
    }
    Ok(bodies)
}

/// Parses the frame of a match from its id and metadata. Returns `None` if they are malformed.
pub(super) fn parse_hit(found: &Match) -> Option<RemoteHit> {
    let metadata = found.metadata.as_ref()?;
    // Pinecone stores every number as a floating-point number.
    let integer = |name: &str| Some(metadata.get(name)?.as_f64()?.round() as i64);
    let mut parts = found.id.split('/');
    let story_id = parts.next()?.parse().ok()?;
    let number = parts.next()?.parse().ok()?;
    Some(RemoteHit {
        story_id,
        number,
        frame_id: integer("frame")?,
        told_at_micros: integer("told")?,
        cosine: found.score,
    })
}

/// Converts a filter to Pinecone's filter language. Returns `None` if it restricts nothing.
pub(super) fn filter(vector_filter: &VectorFilter<'_>) -> Option<Value> {
    let micros = |time: DateTime<Utc>| time.timestamp_micros();
    let all: Vec<Value> = [
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
    (!all.is_empty()).then(|| json!({"$and": all}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(count: usize, dimension: usize) -> Vec<OutgoingVector> {
        let metadata = json!({"client": "ada"});
        let values = vec![-0.012_345_678; dimension];
        (0..count)
            .map(|id| OutgoingVector {
                id: id.to_string(),
                values: values.clone(),
                metadata: metadata.clone(),
            })
            .collect()
    }

    #[test]
    fn requests_are_within_pinecones_limits() {
        let counts = |vectors: &[OutgoingVector]| {
            let bodies = upsert_bodies(vectors, "calliope").expect("JSON");
            let count = |body: &Bytes| {
                assert!(body.len() < 2_000_000, "{}", body.len());
                let body: Value = serde_json::from_slice(body).expect("JSON");
                assert_eq!(body["namespace"], "calliope");
                body["vectors"].as_array().expect("vectors").len()
            };
            bodies.iter().map(count).collect::<Vec<usize>>()
        };
        assert_eq!(counts(&[]), [] as [usize; 0]);
        assert_eq!(counts(&vectors(250, 8)), [100, 100, 50]);
        let large = counts(&vectors(100, 3072));
        assert!(large.len() > 1 && large.iter().sum::<usize>() == 100, "{large:?}");
        // A vector that is larger than a request should be is sent alone.
        assert_eq!(counts(&vectors(2, 120_000)), [1, 1]);
    }

    #[test]
    fn a_hit_is_read_from_numbers_with_a_point() {
        let story_id = Uuid::from_u128(7);
        let hit = |id: String, metadata: &str| {
            let body = format!(r#"{{"id": "{id}", "score": 0.5, "metadata": {metadata}}}"#);
            parse_hit(&serde_json::from_str(&body).expect("a match"))
        };
        let told = 1_796_123_456_789_013;
        for metadata in [
            format!(r#"{{"frame": 42.0, "told": {told}.0}}"#),
            r#"{"frame": 42, "told": 1.796123456789013e15}"#.to_owned(),
        ] {
            let found = hit(vector_id(story_id, 3, 0), &metadata).expect("a hit");
            assert_eq!((found.story_id, found.number, found.frame_id), (story_id, 3, 42));
            assert_eq!(found.told_at_micros, told);
        }
        assert_eq!(hit(vector_id(story_id, 3, 0), r#"{"frame": 42}"#), None);
        assert_eq!(hit("of-another-program".to_owned(), r#"{"frame": 1, "told": 1}"#), None);
    }
}
