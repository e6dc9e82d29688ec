//! The index for semantic search: what of a frame goes into it, and when.
//!
//! A frame's pieces are a task of the transaction that keeps the frame, where a model for vectors is configured. What a
//! model that failed has left over, and what was told before there was one, a task for all of it picks up. The vectors are
//! rows; what [`crate::app::search`] scans follows from them.

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

/// How long the model may take for one batch, all attempts together.
const EMBEDDING_TIMEOUT: Duration = Duration::from_mins(1);

/// Frames that are read at once.
const FRAMES_PER_BATCH: i64 = 64;

/// Frames whose ids are taken out of the index at once.
const IDS_PER_DELETE: i64 = 5000;

/// How long a frame may be without vectors before someone looks after it.
const OVERDUE_AFTER: TimeDelta = TimeDelta::minutes(5);

/// What was put into the index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct IndexingSummary {
    /// Frames.
    pub frames: u64,
    /// Pieces of theirs.
    pub pieces: u64,
}

/// How the index is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IndexStatus {
    /// Where its vectors are: `local`, or `pinecone/INDEX/NAMESPACE`; null before the first.
    pub place: Option<String>,
    /// The model that they were made with; null before the first.
    pub model: Option<String>,
    /// Numbers of a vector.
    pub dimension: Option<i32>,
    /// The model that is configured; null where there is no semantic search.
    pub configured_model: Option<String>,
    /// Frames in all.
    pub frames: i64,
    /// Frames that are not in the index.
    pub waiting: i64,
    /// Pieces of frames in it.
    pub pieces: i64,
    /// Vectors that Pinecone counts; null where they are kept here, or it does not answer. It counts some seconds behind.
    pub counted: Option<u64>,
    /// Whether the index was made with something else than what is configured: search is lexical until it is rebuilt.
    pub needs_rebuild: bool,
}

/// Whether the index can be used.
#[derive(Debug)]
pub(in crate::app) enum IndexHealth {
    /// There is none, because no model for vectors is configured.
    Disabled,
    /// It can.
    Ok,
    /// It cannot, for this reason: search is by words alone.
    Degraded(String),
}

impl Search {
    /// Whether the index can be used.
    pub(in crate::app) async fn index_health(&self) -> IndexHealth {
        if self.models.embedding_model().is_none() {
            return IndexHealth::Disabled;
        }
        let degraded = IndexHealth::Degraded;
        match (self.needs_rebuild().await, &self.pinecone) {
            (Ok(true), _) => degraded("The index was made with another model or in another place; run `calliope index rebuild`. Search is by words alone until then.".to_owned()),
            (Ok(false), None) => IndexHealth::Ok,
            (Ok(false), Some(pinecone)) => match pinecone.check().await {
                Ok(()) => IndexHealth::Ok,
                Err(fault) => degraded(format!("{fault}. Search is by words alone until then.")),
            },
            (Err(_), _) => degraded("The database does not tell.".to_owned()),
        }
    }

    /// Orders that all that is not in the index be put into it or, with `force`, that it be made anew; the task's id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where there is no model for vectors.
    pub async fn enqueue_indexing(&self, force: bool) -> Result<Uuid, AppError> {
        self.require_embedder()?;
        let mut tx = self.store.begin().await?;
        let id = self.jobs.enqueue(&mut tx, Subject::default(), &IndexFrames { force }).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Orders the same where a frame has waited for long, unless it is ordered already.
    pub async fn enqueue_overdue_indexing(&self) -> Result<(), AppError> {
        let is_on = self.models.embedding_model().is_some();
        let overdue = self.clock.now() - OVERDUE_AFTER;
        if !is_on || !self.store.has_frames_to_index(overdue).await? || self.needs_rebuild().await?
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

    /// Puts the frame of a claimed task into the index, and ends the task.
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
        // A frame that is gone needs no vectors, and one of a model that is not the index's waits for it to be rebuilt.
        let frame = if self.needs_rebuild().await? { None } else { frame };
        let frames: Vec<FrameToIndex> = frame.into_iter().collect();
        let indexed = self.index_batch(&frames).await?;
        self.jobs.complete(lease, &json!(indexed)).await
    }

    /// Puts all that is not in the index into it for a claimed task, and ends the task.
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

    /// Puts frames that are not in the index into it, at most `most` of them, and tells how many after each batch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where there is no model for vectors, or the index was made with another.
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

    /// Takes everything out of the index, for it to be made anew with what is configured. What Pinecone has is taken out
    /// while Pinecone is configured.
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

    /// How the index is.
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

    /// Whether the index was made with something else than what is configured.
    async fn needs_rebuild(&self) -> Result<bool, AppError> {
        Ok(self.is_outdated(&self.store.vector_index().await?))
    }

    fn is_outdated(&self, row: &VectorIndexRow) -> bool {
        let configured = self.models.embedding_model();
        configured.is_some()
            && row.place.is_some()
            && !self.is_built_with(row, configured.as_deref())
    }

    /// The model for vectors.
    fn require_embedder(&self) -> Result<String, AppError> {
        self.models.embedding_model().ok_or_else(|| {
            let detail = "No model turns texts into vectors here; set OPENAI_API_KEY, or minds.embedding in the configuration.";
            AppError::new(ErrorKind::Conflict, detail)
        })
    }

    /// Puts frames into the index.
    async fn index_batch(&self, frames: &[FrameToIndex]) -> Result<IndexingSummary, AppError> {
        if frames.is_empty() {
            return Ok(IndexingSummary::default());
        }
        let model = self.require_embedder()?;
        if let Some(pinecone) = &self.pinecone {
            // What cannot be kept need not be paid for.
            pinecone.ensure_index(None).await?;
        }
        let texts: Vec<Vec<String>> = frames.iter().map(split_frame).collect();
        let all: Vec<String> = texts.iter().flatten().cloned().collect();
        let mut all_vectors = self.embed_texts(&all).await?.into_iter();
        let vectors =
            texts.iter().map(|texts| all_vectors.by_ref().take(texts.len()).collect()).collect();
        self.store_vectors(VectorBatch { frames, vectors, model: &model }).await
    }

    /// The vectors of texts.
    async fn embed_texts(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, AppError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for texts in texts.chunks(MAX_BATCH_TEXTS) {
            vectors.extend(self.models.embed(texts, EMBEDDING_TIMEOUT).await.map_err(|error| {
                let detail = "The model for vectors does not answer as it should.";
                AppError {
                    cause: Some(Box::new(error)),
                    ..AppError::new(ErrorKind::Unavailable, detail)
                }
            })?);
        }
        Ok(vectors)
    }
}
