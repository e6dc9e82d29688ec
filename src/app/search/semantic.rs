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
use crate::domain::FramePlace;
use crate::store::{EmbeddingPlace, EmbeddingRow, SearchFilter, Sees, VectorIndexRow};
use crate::vectors::{Entry, Fault, Hit, LocalIndex, Match, Wanted, unpacked};

/// How long a search waits for the vector of its query.
const PATIENCE: Duration = Duration::from_secs(4);

/// Queries whose vectors are remembered.
const QUERIES: u64 = 1000;

/// Rows that are read at once.
const ROWS: i64 = 4096;

/// What one process knows. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::app) struct Semantic {
    held: Arc<RwLock<Held>>,
    queries: Cache<(String, String), Arc<Vec<f32>>>,
}

/// The index as of a change.
#[derive(Debug, Default)]
struct Held {
    index: LocalIndex,
    made_with: Option<(String, i32)>,
    version: i64,
}

/// What is searched for, and where.
pub(super) struct Near<'a> {
    pub(super) filter: SearchFilter<'a>,
    pub(super) private: &'a [String],
    pub(super) limit: usize,
}

impl Default for Semantic {
    fn default() -> Self {
        Self { held: Arc::default(), queries: Cache::new(QUERIES) }
    }
}

impl Search {
    /// The frames nearest to a text, the nearest first; `None` where nobody can tell.
    pub(super) async fn near(
        &self,
        text: &str,
        near: Near<'_>,
    ) -> Result<Option<Vec<Hit>>, AppError> {
        let Some(row) = self.usable_index().await? else { return Ok(None) };
        let Some(vector) = self.vector_of(&row, text).await else { return Ok(None) };
        let Near { filter, private, limit } = near;
        let hidden = match filter.sees {
            Sees::All => Vec::new(),
            Sees::Public => private.iter().map(String::as_str).collect(),
            Sees::Own(own) => {
                private.iter().map(String::as_str).filter(|client_id| *client_id != own).collect()
            }
        };
        let wanted = Wanted {
            client_id: filter.client_id,
            strategy: filter.strategy,
            since: filter.since,
            until: filter.until,
            newest: Some(filter.newest),
            hidden,
            except: None,
        };
        let Some(pinecone) = &self.pinecone else {
            return self.nearest(&row, &vector, &wanted, limit).await.map(Some);
        };
        match pinecone.nearest(&vector, &wanted, limit).await {
            Ok(found) => self.still_there(found).await.map(Some),
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
    pub(super) async fn near_frame(
        &self,
        id: i64,
        place: FramePlace,
        hidden: Vec<&str>,
        limit: usize,
    ) -> Result<Option<Vec<Hit>>, AppError> {
        let row = self.store.vector_index().await?;
        let wanted = Wanted { hidden, except: Some(id), ..Wanted::default() };
        let Some(pinecone) = &self.pinecone else {
            let Some(vector) = self.held(&row).await?.index.vector_of(id) else { return Ok(None) };
            return self.nearest(&row, &vector, &wanted, limit).await.map(Some);
        };
        if row.place.as_deref() != Some(pinecone.place()) {
            return Ok(None);
        }
        // Whoever reads can do nothing about what is wrong with it.
        let silent = |fault: Fault| AppError {
            cause: Some(fault.into()),
            ..AppError::new(
                ErrorKind::Unavailable,
                "The index for search does not answer; try again later.",
            )
        };
        let vector = pinecone.vector_of(place).await.map_err(silent)?;
        let Some(vector) = vector else { return Ok(None) };
        let found = pinecone.nearest(&vector, &wanted, limit).await.map_err(silent)?;
        self.still_there(found).await.map(Some)
    }

    /// Of what Pinecone knows, the frames that are there.
    async fn still_there(&self, found: Vec<Match>) -> Result<Vec<Hit>, AppError> {
        let ids: Vec<i64> = found.iter().map(|found| found.frame).collect();
        let there = self.store.frames_there(&ids).await?;
        let there: HashSet<(i64, Uuid, i32, i64)> = there
            .into_iter()
            .map(|frame| {
                let told = frame.date_created.timestamp_micros();
                (frame.id, frame.story_id, frame.number, told)
            })
            .collect();
        let hits = found.into_iter().filter_map(|found| {
            let Match { story_id, number, frame, told, cosine } = found;
            let is_there = there.contains(&(frame, story_id, number, told));
            is_there.then_some(Hit { frame, told, cosine })
        });
        Ok(hits.collect())
    }

    /// What the index is made with, where queries can be compared with it.
    async fn usable_index(&self) -> Result<Option<VectorIndexRow>, AppError> {
        let configured = self.models.embedder();
        let row = self.store.vector_index().await?;
        let is_usable = configured.is_some() && self.is_made_with(&row, configured.as_deref());
        Ok(is_usable.then_some(row))
    }

    async fn vector_of(&self, row: &VectorIndexRow, text: &str) -> Option<Arc<Vec<f32>>> {
        let key = (row.model.clone().unwrap_or_default(), text.to_owned());
        let queries = &self.semantic.queries;
        if let Some(vector) = queries.get(&key) {
            return Some(vector);
        }
        match self.models.embed(std::slice::from_ref(&key.1), PATIENCE).await {
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
    async fn nearest(
        &self,
        row: &VectorIndexRow,
        vector: &[f32],
        wanted: &Wanted<'_>,
        limit: usize,
    ) -> Result<Vec<Hit>, AppError> {
        loop {
            let held = self.held(row).await?;
            let hits = self.scan(held, vector, wanted, limit).await?;
            let ids: Vec<i64> = hits.iter().map(|hit| hit.frame).collect();
            let there = self.store.frames_there(&ids).await?.into_iter();
            let there: HashSet<(i64, i64)> =
                there.map(|frame| (frame.id, frame.date_created.timestamp_micros())).collect();
            let gone = hits.iter().filter(|hit| !there.contains(&(hit.frame, hit.told)));
            let gone: HashSet<i64> = gone.map(|hit| hit.frame).collect();
            if gone.is_empty() {
                return Ok(hits);
            }
            self.semantic.held.write().await.index.forget(&gone);
        }
    }

    async fn scan(
        &self,
        held: OwnedRwLockReadGuard<Held>,
        vector: &[f32],
        wanted: &Wanted<'_>,
        limit: usize,
    ) -> Result<Vec<Hit>, AppError> {
        let vector = vector.to_vec();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let (client_id, strategy) = (owned(wanted.client_id), owned(wanted.strategy));
        let hidden: Vec<String> = wanted.hidden.iter().map(|name| (*name).to_owned()).collect();
        let Wanted { since, until, newest, except, .. } = *wanted;
        let scan = move || {
            let wanted = Wanted {
                client_id: client_id.as_deref(),
                strategy: strategy.as_deref(),
                since,
                until,
                newest,
                hidden: hidden.iter().map(String::as_str).collect(),
                except,
            };
            held.index.nearest(&vector, &wanted, limit)
        };
        self.compute.run(scan).await.map_err(AppError::internal)
    }

    /// The index with all that is saved.
    async fn held(&self, row: &VectorIndexRow) -> Result<OwnedRwLockReadGuard<Held>, AppError> {
        let held = Arc::clone(&self.semantic.held).read_owned().await;
        if held.is_of(row) {
            return Ok(held);
        }
        drop(held);
        let mut held = Arc::clone(&self.semantic.held).write_owned().await;
        if !held.is_of(row) {
            held = self.catch_up(held, row).await?;
        }
        Ok(held.downgrade())
    }

    async fn catch_up(
        &self,
        mut held: OwnedRwLockWriteGuard<Held>,
        row: &VectorIndexRow,
    ) -> Result<OwnedRwLockWriteGuard<Held>, AppError> {
        let dimension = row.dimension.unwrap_or(0);
        let made_with = row.model.clone().map(|model| (model, dimension));
        if held.made_with != made_with {
            let index = LocalIndex::new(usize::try_from(dimension).unwrap_or(0));
            *held = Held { index, made_with, version: 0 };
        }
        let (begun, is_first) = (tokio::time::Instant::now(), held.version == 0);
        let mut after =
            EmbeddingPlace { version: held.version, frame_id: i64::MAX, piece: i32::MAX };
        loop {
            let rows = self.store.embeddings_after(after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            let EmbeddingRow { version, frame_id, piece, .. } = *last;
            after = EmbeddingPlace { version, frame_id, piece };
            // Thousands of vectors are no work for a thread that others wait for.
            let taking_in = move || {
                for row in &rows {
                    held.take_in(row);
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

impl Held {
    fn take_in(&mut self, row: &EmbeddingRow) {
        if row.piece == 0 {
            self.index.remove(row.frame_id, i32::try_from(row.pieces).unwrap_or(0));
        }
        let Some(vector) = row.vector.as_deref().and_then(unpacked) else { return };
        self.index.put(&Entry {
            frame: row.frame_id,
            piece: row.piece,
            client_id: &row.client_id,
            strategy: &row.strategy,
            told: row.date_created,
            vector: &vector,
        });
    }

    fn is_of(&self, row: &VectorIndexRow) -> bool {
        let made_with = row.model.as_deref().zip(row.dimension);
        let ours = self.made_with.as_ref().map(|(model, dimension)| (&**model, *dimension));
        self.version >= row.version && ours == made_with
    }
}
