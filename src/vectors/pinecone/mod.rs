//! The remote index at Pinecone, over its REST API.
//!
//! The vector of a piece has the id `{story}/{number}/{piece}` in this installation's namespace. Its metadata holds the
//! fields that a search can filter by. A frame has at most [`MAX_PIECES`], so all of its ids are known without a
//! request. Pinecone is eventually consistent: it shows a change some seconds after accepting it, so callers must
//! compare its hits with the rows in the database.

mod connection;
mod convert;
mod rest;

use std::collections::HashSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::half_precision::normalize;
use super::{FrameVectors, MAX_PIECES, RemoteHit, RemoteIndexError, VectorFilter};
use crate::compute::Compute;
use crate::domain::FrameKey;
use crate::settings::SearchSettings;
use connection::{ConnectionState, RetryPolicy};
use convert::{FetchResponse, IndexStats, OutgoingVector, QueryResponse, vector_id};
use rest::Rest;

/// Retries of writes. They take long enough for a new index to become ready.
const WRITE_RETRY: RetryPolicy = RetryPolicy {
    timeout: Duration::from_mins(1),
    attempt_timeout: Duration::from_secs(20),
    retries: 30,
};

/// Retries of reads, for which a request waits.
const READ_RETRY: RetryPolicy = RetryPolicy {
    timeout: Duration::from_secs(4),
    attempt_timeout: Duration::from_secs(4),
    retries: 1,
};

/// How long a check of the index may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum number of ids in one request.
const MAX_IDS_PER_REQUEST: usize = 1000;

/// Maximum number of matches that are requested. Their metadata takes some hundred kilobytes.
const MAX_MATCHES: usize = 1000;

/// A namespace of an index. Clones share connections.
#[derive(Clone)]
pub struct Pinecone {
    rest: Rest,
    index: String,
    namespace: String,
    /// Cloud and region in which a missing index is created; `None` if it must not be created.
    creation_region: Option<(String, String)>,
    place: String,
    state: Arc<Mutex<ConnectionState>>,
}

impl fmt::Debug for Pinecone {
    /// Shows only where the vectors are.
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
    /// Returns [`RemoteIndexError::InvalidKey`] if the API key cannot be sent in a header.
    pub fn from_settings(
        search: &SearchSettings,
        client: reqwest::Client,
        compute: Compute,
    ) -> Result<Option<Self>, RemoteIndexError> {
        let Some((key, index)) = search.pinecone_api_key.as_ref().zip(search.index.clone()) else {
            return Ok(None);
        };
        let rest = Rest::new(client, compute, key, &search.pinecone_url)?;
        let creation_region = search.cloud_and_region().filter(|_| search.create_index);
        let creation_region =
            creation_region.map(|(cloud, region)| (cloud.to_owned(), region.to_owned()));
        let namespace = search.namespace.clone();
        let place = format!("pinecone/{index}/{namespace}");
        let state = Arc::default();
        Ok(Some(Self { rest, index, namespace, creation_region, place, state }))
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
        self.with_retries(WRITE_RETRY, || self.base_url()).await.map(drop)
    }

    /// Checks that the index responds within two seconds, and that it is compatible with the model if the dimension is
    /// known. Closes the circuit breaker if the index responds.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteIndexError`] if the index is missing, incompatible or not available.
    pub async fn check(&self) -> Result<(), RemoteIndexError> {
        let model = self.describe_index(CHECK_TIMEOUT).await?;
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
        let vectors: Vec<OutgoingVector> =
            frames.iter().flat_map(|frame| convert::to_vectors(frame, &self.namespace)).collect();
        let namespace = self.namespace.clone();
        let bodies = self
            .rest
            .compute
            .run(move || convert::upsert_bodies(&vectors, &namespace))
            .await
            .map_err(|error| RemoteIndexError::Refused(error.into()))?;
        for body in bodies.map_err(|error| RemoteIndexError::Refused(error.into()))? {
            self.post::<Value>(WRITE_RETRY, "vectors/upsert", body).await?;
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
        let body = json!({"deleteAll": true, "namespace": self.namespace});
        let cleared = self.delete(&body).await;
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
        let stats: IndexStats =
            self.post(READ_RETRY, "describe_index_stats", Bytes::from_static(b"{}")).await?;
        Ok(stats.namespaces.get(&self.namespace).map_or(0, |summary| summary.vector_count))
    }

    /// Returns the normalized mean of the vectors of a frame's pieces, or `None` if the frame is not in the index.
    ///
    /// # Errors
    ///
    /// Returns [`RemoteIndexError`] if the request fails or the circuit breaker is open.
    pub async fn mean_vector(&self, key: FrameKey) -> Result<Option<Vec<f32>>, RemoteIndexError> {
        let FrameKey { story_id, number } = key;
        let ids = (0..MAX_PIECES).map(|piece| ("ids", vector_id(story_id, number, piece)));
        let query = ids.chain([("namespace", self.namespace.clone())]);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        self.check_circuit()?;
        let found: FetchResponse = self.get(READ_RETRY, &format!("vectors/fetch?{query}")).await?;
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
        let mut body =
            json!({"vector": vector, "namespace": self.namespace, "includeMetadata": true});
        if let Some(filter) = convert::filter(vector_filter) {
            body["filter"] = filter;
        }
        // Most frames have few pieces, so a small multiple of the limit is mostly enough.
        let mut max_matches = limit.saturating_mul(4).min(MAX_MATCHES);
        loop {
            body["topK"] = json!(max_matches);
            let found: QueryResponse = self.post(READ_RETRY, "query", to_body(&body)?).await?;
            let count = found.matches.len();
            let mut seen = HashSet::new();
            let matches = found.matches.iter().filter_map(convert::parse_hit);
            let mut matches: Vec<RemoteHit> =
                matches.filter(|found| seen.insert((found.story_id, found.number))).collect();
            if matches.len() >= limit || count < max_matches || max_matches == MAX_MATCHES {
                matches.truncate(limit);
                return Ok(matches);
            }
            max_matches = max_matches.saturating_mul(4).min(MAX_MATCHES);
        }
    }

    async fn remove_ids(&self, ids: &[String]) -> Result<(), RemoteIndexError> {
        for batch in ids.chunks(MAX_IDS_PER_REQUEST) {
            self.delete(&json!({"ids": batch, "namespace": self.namespace})).await?;
        }
        Ok(())
    }
}

fn to_body(json: &Value) -> Result<Bytes, RemoteIndexError> {
    let body = serde_json::to_vec(json).map_err(|error| RemoteIndexError::Refused(error.into()))?;
    Ok(body.into())
}
