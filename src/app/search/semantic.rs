//! Semantic search: holds the vectors of all frames in memory, and caches the vectors of recent queries.
//!
//! Each search reads the index's version from the database and loads the changes since the version in memory, so every
//! instance finds what any instance has written. Vectors of deleted frames are removed from memory when a search finds
//! that their rows are gone.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use uuid::Uuid;

use crate::app::search::Search;
use crate::app::{AppError, ErrorKind};
use crate::domain::FrameKey;
use crate::store::{EmbeddingCursor, EmbeddingRow, SearchFilter, StoryVisibility, VectorIndexRow};
use crate::vectors::{
    LocalIndex, RemoteHit, RemoteIndexError, VectorEntry, VectorFilter, VectorHit, decode_vector,
};

/// How long a search waits for the embedding of its query.
const EMBEDDING_TIMEOUT: Duration = Duration::from_secs(4);

/// Maximum number of queries whose vectors are cached.
const MAX_CACHED_QUERIES: u64 = 1000;

/// Number of rows that one query reads.
const ROWS_PER_PAGE: i64 = 4096;

/// The index in memory and the cached query vectors of one process. Clones share them.
#[derive(Debug, Clone)]
pub(in crate::app) struct SemanticIndex {
    state: Arc<RwLock<IndexState>>,
    queries: Cache<(String, String), Arc<Vec<f32>>>,
}

/// The index at a certain version.
#[derive(Debug, Default)]
struct IndexState {
    index: LocalIndex,
    built_with: Option<(String, i32)>,
    version: i64,
}

/// The filter and limit of a nearest-neighbour query.
pub(super) struct NearestQuery<'a> {
    pub(super) filter: SearchFilter<'a>,
    pub(super) private_clients: &'a [String],
    pub(super) limit: usize,
}

impl Default for SemanticIndex {
    fn default() -> Self {
        Self { state: Arc::default(), queries: Cache::new(MAX_CACHED_QUERIES) }
    }
}

