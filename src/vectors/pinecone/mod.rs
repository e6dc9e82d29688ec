//! The remote index at Pinecone. Only this module uses Pinecone's client.
//!
//! The vector of a piece has the id `{story}/{number}/{piece}` in this installation's namespace. Its metadata holds the
//! fields that a search can filter by. A frame has at most [`MAX_PIECES`], so all of its ids are known without a
//! request. Pinecone is eventually consistent: it shows a change some seconds after accepting it, so callers must
//! compare its hits with the rows in the database.

mod connection;
mod convert;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pinecone_sdk::models::{Cloud, Namespace, Vector};
use pinecone_sdk::pinecone::{PineconeClient, PineconeClientConfig};
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

use super::half_precision::normalize;
use super::{FrameVectors, MAX_PIECES, RemoteHit, RemoteIndexError, VectorFilter};
use crate::domain::FrameKey;
use crate::settings::SearchSettings;
use connection::{ConnectionState, RetryPolicy};
use convert::{filter, map_error, metadata, parse_hit, vector_id};

/// Retries of writes. They take long enough for a new index to become ready.
const WRITE_RETRY: RetryPolicy = RetryPolicy { timeout: Duration::from_mins(1), retries: 30 };

/// Retries of reads, for which a request waits.
const READ_RETRY: RetryPolicy = RetryPolicy { timeout: Duration::from_secs(4), retries: 1 };

/// Maximum number of vectors in one request.
const MAX_VECTORS_PER_REQUEST: usize = 100;

/// Maximum size of a request in bytes, and the size of a vector's id and metadata in bytes. Pinecone accepts two
/// megabytes, and names may be long.
const REQUEST_BYTES: (usize, usize) = (1_500_000, 2000);

/// Maximum number of ids in one request.
const MAX_IDS_PER_REQUEST: usize = 1000;

/// Maximum number of matches that are requested. A response with more of them is larger than the client reads.
const MAX_MATCHES: usize = 1000;

/// A namespace of an index. Clones share connections.
#[derive(Clone)]
pub struct Pinecone {
    client: Arc<PineconeClient>,
    index: String,
    namespace: Namespace,
    /// Cloud and region in which a missing index is created; `None` if it must not be created.
    creation_region: Option<(Cloud, String)>,
    place: String,
    state: Arc<Mutex<ConnectionState>>,
}

impl fmt::Debug for Pinecone {
    /// Omits the client, whose debug output contains the API key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinecone").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Pinecone {
    /// Creates a client from the settings, without sending a request. Returns `None` if the settings name no API key or
    /// no index.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteIndexError::Refused`] if the client cannot be built.
    pub fn from_settings(search: &SearchSettings) -> Result<Option<Self>, RemoteIndexError> {
        let Some((key, index)) = search.pinecone_api_key.as_ref().zip(search.index.clone()) else {
            return Ok(None);
        };
        let config = PineconeClientConfig {
            api_key: Some(key.expose_secret().to_owned()),
            control_plane_host: Some(search.pinecone_url.trim_end_matches('/').to_owned()),
            // An empty map prevents the client from reading headers from the environment.
            additional_headers: Some(HashMap::new()),
            source_tag: Some("calliope".to_owned()),
        };
        let client = Arc::new(config.client().map_err(map_error)?);
        let creation_region = search.cloud_and_region().filter(|_| search.create_index);
        let creation_region = creation_region.map(|(cloud, region)| {
            let cloud = match cloud {
                "aws" => Cloud::Aws,
                "azure" => Cloud::Azure,
                _ => Cloud::Gcp,
            };
            (cloud, region.to_owned())
        });
        let place = format!("pinecone/{index}/{}", search.namespace);
        let namespace = Namespace::from(&*search.namespace);
        let state = Arc::default();
        Ok(Some(Self { client, index, namespace, creation_region, place, state }))
    }

