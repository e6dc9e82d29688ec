//! Vectors at Pinecone, by its own client: the one place that knows how it is spoken to.
//!
//! A piece of a frame is the vector `{story}/{number}/{piece}` in this installation's namespace, with what a search may be
//! narrowed by as its metadata. A frame has at most [`MAX_PIECES`], so that all of its ids are known without asking.
//! Pinecone shows a change some seconds after it took it, and may know not yet, or know still, what the database says:
//! whoever asks compares what comes back with the rows.

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

/// How patient a write is: an index that is being made takes a while to be ready.
const WRITE_RETRY: RetryPolicy = RetryPolicy { timeout: Duration::from_mins(1), retries: 30 };

/// The same while somebody waits for an answer.
const READ_RETRY: RetryPolicy = RetryPolicy { timeout: Duration::from_secs(4), retries: 1 };

/// Vectors in one request at most.
const MAX_VECTORS_PER_REQUEST: usize = 100;

/// Bytes in one request at most, and what a vector takes beside its numbers: two megabytes are allowed, and names may be long.
const REQUEST_BYTES: (usize, usize) = (1_500_000, 2000);

/// Ids in one request.
const MAX_IDS_PER_REQUEST: usize = 1000;

/// Matches that are asked for at most: an answer with more of them is larger than the client reads.
const MAX_MATCHES: usize = 1000;

/// A namespace of an index. Clones share connections.
#[derive(Clone)]
pub struct Pinecone {
    client: Arc<PineconeClient>,
    index: String,
    namespace: Namespace,
    /// Where the index is made when it is missing.
    creation_region: Option<(Cloud, String)>,
    place: String,
    state: Arc<Mutex<ConnectionState>>,
}

impl fmt::Debug for Pinecone {
    /// Without the client, which shows its key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinecone").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Pinecone {
    /// What the settings name; `None` where they name none. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// [`RemoteIndexError::Refused`] when the client cannot be built.
    pub fn from_settings(search: &SearchSettings) -> Result<Option<Self>, RemoteIndexError> {
        let Some((key, index)) = search.pinecone_api_key.as_ref().zip(search.index.clone()) else {
            return Ok(None);
        };
        let config = PineconeClientConfig {
            api_key: Some(key.expose_secret().to_owned()),
            control_plane_host: Some(search.pinecone_url.trim_end_matches('/').to_owned()),
            // Given, so that the client does not look for some in the environment.
            additional_headers: Some(HashMap::new()),
            source_tag: Some("calliope".to_owned()),
        };
        let client = Arc::new(config.client().map_err(map_error)?);
        let made_in = search.cloud_and_region().filter(|_| search.creates_index);
        let made_in = made_in.map(|(cloud, region)| {
            let cloud = match cloud {
                "aws" => Cloud::Aws,
                "azure" => Cloud::Azure,
                _ => Cloud::Gcp,
            };
            (cloud, region.to_owned())
        });
        let place = format!("pinecone/{index}/{}", search.namespace);
        let namespace = Namespace::from(&*search.namespace);
        Ok(Some(Self {
            client,
            index,
            namespace,
            creation_region: made_in,
            place,
            state: Arc::default(),
        }))
    }

    /// `pinecone/INDEX/NAMESPACE`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Sees to it that the index takes vectors of so many numbers: makes it where it is missing and may be made, and
    /// compares its dimension and its metric. With `None` that is done for as many as it was last done for, if ever.
    ///
    /// # Errors
    ///
    /// [`RemoteIndexError`].
    pub async fn ensure_index(&self, dimension: Option<usize>) -> Result<(), RemoteIndexError> {
        {
            let mut known = self.state();
            let Some(dimension) = dimension.or(known.dimension) else { return Ok(()) };
            if known.dimension.replace(dimension) != Some(dimension) {
                known.reset();
            }
        }
        self.with_retries(WRITE_RETRY, || self.host()).await.map(drop)
    }

    /// Whether it answers, and is fit for the model as far as that is known.
    ///
    /// # Errors
    ///
    /// [`RemoteIndexError`].
    pub async fn check(&self) -> Result<(), RemoteIndexError> {
        let patience = Duration::from_secs(2);
        let described = timeout(patience, self.client.describe_index(&self.index)).await;
        let model = described.map_err(|_| RemoteIndexError::Unavailable(None))?;
        let model = model.map_err(|error| self.map_index_error(error))?;
        let dimension = {
            let mut known = self.state();
            known.circuit_open_until = None;
            known.dimension
        };
        self.check_compatible(&model, dimension)
    }

