//! The vectors of all frames in memory, and of what was lately searched for.
//!
//! Each search asks the database for the number of the index's newest change and reads what changed since: what any
//! instance has written is found by all of them. Frames that are gone are left out when their rows are read, and forgotten
//! then.

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

/// How long a search waits for the vector of its query.
const EMBEDDING_TIMEOUT: Duration = Duration::from_secs(4);

/// Queries whose vectors are remembered.
const MAX_CACHED_QUERIES: u64 = 1000;

/// Rows that are read at once.
const ROWS_PER_PAGE: i64 = 4096;

/// What one process knows. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::app) struct SemanticIndex {
    state: Arc<RwLock<IndexState>>,
    queries: Cache<(String, String), Arc<Vec<f32>>>,
}

/// The index as of a change.
#[derive(Debug, Default)]
struct IndexState {
    index: LocalIndex,
    built_with: Option<(String, i32)>,
    version: i64,
}

/// What is searched for, and where.
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
    /// The frames nearest to a text, the nearest first; `None` where nobody can tell.
    pub(super) async fn nearest_to_text(
        &self,
        text: &str,
        near: NearestQuery<'_>,
    ) -> Result<Option<Vec<VectorHit>>, AppError> {
        let Some(row) = self.usable_index().await? else { return Ok(None) };
        let Some(parse_vector) = self.query_vector(&row, text).await else { return Ok(None) };
        let NearestQuery { filter, private_clients: private, limit } = near;
        let hidden = match filter.visibility {
            StoryVisibility::All => Vec::new(),
            StoryVisibility::Public => private.iter().map(String::as_str).collect(),
            StoryVisibility::PublicAndOwn(own) => {
                private.iter().map(String::as_str).filter(|client_id| *client_id != own).collect()
            }
        };
        let wanted = VectorFilter {
            client_id: filter.client_id,
            strategy: filter.strategy,
            since: filter.since,
            until: filter.until,
            newest_frame_id: Some(filter.max_frame_id),
            hidden_clients: hidden,
            excluded_frame_id: None,
        };
        let Some(pinecone) = &self.pinecone else {
            return self.nearest_local(&row, &parse_vector, &wanted, limit).await.map(Some);
        };
        match pinecone.nearest(&parse_vector, &wanted, limit).await {
            Ok(found) => self.retain_existing(found).await.map(Some),
            Err(fault) => {
                let error = &fault as &dyn std::error::Error;
                tracing::warn!(error, "a query's words are searched for alone");
                Ok(None)
            }
        }
    }

    /// The frames nearest to a frame, itself left out; `None` where it is not in the index.
    ///
    /// # Errors
    ///
    /// [`crate::app::ErrorKind::Unavailable`] when Pinecone does not answer.
    pub(super) async fn nearest_to_frame(
        &self,
        id: i64,
        place: FrameKey,
        hidden: Vec<&str>,
        limit: usize,
    ) -> Result<Option<Vec<VectorHit>>, AppError> {
        let row = self.store.vector_index().await?;
        let wanted = VectorFilter {
            hidden_clients: hidden,
            excluded_frame_id: Some(id),
            ..VectorFilter::default()
        };
        let Some(pinecone) = &self.pinecone else {
            let Some(vector) = self.current_index(&row).await?.index.mean_vector(id) else {
                return Ok(None);
            };
            return self.nearest_local(&row, &vector, &wanted, limit).await.map(Some);
        };
        if row.place.as_deref() != Some(pinecone.place()) {
            return Ok(None);
        }
        // Whoever reads can do nothing about what is wrong with it.
        let silent = |fault: RemoteIndexError| AppError {
            cause: Some(fault.into()),
            ..AppError::new(
                ErrorKind::Unavailable,
                "The index for search does not answer; try again later.",
            )
        };
        let vector = pinecone.mean_vector(place).await.map_err(silent)?;
        let Some(vector) = vector else { return Ok(None) };
        let found = pinecone.nearest(&vector, &wanted, limit).await.map_err(silent)?;
        self.retain_existing(found).await.map(Some)
    }

    /// Of what Pinecone knows, the frames that are there.
    async fn retain_existing(&self, found: Vec<RemoteHit>) -> Result<Vec<VectorHit>, AppError> {
        let ids: Vec<i64> = found.iter().map(|found| found.frame_id).collect();
        let there = self.store.existing_frames(&ids).await?;
        let there: HashSet<(i64, Uuid, i32, i64)> = there
            .into_iter()
            .map(|frame| {
                let told = frame.date_created.timestamp_micros();
                (frame.id, frame.story_id, frame.number, told)
            })
            .collect();
        let hits = found.into_iter().filter_map(|found| {
            let RemoteHit { story_id, number, frame_id: frame, told_at_micros: told, cosine } =
                found;
            let is_there = there.contains(&(frame, story_id, number, told));
            is_there.then_some(VectorHit { frame_id: frame, told_at_micros: told, cosine })
        });
        Ok(hits.collect())
    }

    /// What the index is made with, where queries can be compared with it.
    async fn usable_index(&self) -> Result<Option<VectorIndexRow>, AppError> {
        let configured = self.models.embedding_model();
        let row = self.store.vector_index().await?;
        let is_usable = configured.is_some() && self.is_built_with(&row, configured.as_deref());
        Ok(is_usable.then_some(row))
    }

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
                tracing::warn!(error, "a query has no vector; its words are searched for alone");
                None
            }
        }
    }

    /// Scans for frames that are still there, on a thread for such work.
    async fn nearest_local(
        &self,
        row: &VectorIndexRow,
        vector: &[f32],
        wanted: &VectorFilter<'_>,
        limit: usize,
    ) -> Result<Vec<VectorHit>, AppError> {
        loop {
            let held = self.current_index(row).await?;
            let hits = self.scan(held, vector, wanted, limit).await?;
            let ids: Vec<i64> = hits.iter().map(|hit| hit.frame_id).collect();
            let there = self.store.existing_frames(&ids).await?.into_iter();
            let there: HashSet<(i64, i64)> =
                there.map(|frame| (frame.id, frame.date_created.timestamp_micros())).collect();
            let gone =
                hits.iter().filter(|hit| !there.contains(&(hit.frame_id, hit.told_at_micros)));
            let gone: HashSet<i64> = gone.map(|hit| hit.frame_id).collect();
            if gone.is_empty() {
                return Ok(hits);
            }
            self.semantic_index.state.write().await.index.remove_frames(&gone);
        }
    }

    async fn scan(
        &self,
        held: OwnedRwLockReadGuard<IndexState>,
        vector: &[f32],
        wanted: &VectorFilter<'_>,
        limit: usize,
    ) -> Result<Vec<VectorHit>, AppError> {
        let vector = vector.to_vec();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (client_id, strategy) = (owned(wanted.client_id), owned(wanted.strategy));
        let hidden: Vec<String> =
            wanted.hidden_clients.iter().map(|name| (*name).to_owned()).collect();
        let VectorFilter {
            since, until, newest_frame_id: newest, excluded_frame_id: except, ..
        } = *wanted;
        let scan = move || {
            let wanted = VectorFilter {
                client_id: client_id.as_deref(),
                strategy: strategy.as_deref(),
                since,
                until,
                newest_frame_id: newest,
                hidden_clients: hidden.iter().map(String::as_str).collect(),
                excluded_frame_id: except,
            };
            held.index.nearest(&vector, &wanted, limit)
        };
        self.compute.run(scan).await.map_err(AppError::internal)
    }

    /// The index with all that is saved.
    async fn current_index(
        &self,
        row: &VectorIndexRow,
    ) -> Result<OwnedRwLockReadGuard<IndexState>, AppError> {
        let held = Arc::clone(&self.semantic_index.state).read_owned().await;
        if held.is_current_for(row) {
            return Ok(held);
        }
        drop(held);
        let mut held = Arc::clone(&self.semantic_index.state).write_owned().await;
        if !held.is_current_for(row) {
            held = self.catch_up(held, row).await?;
        }
        Ok(held.downgrade())
    }

    async fn catch_up(
        &self,
        mut held: OwnedRwLockWriteGuard<IndexState>,
        row: &VectorIndexRow,
    ) -> Result<OwnedRwLockWriteGuard<IndexState>, AppError> {
        let dimension = row.dimension.unwrap_or(0);
        let made_with = row.model.clone().map(|model| (model, dimension));
        if held.built_with != made_with {
            let index = LocalIndex::new(usize::try_from(dimension).unwrap_or(0));
            *held = IndexState { index, built_with: made_with, version: 0 };
        }
        let (begun, is_first) = (tokio::time::Instant::now(), held.version == 0);
        let mut after =
            EmbeddingCursor { version: held.version, frame_id: i64::MAX, piece: i32::MAX };
        loop {
            let rows = self.store.embeddings_after(after, ROWS_PER_PAGE).await?;
            let Some(last) = rows.last() else { break };
            let EmbeddingRow { version, frame_id, piece, .. } = *last;
            after = EmbeddingCursor { version, frame_id, piece };
            // Thousands of vectors are no work for a thread that others wait for.
            let taking_in = move || {
                for row in &rows {
                    held.apply_row(row);
                }
                held
            };
            held = self.compute.run(taking_in).await?;
        }
        // Changes that were saved meanwhile may be here already; that they are read again does no harm.
        held.version = row.version;
        if is_first {
            let (vectors, bytes) = (held.index.count(), held.index.bytes());
            let milliseconds = begun.elapsed().as_millis() as u64;
            tracing::info!(vectors, bytes, milliseconds, "the index for semantic search was read");
        }
        Ok(held)
    }
}

impl IndexState {
    fn apply_row(&mut self, row: &EmbeddingRow) {
        if row.piece == 0 {
            self.index.remove_pieces_from(row.frame_id, i32::try_from(row.pieces).unwrap_or(0));
        }
        let Some(parse_vector) = row.vector.as_deref().and_then(decode_vector) else { return };
        self.index.upsert(&VectorEntry {
            frame_id: row.frame_id,
            piece: row.piece,
            client_id: &row.client_id,
            strategy: &row.strategy,
            told_at: row.date_created,
            vector: &parse_vector,
        });
    }

    fn is_current_for(&self, row: &VectorIndexRow) -> bool {
        let made_with = row.model.as_deref().zip(row.dimension);
        let ours = self.built_with.as_ref().map(|(model, dimension)| (&**model, *dimension));
        self.version >= row.version && ours == made_with
    }
}