impl Search {
    /// Returns the frames nearest to a text, nearest first. Returns `None` if semantic search is not available.
    pub(super) async fn nearest_to_text(
        &self,
        text: &str,
        query: NearestQuery<'_>,
    ) -> Result<Option<Vec<VectorHit>>, AppError> {
        let Some(row) = self.usable_index().await? else { return Ok(None) };
        let Some(vector) = self.query_vector(&row, text).await else { return Ok(None) };
        let NearestQuery { filter, private_clients: private, limit } = query;
        let hidden_clients = match filter.visibility {
            StoryVisibility::All => Vec::new(),
            StoryVisibility::Public => private.iter().map(String::as_str).collect(),
            StoryVisibility::PublicAndOwn(own) => {
                private.iter().map(String::as_str).filter(|client_id| *client_id != own).collect()
            }
        };
        let filter = VectorFilter {
            client_id: filter.client_id,
            strategy: filter.strategy,
            since: filter.since,
            until: filter.until,
            newest_frame_id: Some(filter.max_frame_id),
            hidden_clients,
            excluded_frame_id: None,
        };
        let Some(pinecone) = &self.pinecone else {
            return self.nearest_local(&row, &vector, &filter, limit).await.map(Some);
        };
        match pinecone.nearest(&vector, &filter, limit).await {
            Ok(found) => self.retain_existing(found).await.map(Some),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "remote index query failed; searching by words only");
                Ok(None)
            }
        }
    }

    /// Returns the frames nearest to a frame, without the frame itself. Returns `None` if the frame is not in the
    /// index.
    ///
    /// # Errors
    ///
    /// Fails with [`crate::app::ErrorKind::Unavailable`] if Pinecone does not respond.
    pub(super) async fn nearest_to_frame(
        &self,
        id: i64,
        key: FrameKey,
        hidden_clients: Vec<&str>,
        limit: usize,
    ) -> Result<Option<Vec<VectorHit>>, AppError> {
        let row = self.store.vector_index().await?;
        let filter =
            VectorFilter { hidden_clients, excluded_frame_id: Some(id), ..VectorFilter::default() };
        let Some(pinecone) = &self.pinecone else {
            let Some(vector) = self.current_index(&row).await?.index.mean_vector(id) else {
                return Ok(None);
            };
            return self.nearest_local(&row, &vector, &filter, limit).await.map(Some);
        };
        if row.place.as_deref() != Some(pinecone.place()) {
            return Ok(None);
        }
        // The reader can do nothing about the reason, so only the log has it.
        let unavailable = |error: RemoteIndexError| AppError {
            cause: Some(error.into()),
            ..AppError::new(
                ErrorKind::Unavailable,
                "The index for search does not answer; try again later.",
            )
        };
        let vector = pinecone.mean_vector(key).await.map_err(unavailable)?;
        let Some(vector) = vector else { return Ok(None) };
        let found = pinecone.nearest(&vector, &filter, limit).await.map_err(unavailable)?;
        self.retain_existing(found).await.map(Some)
    }

    /// Keeps the hits whose frames still exist in the database.
    async fn retain_existing(&self, found: Vec<RemoteHit>) -> Result<Vec<VectorHit>, AppError> {
        let ids: Vec<i64> = found.iter().map(|found| found.frame_id).collect();
        let existing = self.store.existing_frames(&ids).await?;
        let existing: HashSet<(i64, Uuid, i32, i64)> = existing
            .into_iter()
            .map(|frame| {
                let told_at_micros = frame.date_created.timestamp_micros();
                (frame.id, frame.story_id, frame.number, told_at_micros)
            })
            .collect();
        let hits = found.into_iter().filter_map(|found| {
            let RemoteHit { story_id, number, frame_id, told_at_micros, cosine } = found;
            let exists = existing.contains(&(frame_id, story_id, number, told_at_micros));
            exists.then_some(VectorHit { frame_id, told_at_micros, cosine })
        });
        Ok(hits.collect())
    }

    /// Returns the index's row if the index was built with the configured model.
    async fn usable_index(&self) -> Result<Option<VectorIndexRow>, AppError> {
        let configured = self.models.embedding_model();
        let row = self.store.vector_index().await?;
        let is_usable = configured.is_some() && self.is_built_with(&row, configured.as_deref());
        Ok(is_usable.then_some(row))
    }

    /// Returns the vector of a query, or `None` if the model fails.
    async fn query_vector(&self, row: &VectorIndexRow, text: &str) -> Option<Arc<Vec<f32>>> {
        let key = (row.model.clone().unwrap_or_default(), text.to_owned());
        let queries = &self.semantic_index.queries;
        if let Some(vector) = queries.get(&key) {
            return Some(vector);
        }
        match self.models.embed(std::slice::from_ref(&key.1), EMBEDDING_TIMEOUT).await {
            Ok(vectors) => {
                let vector = Arc::new(vectors.into_iter().next()?);
                queries.insert(key, Arc::clone(&vector));
                Some(vector)
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "query embedding failed; searching by words only");
                None
            }
        }
    }

    /// Scans the local index, and repeats the scan if frames among the hits were deleted.
    async fn nearest_local(
        &self,
        row: &VectorIndexRow,
        vector: &[f32],
        filter: &VectorFilter<'_>,
        limit: usize,
    ) -> Result<Vec<VectorHit>, AppError> {
        loop {
            let state = self.current_index(row).await?;
            let hits = self.scan(state, vector, filter, limit).await?;
            let ids: Vec<i64> = hits.iter().map(|hit| hit.frame_id).collect();
            let existing = self.store.existing_frames(&ids).await?.into_iter();
            let existing: HashSet<(i64, i64)> =
                existing.map(|frame| (frame.id, frame.date_created.timestamp_micros())).collect();
            let deleted =
                hits.iter().filter(|hit| !existing.contains(&(hit.frame_id, hit.told_at_micros)));
            let deleted: HashSet<i64> = deleted.map(|hit| hit.frame_id).collect();
            if deleted.is_empty() {
                return Ok(hits);
            }
            self.semantic_index.state.write().await.index.remove_frames(&deleted);
        }
    }

    /// Scans the local index on a compute thread.
    async fn scan(
        &self,
        state: OwnedRwLockReadGuard<IndexState>,
        vector: &[f32],
        filter: &VectorFilter<'_>,
        limit: usize,
    ) -> Result<Vec<VectorHit>, AppError> {
        let vector = vector.to_vec();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (client_id, strategy) = (owned(filter.client_id), owned(filter.strategy));
        let hidden: Vec<String> =
            filter.hidden_clients.iter().map(|name| (*name).to_owned()).collect();
        let VectorFilter { since, until, newest_frame_id, excluded_frame_id, .. } = *filter;
        let scan = move || {
            let filter = VectorFilter {
                client_id: client_id.as_deref(),
                strategy: strategy.as_deref(),
                since,
                until,
                newest_frame_id,
                hidden_clients: hidden.iter().map(String::as_str).collect(),
                excluded_frame_id,
            };
            state.index.nearest(&vector, &filter, limit)
        };
        self.compute.run(scan).await.map_err(AppError::internal)
    }

    /// Returns the index after loading the changes up to the version of `row`.
    async fn current_index(
        &self,
        row: &VectorIndexRow,
    ) -> Result<OwnedRwLockReadGuard<IndexState>, AppError> {
        let state = Arc::clone(&self.semantic_index.state).read_owned().await;
        if state.is_current_for(row) {
            return Ok(state);
        }
        drop(state);
        let mut state = Arc::clone(&self.semantic_index.state).write_owned().await;
        if !state.is_current_for(row) {
            state = self.catch_up(state, row).await?;
        }
        Ok(state.downgrade())
    }

    async fn catch_up(
        &self,
        mut state: OwnedRwLockWriteGuard<IndexState>,
        row: &VectorIndexRow,
    ) -> Result<OwnedRwLockWriteGuard<IndexState>, AppError> {
        let dimension = row.dimension.unwrap_or(0);
        let built_with = row.model.clone().map(|model| (model, dimension));
        if state.built_with != built_with {
            let index = LocalIndex::new(usize::try_from(dimension).unwrap_or(0));
            *state = IndexState { index, built_with, version: 0 };
        }
        let (start, is_first) = (tokio::time::Instant::now(), state.version == 0);
        let mut after =
            EmbeddingCursor { version: state.version, frame_id: i64::MAX, piece: i32::MAX };
        loop {
            let rows = self.store.embeddings_after(after, ROWS_PER_PAGE).await?;
            let Some(last) = rows.last() else { break };
            let EmbeddingRow { version, frame_id, piece, .. } = *last;
            after = EmbeddingCursor { version, frame_id, piece };
            // Decoding thousands of vectors would block an async thread for too long.
            let apply = move || {
                for row in &rows {
                    state.apply_row(row);
                }
                state
            };
            state = self.compute.run(apply).await?;
        }
        // Later changes may have been loaded already; loading them again does no harm.
        state.version = row.version;
        if is_first {
            let (vectors, bytes) = (state.index.count(), state.index.bytes());
            let elapsed_ms = start.elapsed().as_millis() as u64;
            tracing::info!(vectors, bytes, elapsed_ms, "vector index loaded");
        }
        Ok(state)
    }
}

impl IndexState {
    fn apply_row(&mut self, row: &EmbeddingRow) {
        if row.piece == 0 {
            self.index.remove_pieces_from(row.frame_id, i32::try_from(row.pieces).unwrap_or(0));
        }
        let Some(vector) = row.vector.as_deref().and_then(decode_vector) else { return };
        self.index.upsert(&VectorEntry {
            frame_id: row.frame_id,
            piece: row.piece,
            client_id: &row.client_id,
            strategy: &row.strategy,
            told_at: row.date_created,
            vector: &vector,
        });
    }

    fn is_current_for(&self, row: &VectorIndexRow) -> bool {
        let expected = row.model.as_deref().zip(row.dimension);
        let built_with = self.built_with.as_ref().map(|(model, dimension)| (&**model, *dimension));
        self.version >= row.version && built_with == expected
    }
}