    /// Returns the place that rows record: `pinecone/INDEX/NAMESPACE`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Checks that the index accepts vectors of this dimension, and creates it if it is missing and the settings allow
    /// that. With `None`, uses the dimension of the last call, or does nothing if there was none.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteIndexError`] if the index is missing, incompatible or not available.
    pub async fn ensure_index(&self, dimension: Option<usize>) -> Result<(), RemoteIndexError> {
        {
            let mut state = self.state();
            let Some(dimension) = dimension.or(state.dimension) else { return Ok(()) };
            if state.dimension.replace(dimension) != Some(dimension) {
                state.reset();
            }
        }
        self.with_retries(WRITE_RETRY, || self.host()).await.map(drop)
    }

    /// Checks that the index responds within two seconds, and that it is compatible with the model if the dimension is
    /// known. Closes the circuit breaker if the index responds.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteIndexError`] if the index is missing, incompatible or not available.
    pub async fn check(&self) -> Result<(), RemoteIndexError> {
        let limit = Duration::from_secs(2);
        let described = timeout(limit, self.client.describe_index(&self.index)).await;
        let model = described.map_err(|_| RemoteIndexError::Unavailable(None))?;
        let model = model.map_err(|error| self.map_index_error(error))?;
        let dimension = {
            let mut state = self.state();
            state.circuit_open_until = None;
            state.dimension
        };
        self.check_compatible(&model, dimension)
    }

