//! Types for a remote index: the vectors it stores, the hits it returns, and its errors.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The error of a request that caused a [`RemoteIndexError`].
pub type SourceError = Box<dyn Error + Send + Sync>;

/// An operation on the remote index failed.
#[derive(Debug, thiserror::Error)]
pub enum RemoteIndexError {
    /// The index does not exist.
    #[error("Pinecone has no index {0}; create it there, or set SEMANTIC_SEARCH_CREATE")]
    IndexNotFound(String),
    /// The index is being created and is not ready.
    #[error("Pinecone's index {0} is not ready yet")]
    NotReady(String),
    /// The dimension or metric of the index does not fit the model.
    #[error(
        "Pinecone's index {index} has {found}, but the model needs {wanted} dimensions and the metric cosine; \
         name another index in SEMANTIC_SEARCH_INDEX, or another model"
    )]
    IncompatibleIndex {
        /// Name of the index.
        index: String,
        /// Dimension and metric of the index, as text.
        found: String,
        /// Dimension of the model's vectors.
        wanted: usize,
    },
    /// The API key is invalid or lacks permission.
    #[error("Pinecone rejects the API key; check PINECONE_API_KEY")]
    InvalidKey,
    /// The rate limit or quota is exceeded.
    #[error("Pinecone throttles requests")]
    Throttled {
        /// How long Pinecone asks to wait.
        retry_after: Option<Duration>,
    },
    /// Pinecone does not respond or fails.
    #[error("Pinecone does not respond")]
    Unavailable(#[source] Option<SourceError>),
    /// Pinecone rejects the request as invalid.
    #[error("Pinecone rejects the request")]
    Refused(#[source] SourceError),
}

impl RemoteIndexError {
    /// Returns whether the same request may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::NotReady(_) | Self::Throttled { .. } | Self::Unavailable(_))
    }

    /// Returns how long Pinecone asks to wait before the next request.
    pub(super) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after } => *retry_after,
            _ => None,
        }
    }
}

/// A frame with the vectors of its pieces.
#[derive(Debug)]
pub struct FrameVectors<'a> {
    /// Id of the story.
    pub story_id: Uuid,
    /// Number of the frame in its story, from 0.
    pub number: i32,
    /// Id of the frame.
    pub frame_id: i64,
    /// Client that the story was created for.
    pub client_id: &'a str,
    /// Strategy of the story.
    pub strategy: &'a str,
    /// Language of the frame; `None` for English.
    pub language: Option<&'a str>,
    /// Time at which the frame was told.
    pub told_at: DateTime<Utc>,
    /// Vectors of the frame's pieces, in order.
    pub vectors: Vec<Vec<f32>>,
}

/// A frame near a query vector, as Pinecone returns it. The frame may have been deleted since.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RemoteHit {
    /// Id of the story.
    pub story_id: Uuid,
    /// Number of the frame in its story, from 0.
    pub number: i32,
    /// Id of the frame.
    pub frame_id: i64,
    /// Time at which the frame was told, in microseconds since the epoch. It tells apart frames that reuse a number or
    /// id.
    pub told_at_micros: i64,
    /// Cosine of the frame's nearest piece, from -1 to 1.
    pub cosine: f32,
}