    /// Puts frames in, in the place of what it had of them.
    ///
    /// # Errors
    ///
    /// [`RemoteIndexError`]; some of it may have been put in then.
    pub async fn upsert(&self, frames: &[FrameVectors<'_>]) -> Result<(), RemoteIndexError> {
        let vectors: Vec<Vector> = frames.iter().flat_map(|frame| self.to_vectors(frame)).collect();
        let numbers = vectors.first().map_or(0, |vector| vector.values.len());
        let most = REQUEST_BYTES.0 / (REQUEST_BYTES.1 + 4 * numbers);
        for some in vectors.chunks(most.clamp(1, MAX_VECTORS_PER_REQUEST)) {
            self.with_retries(WRITE_RETRY, || async {
                let mut index = self.connection().await?;
                let answer = index.upsert(some, &self.namespace).await;
                self.finish_call(index, answer).map(drop)
            })
            .await?;
        }
        // A frame that is told anew may have fewer pieces than before.
        let rest = frames.iter().flat_map(|frame| {
            let first = i32::try_from(frame.vectors.len()).unwrap_or(MAX_PIECES);
            (first..MAX_PIECES).map(|piece| vector_id(frame.story_id, frame.number, piece))
        });
        self.remove_ids(&rest.collect::<Vec<String>>()).await
    }

    /// Takes frames of a story out, whether they are in or not.
    ///
    /// # Errors
    ///
    /// [`RemoteIndexError`]; some may be out then.
    pub async fn remove_frames(
        &self,
        story_id: Uuid,
        numbers: RangeInclusive<i32>,
    ) -> Result<(), RemoteIndexError> {
        let ids = |number| (0..MAX_PIECES).map(move |piece| vector_id(story_id, number, piece));
        let ids: Vec<String> = numbers.flat_map(ids).collect();
        self.remove_ids(&ids).await
    }

    /// Takes everything out of the namespace. Where there is no index, there is nothing in it.
    ///
    /// # Errors
    ///
    /// [`RemoteIndexError`].
    pub async fn clear(&self) -> Result<(), RemoteIndexError> {
        let cleared = self
            .with_retries(WRITE_RETRY, || async {
                let mut index = self.connection().await?;
                let answer = index.delete_all(&self.namespace).await;
                self.finish_delete(index, answer)
            })
            .await;
        match cleared {
            Err(RemoteIndexError::IndexNotFound(_)) => Ok(()),
            cleared => cleared,
        }
    }

    /// How many vectors the namespace has, as far as Pinecone has counted.
    ///
    /// # Errors
    ///
    /// [`RemoteIndexError`].
    pub async fn count(&self) -> Result<u64, RemoteIndexError> {
        self.with_retries(READ_RETRY, || async {
            let mut index = self.connection().await?;
            let answer = index.describe_index_stats(None).await;
            let stats = self.finish_call(index, answer)?;
            let ours = stats.namespaces.get(&self.namespace.name);
            Ok(ours.map_or(0, |summary| u64::from(summary.vector_count)))
        })
        .await
    }

    /// The mean direction of a frame's pieces; `None` where it has none.
    ///
    /// # Errors
    ///
    /// [`RemoteIndexError`].
    pub async fn mean_vector(&self, place: FrameKey) -> Result<Option<Vec<f32>>, RemoteIndexError> {
        let FrameKey { story_id, number } = place;
        let ids: Vec<String> =
            (0..MAX_PIECES).map(|piece| vector_id(story_id, number, piece)).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.check_circuit()?;
        let found = self
            .with_retries(READ_RETRY, || async {
                let mut index = self.connection().await?;
                let answer = index.fetch(&ids, &self.namespace).await;
                self.finish_call(index, answer)
            })
            .await?;
        let mut sum: Vec<f32> = Vec::new();
        for direction in found.vectors.values().filter_map(|vector| normalize(&vector.values)) {
            sum.resize(direction.len(), 0.0);
            sum.iter_mut().zip(direction).for_each(|(sum, number)| *sum += number);
        }
        Ok(normalize(&sum))
    }

    /// The frames nearest to a vector, the nearest first, at most `limit`, of those that Pinecone knows.
    ///
    /// # Errors
    ///
    /// [`RemoteIndexError`].
    pub async fn nearest(
        &self,
        vector: &[f32],
        vector_filter: &VectorFilter<'_>,
        limit: usize,
    ) -> Result<Vec<RemoteHit>, RemoteIndexError> {
        self.check_circuit()?;
        let filter = filter(vector_filter);
        // A frame has few pieces, so a small multiple of the frames mostly does.
        let mut among = limit.saturating_mul(4).min(MAX_MATCHES);
        loop {
            let found = self
                .with_retries(READ_RETRY, || async {
                    let (vector, filter) = (vector.to_vec(), filter.clone());
                    let most = among as u32;
                    let mut index = self.connection().await?;
                    let answer = index
                        .query_by_value(
                            vector,
                            None,
                            most,
                            &self.namespace,
                            filter,
                            None,
                            Some(true),
                        )
                        .await;
                    self.finish_call(index, answer)
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
            if matches.len() >= limit || count < among || among == MAX_MATCHES {
                matches.truncate(limit);
                return Ok(matches);
            }
            among = among.saturating_mul(4).min(MAX_MATCHES);
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
        for some in ids.chunks(MAX_IDS_PER_REQUEST) {
            let some: Vec<&str> = some.iter().map(String::as_str).collect();
            self.with_retries(WRITE_RETRY, || async {
                let mut index = self.connection().await?;
                let answer = index.delete_by_id(&some, &self.namespace).await;
                self.finish_delete(index, answer)
            })
            .await?;
        }
        Ok(())
    }
}
