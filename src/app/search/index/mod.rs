//! Builds the vector index for semantic search.
//!
//! If an embedding model is configured, the transaction that saves a frame also enqueues a task that indexes it. A task
//! for all missing frames indexes those that were told before a model was configured or while it failed. The vectors
//! are rows, from which [`crate::app::search`] loads the index in memory, or are in a remote index.

mod pieces;
mod removal;
mod storage;

use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Search;
use crate::app::jobs::{IndexFrame, IndexFrames, Subject, TaskOutcome};
use crate::app::{AppError, ErrorKind};
use crate::domain::FrameKey;
use crate::inference::MAX_BATCH_TEXTS;
use crate::store::{FrameToIndex, Lease, VectorIndexRow};
use pieces::split_frame;
use storage::VectorBatch;

/// How long the model may take for one batch, including all attempts.
const EMBEDDING_TIMEOUT: Duration = Duration::from_mins(1);

/// Number of frames that are indexed in one batch.
const FRAMES_PER_BATCH: i64 = 64;

/// Range of frame ids that one transaction removes from the index.
const IDS_PER_DELETE: i64 = 5000;

/// Age from which a frame without vectors is overdue, so that maintenance enqueues a task for it.
const OVERDUE_AFTER: TimeDelta = TimeDelta::minutes(5);

/// Counts of what was indexed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct IndexingSummary {
    /// Number of frames.
    pub frames: u64,
    /// Number of pieces of these frames; each has one vector.
    pub pieces: u64,
}

/// The status of the vector index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IndexStatus {
    /// Where the vectors are stored: `local`, or `pinecone/INDEX/NAMESPACE`; null if the index is empty.
    pub place: Option<String>,
    /// Embedding model that the index was built with; null if the index is empty.
    pub model: Option<String>,
    /// Dimension of the vectors; null if the index is empty.
    pub dimension: Option<i32>,
    /// Embedding model that is configured; null if semantic search is disabled.
    pub configured_model: Option<String>,
    /// Number of all frames.
    pub frames: i64,
    /// Number of frames that are not in the index.
    pub waiting: i64,
    /// Number of pieces of frames in the index; each has one vector.
    pub pieces: i64,
    /// Number of vectors that Pinecone reports, some seconds late; null if vectors are stored locally or Pinecone does
    /// not respond.
    pub counted: Option<u64>,
    /// Whether the index was built with another model or place than configured. Search is lexical until it is rebuilt.
    pub needs_rebuild: bool,
}

/// The health of the vector index.
#[derive(Debug)]
pub(in crate::app) enum IndexHealth {
    /// No embedding model is configured.
    Disabled,
    /// The index can be used.
    Ok,
    /// The index cannot be used, for this reason; search is lexical only.
    Degraded(String),
}

impl Search {
    /// Checks whether the index can be used.
    pub(in crate::app) async fn index_health(&self) -> IndexHealth {
        if self.models.embedding_model().is_none() {
            return IndexHealth::Disabled;
        }
        let degraded = IndexHealth::Degraded;
        match (self.needs_rebuild().await, &self.pinecone) {
            (Ok(true), _) => degraded("The index was built with another model or in another place; run `calliope index rebuild`. Search matches words only until then.".to_owned()),
            (Ok(false), None) => IndexHealth::Ok,
            (Ok(false), Some(pinecone)) => match pinecone.check().await {
                Ok(()) => IndexHealth::Ok,
                Err(error) => degraded(format!("{error}. Search matches words only until then.")),
            },
            (Err(_), _) => degraded("The database does not respond.".to_owned()),
        }
    }