    /// Inserts or replaces the vectors of frames, and removes their former pieces beyond the new ones.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteIndexError`] if a request fails; some vectors may have been written then.
    pub async fn upsert(&self, frames: &[FrameVectors<'_>]) -> Result<(), RemoteIndexError> {
        let vectors: Vec<Vector> = frames.iter().flat_map(|frame| self.to_vectors(frame)).collect();
        let dimension = vectors.first().map_or(0, |vector| vector.values.len());
        let batch_size = REQUEST_BYTES.0 / (REQUEST_BYTES.1 + 4 * dimension);
        for batch in vectors.chunks(batch_size.clamp(1, MAX_VECTORS_PER_REQUEST)) {
            self.with_retries(WRITE_RETRY, || async {
                let mut index = self.connection().await?;
                let result = index.upsert(batch, &self.namespace).await;
                self.finish_call(index, result).map(drop)
            })
            .await?;
        }
        // A frame that is told again may have fewer pieces than before.
        let rest = frames.iter().flat_map(|frame| {
            let first = i32::try_from(frame.vectors.len()).unwrap_or(MAX_PIECES);
            (first..MAX_PIECES).map(|piece| vector_id(frame.story_id, frame.number, piece))
        });
        self.remove_ids(&rest.collect::<Vec<String>>()).await
    }

    /// Removes the vectors of a story's frames. Frames that are not in the index are ignored.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteIndexError`] if a request fails; some vectors may have been removed then.
    pub async fn remove_frames(
        &self,
        story_id: Uuid,
        numbers: RangeInclusive<i32>,
    ) -> Result<(), RemoteIndexError> {
        let ids = |number| (0..MAX_PIECES).map(move |piece| vector_id(story_id, number, piece));
        let ids: Vec<String> = numbers.flat_map(ids).collect();
        self.remove_ids(&ids).await
    }

    /// Removes everything from the namespace. Does nothing if the index does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteIndexError`] if the request fails.
    pub async fn clear(&self) -> Result<(), RemoteIndexError> {
        let cleared = self
            .with_retries(WRITE_RETRY, || async {
                let mut index = self.connection().await?;
                let result = index.delete_all(&self.namespace).await;
                self.finish_delete(index, result)
            })
            .await;
        match cleared {
            Err(RemoteIndexError::IndexNotFound(_)) => Ok(()),
            cleared => cleared,
        }
    }

    /// Returns the number of vectors in the namespace. Pinecone updates it with some seconds' delay.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteIndexError`] if the request fails.
    pub async fn count(&self) -> Result<u64, RemoteIndexError> {
        self.with_retries(READ_RETRY, || async {
            let mut index = self.connection().await?;
            let result = index.describe_index_stats(None).await;
            let stats = self.finish_call(index, result)?;
            let ours = stats.namespaces.get(&self.namespace.name);
            Ok(ours.map_or(0, |summary| u64::from(summary.vector_count)))
        })
        .await
    }

    /// Returns the normalized mean of the vectors of a frame's pieces, or `None` if the frame is not in the index.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteIndexError`] if the request fails or the circuit breaker is open.
    pub async fn mean_vector(&self, key: FrameKey) -> Result<Option<Vec<f32>>, RemoteIndexError> {
        let FrameKey { story_id, number } = key;
        let ids: Vec<String> =
            (0..MAX_PIECES).map(|piece| vector_id(story_id, number, piece)).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.check_circuit()?;
        let found = self
            .with_retries(READ_RETRY, || async {
                let mut index = self.connection().await?;
                let result = index.fetch(&ids, &self.namespace).await;
                self.finish_call(index, result)
            })
            .await?;
        let mut sum: Vec<f32> = Vec::new();
        for direction in found.vectors.values().filter_map(|vector| normalize(&vector.values)) {
            sum.resize(direction.len(), 0.0);
            sum.iter_mut().zip(direction).for_each(|(sum, number)| *sum += number);
        }
        Ok(normalize(&sum))
    }

    /// Returns at most `limit` frames nearest to a vector, nearest first. Pinecone may return deleted frames and lack
    /// new ones.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteIndexError`] if the request fails or the circuit breaker is open.
    pub async fn nearest(
        &self,
        vector: &[f32],
        vector_filter: &VectorFilter<'_>,
        limit: usize,
    ) -> Result<Vec<RemoteHit>, RemoteIndexError> {
        self.check_circuit()?;
        let filter = filter(vector_filter);
        // Most frames have few pieces, so a small multiple of the limit is mostly enough.
        let mut max_matches = limit.saturating_mul(4).min(MAX_MATCHES);
        loop {
            let found = self
                .with_retries(READ_RETRY, || async {
                    let (vector, filter) = (vector.to_vec(), filter.clone());
                    let top_k = max_matches as u32;
                    let mut index = self.connection().await?;
                    let result = index
                        .query_by_value(
                            vector,
                            None,
                            top_k,
                            &self.namespace,
                            filter,
                            None,
                            Some(true),
                        )
                        .await;
                    self.finish_call(index, result)
                })
                .await?;
            let count = found.matches.len();
            let mut seen = HashSet::new();
            let matches = found
                .matches
                .iter()
                .filter_map(|found| parse_hit(&found.id, found.metadata.as_ref()?, found.score));
            let mut matches: Vec<RemoteHit> =
                matches.filter(|found| seen.insert((found.story_id, found.number))).collect();
            if matches.len() >= limit || count < max_matches || max_matches == MAX_MATCHES {
                matches.truncate(limit);
                return Ok(matches);
            }
            max_matches = max_matches.saturating_mul(4).min(MAX_MATCHES);
        }
    }

    fn to_vectors(&self, frame: &FrameVectors<'_>) -> impl Iterator<Item = Vector> {
        let metadata = metadata(&json!({
            "story": frame.story_id.to_string(),
            "number": frame.number,
            "frame": frame.frame_id,
            "client": frame.client_id,
            "strategy": frame.strategy,
            "language": frame.language.unwrap_or("en"),
            "told": frame.told_at.timestamp_micros(),
            "environment": self.namespace.name,
        }));
        let (story_id, number) = (frame.story_id, frame.number);
        (0..MAX_PIECES).zip(frame.vectors.clone()).map(move |(piece, values)| Vector {
            id: vector_id(story_id, number, piece),
            values,
            sparse_values: None,
            metadata: metadata.clone(),
        })
    }

    async fn remove_ids(&self, ids: &[String]) -> Result<(), RemoteIndexError> {
        for batch in ids.chunks(MAX_IDS_PER_REQUEST) {
            let batch: Vec<&str> = batch.iter().map(String::as_str).collect();
            self.with_retries(WRITE_RETRY, || async {
                let mut index = self.connection().await?;
                let result = index.delete_by_id(&batch, &self.namespace).await;
                self.finish_delete(index, result)
            })
            .await?;
        }
        Ok(())
    }
}
