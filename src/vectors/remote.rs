//! Vectors that another service keeps: what is given to it, what it finds, and why it did not do what it was asked to.

use std::error::Error;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What a client of the service says of an error.
pub type SourceError = Box<dyn Error + Send + Sync>;

/// Why Pinecone did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum RemoteIndexError {
    /// There is no such index.
    #[error("Pinecone has no index {0}; make it there, or set SEMANTIC_SEARCH_CREATE")]
    IndexNotFound(String),
    /// It cannot be used yet.
    #[error("Pinecone's index {0} is not ready yet")]
    NotReady(String),
    /// It is not made for vectors such as the model's.
    #[error(
        "Pinecone's index {index} compares vectors of {found}, and the model makes some of {wanted} to be compared by cosine; \
         name another index in SEMANTIC_SEARCH_INDEX, or another model"
    )]
    IncompatibleIndex {
        /// The index.
        index: String,
        /// Its numbers a vector, and its metric.
        found: String,
        /// The model's numbers a vector.
        wanted: usize,
    },
    /// The key opens nothing.
    #[error("Pinecone does not take the key; check PINECONE_API_KEY")]
    InvalidKey,
    /// Too much was asked of it.
    #[error("Pinecone is asked too much at once")]
    Throttled,
    /// It does not answer.
    #[error("Pinecone does not answer")]
    Unavailable(#[source] Option<SourceError>),
    /// It takes this request for wrong.
    #[error("Pinecone refuses")]
    Refused(#[source] SourceError),
}

impl RemoteIndexError {
    /// Whether it may be gone when the same is asked again.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::NotReady(_) | Self::Throttled | Self::Unavailable(_))
    }
}

/// A frame with the vectors of its pieces.
#[derive(Debug)]
pub struct FrameVectors<'a> {
    /// The story.
    pub story_id: Uuid,
    /// The frame's number in it.
    pub number: i32,
    /// The frame's id.
    pub frame_id: i64,
    /// The client that the story was made for.
    pub client_id: &'a str,
    /// The story's strategy.
    pub strategy: &'a str,
    /// What it is told in; `None` for English.
    pub language: Option<&'a str>,
    /// When it was told.
    pub told_at: DateTime<Utc>,
    /// Of its pieces, in their order.
    pub vectors: Vec<Vec<f32>>,
}

/// A frame that is near, as Pinecone knows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RemoteHit {
    /// The story.
    pub story_id: Uuid,
    /// The frame's number in it.
    pub number: i32,
    /// The frame's id.
    pub frame_id: i64,
    /// When it was told, in microseconds: its number, and even its id, may come to be another frame's.
    pub told_at_micros: i64,
    /// The cosine of the nearest of its pieces.
    pub cosine: f32,
}