    /// Enqueues a task that indexes all missing frames or, with `force`, rebuilds the index. Returns the task's id.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Conflict`] if no embedding model is configured.
    pub async fn enqueue_indexing(&self, force: bool) -> Result<Uuid, AppError> {
        self.require_embedder()?;
        let mut tx = self.store.begin().await?;
        let id = self.jobs.enqueue(&mut tx, Subject::default(), &IndexFrames { force }).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Enqueues the same task if a frame is overdue, unless the task is already open or the index needs a rebuild.
    pub async fn enqueue_overdue_indexing(&self) -> Result<(), AppError> {
        let is_enabled = self.models.embedding_model().is_some();
        let overdue = self.clock.now() - OVERDUE_AFTER;
        if !is_enabled
            || !self.store.has_frames_to_index(overdue).await?
            || self.needs_rebuild().await?
        {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        if tx.open_task(IndexFrames::LANE).await?.is_none() {
            let job = IndexFrames { force: false };
            self.jobs.enqueue(&mut tx, Subject::default(), &job).await?;
            tx.save().await?;
        }
        Ok(())
    }

    /// Runs a claimed task that indexes one frame.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the model or the database fails; the task is then retried.
    pub async fn index_frame(
        &self,
        lease: &Lease,
        job: IndexFrame,
    ) -> Result<TaskOutcome, AppError> {
        let IndexFrame { story_id, number } = job;
        let frame = self.store.frame_to_index(FrameKey { story_id, number }).await?;
        // A deleted frame needs no vectors, and an outdated index must be rebuilt first.
        let frame = if self.needs_rebuild().await? { None } else { frame };
        let frames: Vec<FrameToIndex> = frame.into_iter().collect();
        let indexed = self.index_batch(&frames).await?;
        self.jobs.complete(lease, &json!(indexed)).await
    }

    /// Runs a claimed task that indexes all missing frames.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the model or the database fails; the task is then retried, and finds less to do.
    pub async fn index_frames(
        &self,
        lease: &Lease,
        job: IndexFrames,
    ) -> Result<TaskOutcome, AppError> {
        if job.force {
            self.clear_index().await?;
        }
        let indexed = self.index_all(u64::MAX, |_| ()).await?;
        self.jobs.complete(lease, &json!(indexed)).await
    }

    /// Indexes missing frames, at most `max_frames` of them. Calls `on_progress` after each batch.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Conflict`] if no embedding model is configured, or the index was built with another one.
    pub async fn index_all(
        &self,
        max_frames: u64,
        on_progress: impl Fn(IndexingSummary),
    ) -> Result<IndexingSummary, AppError> {
        self.require_embedder()?;
        let (mut done, mut after) = (IndexingSummary::default(), 0);
        while done.frames < max_frames && !self.shutdown.is_cancelled() {
            let limit =
                FRAMES_PER_BATCH.min(i64::try_from(max_frames - done.frames).unwrap_or(i64::MAX));
            let frames = self.store.frames_to_index(after, limit).await?;
            let Some(last) = frames.last() else { break };
            after = last.id;
            let batch = self.index_batch(&frames).await?;
            done.frames += batch.frames;
            done.pieces += batch.pieces;
            on_progress(done);
        }
        Ok(done)
    }

    /// Removes everything from the index, so that it can be rebuilt with the current configuration. Vectors at Pinecone
    /// are removed only if Pinecone is configured.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database fails, or Pinecone does.
    pub async fn clear_index(&self) -> Result<(), AppError> {
        let newest = self.store.newest_frame_id().await?;
        let mut tx = self.store.begin().await?;
        tx.reset_vector_index().await?;
        tx.save().await?;
        let mut after = 0;
        while after < newest {
            let mut tx = self.store.begin().await?;
            tx.unindex(after, after + IDS_PER_DELETE).await?;
            tx.save().await?;
            after += IDS_PER_DELETE;
        }
        if let Some(pinecone) = &self.pinecone {
            pinecone.clear().await?;
        }
        Ok(())
    }

    /// Returns the status of the index.
    pub async fn index_status(&self) -> Result<IndexStatus, AppError> {
        let row = self.store.vector_index().await?;
        let counts = self.store.index_counts().await?;
        Ok(IndexStatus {
            needs_rebuild: self.is_outdated(&row),
            place: row.place,
            model: row.model,
            dimension: row.dimension,
            configured_model: self.models.embedding_model(),
            frames: counts.frames,
            waiting: counts.waiting,
            pieces: counts.pieces,
            counted: match &self.pinecone {
                Some(pinecone) => pinecone.count().await.ok(),
                None => None,
            },
        })
    }

    /// Returns whether the index was built with another model or in another place than configured.
    async fn needs_rebuild(&self) -> Result<bool, AppError> {
        Ok(self.is_outdated(&self.store.vector_index().await?))
    }

    fn is_outdated(&self, row: &VectorIndexRow) -> bool {
        let configured = self.models.embedding_model();
        configured.is_some()
            && row.place.is_some()
            && !self.is_built_with(row, configured.as_deref())
    }

    /// Returns the name of the configured embedding model.
    fn require_embedder(&self) -> Result<String, AppError> {
        self.models.embedding_model().ok_or_else(|| {
            let detail = "No embedding model is configured; set OPENAI_API_KEY, or models.embedding in the configuration.";
            AppError::new(ErrorKind::Conflict, detail)
        })
    }

    /// Splits frames into pieces, embeds them and stores the vectors.
    async fn index_batch(&self, frames: &[FrameToIndex]) -> Result<IndexingSummary, AppError> {
        if frames.is_empty() {
            return Ok(IndexingSummary::default());
        }
        let model = self.require_embedder()?;
        if let Some(pinecone) = &self.pinecone {
            // Embeddings cost money, so check first that they can be stored.
            pinecone.ensure_index(None).await?;
        }
        let texts: Vec<Vec<String>> = frames.iter().map(split_frame).collect();
        let all: Vec<String> = texts.iter().flatten().cloned().collect();
        let mut all_vectors = self.embed_texts(&all).await?.into_iter();
        let vectors =
            texts.iter().map(|texts| all_vectors.by_ref().take(texts.len()).collect()).collect();
        self.store_vectors(VectorBatch { frames, vectors, model: &model }).await
    }

    /// Returns the vectors of texts, in order.
    async fn embed_texts(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, AppError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for texts in texts.chunks(MAX_BATCH_TEXTS) {
            vectors.extend(self.models.embed(texts, EMBEDDING_TIMEOUT).await.map_err(|error| {
                let detail = "The embedding model failed.";
                AppError {
                    cause: Some(Box::new(error)),
                    ..AppError::new(ErrorKind::Unavailable, detail)
                }
            })?);
        }
        Ok(vectors)
    }
}
