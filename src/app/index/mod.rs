//! The index for semantic search: what of a frame goes into it, and when.
//!
//! A frame's pieces are a task of the transaction that keeps the frame, where a model for vectors is configured. What a
//! model that failed has left over, and what was told before there was one, a task for all of it picks up. The vectors are
//! rows; what [`super::search`] scans follows from them.

mod forget;
mod pieces;
mod place;

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{App, AppError, ErrorKind};
use crate::domain::TaskKind;
use crate::inference::MOST_TEXTS;
use crate::store::{FrameToIndex, NewTask, Task, Tx, VectorIndexRow};
use pieces::pieces;
use place::Batch;

/// How long the model may take for one batch, all attempts together.
const PATIENCE: Duration = Duration::from_mins(1);

/// Frames that are read at once.
const AT_ONCE: i64 = 64;

/// Frames whose ids are taken out of the index at once.
const OUT_AT_ONCE: i64 = 5000;

/// How long a frame may be without vectors before someone looks after it.
const OVERDUE: TimeDelta = TimeDelta::minutes(5);

/// One task at a time for all that is left over.
const LANE: &str = "index";

/// The payload of [`TaskKind::IndexFrame`].
#[derive(Debug, Serialize, Deserialize)]
struct OneFrame {
    story_id: Uuid,
    number: i32,
}

/// The payload of [`TaskKind::IndexFrames`].
#[derive(Debug, Default, Serialize, Deserialize)]
struct AllFrames {
    /// Whether to empty the index first.
    force: bool,
}

/// What was put into the index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Indexed {
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

impl App {
    /// Has a frame put into the index, where there is one, with the transaction that keeps or changes the frame.
    pub(super) async fn index_later(
        &self,
        tx: &mut Tx,
        story_id: Uuid,
        number: i32,
    ) -> Result<(), AppError> {
        if self.choices.embedder().is_none() {
            return Ok(());
        }
        let task = NewTask {
            id: Uuid::now_v7(),
            kind: TaskKind::IndexFrame,
            // Two changes of a frame are indexed in their order.
            lane: Some(format!("index {story_id} {number}")),
            client_id: None,
            story_id: None,
            payload: &serde_json::to_value(OneFrame { story_id, number })?,
            now: self.clock.now(),
        };
        tx.enqueue(task).await?;
        Ok(())
    }

    /// Orders that all that is not in the index be put into it or, with `force`, that it be made anew; the task's id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where there is no model for vectors.
    pub async fn order_indexing(&self, force: bool) -> Result<Uuid, AppError> {
        self.embedder()?;
        let mut tx = self.store.begin().await?;
        let id = self.enqueue_indexing(&mut tx, force).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Orders the same where a frame has waited for long, unless it is ordered already.
    pub async fn order_overdue_indexing(&self) -> Result<(), AppError> {
        let is_on = self.choices.embedder().is_some();
        let overdue = self.clock.now() - OVERDUE;
        if !is_on || !self.store.is_any_to_index(overdue).await? || self.needs_rebuild().await? {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        if tx.open_task(LANE).await?.is_none() {
            self.enqueue_indexing(&mut tx, false).await?;
            tx.save().await?;
        }
        Ok(())
    }

    async fn enqueue_indexing(&self, tx: &mut Tx, force: bool) -> Result<Uuid, AppError> {
        let (id, now) = (Uuid::now_v7(), self.clock.now());
        let (kind, lane) = (TaskKind::IndexFrames, Some(LANE.to_owned()));
        let payload = &serde_json::to_value(AllFrames { force })?;
        tx.enqueue(NewTask { id, kind, lane, client_id: None, story_id: None, payload, now })
            .await?;
        Ok(id)
    }

    /// Puts the frame of a claimed task into the index, and ends the task.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the model or the database fails; the task is tried again then.
    pub async fn index_frame(&self, task: &Task, owner: Uuid) -> Result<(), AppError> {
        let OneFrame { story_id, number } = serde_json::from_value(task.payload.clone())?;
        let frame = self.store.frame_to_index(story_id, number).await?;
        // A frame that is gone needs no vectors, and one of a model that is not the index's waits for it to be rebuilt.
        let frame = if self.needs_rebuild().await? { None } else { frame };
        let frames: Vec<FrameToIndex> = frame.into_iter().collect();
        let indexed = self.index_batch(&frames).await?;
        self.end_upkeep(task, owner, &json!(indexed)).await
    }

    /// Puts all that is not in the index into it for a claimed task, and ends the task.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the model or the database fails; the task is tried again then, and finds less to do.
    pub async fn index_frames(&self, task: &Task, owner: Uuid) -> Result<(), AppError> {
        let AllFrames { force } = serde_json::from_value(task.payload.clone())?;
        if force {
            self.empty_index().await?;
        }
        let indexed = self.index_all(u64::MAX, |_| ()).await?;
        self.end_upkeep(task, owner, &json!(indexed)).await
    }

    /// Puts frames that are not in the index into it, at most `most` of them, and tells how many after each batch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where there is no model for vectors, or the index was made with another.
    pub async fn index_all(&self, most: u64, told: impl Fn(Indexed)) -> Result<Indexed, AppError> {
        self.embedder()?;
        let (mut done, mut after) = (Indexed::default(), 0);
        while done.frames < most && !self.stopping.is_cancelled() {
            let limit = AT_ONCE.min(i64::try_from(most - done.frames).unwrap_or(i64::MAX));
            let frames = self.store.frames_to_index(after, limit).await?;
            let Some(last) = frames.last() else { break };
            after = last.id;
            let batch = self.index_batch(&frames).await?;
            done.frames += batch.frames;
            done.pieces += batch.pieces;
            told(done);
        }
        Ok(done)
    }

    /// Takes everything out of the index, for it to be made anew with what is configured. What Pinecone has is taken out
    /// while Pinecone is configured.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database fails, or Pinecone does.
    pub async fn empty_index(&self) -> Result<(), AppError> {
        let newest = self.store.newest_frame_id().await?;
        let mut tx = self.store.begin().await?;
        tx.unsettle_index().await?;
        tx.save().await?;
        let mut after = 0;
        while after < newest {
            let mut tx = self.store.begin().await?;
            tx.unindex(after, after + OUT_AT_ONCE).await?;
            tx.save().await?;
            after += OUT_AT_ONCE;
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
            configured_model: self.choices.embedder(),
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
    pub(super) async fn needs_rebuild(&self) -> Result<bool, AppError> {
        Ok(self.is_outdated(&self.store.vector_index().await?))
    }

    fn is_outdated(&self, row: &VectorIndexRow) -> bool {
        let configured = self.choices.embedder();
        configured.is_some()
            && row.place.is_some()
            && !self.is_made_with(row, configured.as_deref())
    }

    /// The model for vectors.
    fn embedder(&self) -> Result<String, AppError> {
        self.choices.embedder().ok_or_else(|| {
            let detail = "No model turns texts into vectors here; set OPENAI_API_KEY, or minds.embedding in the configuration.";
            AppError::new(ErrorKind::Conflict, detail)
        })
    }

    /// Puts frames into the index.
    async fn index_batch(&self, frames: &[FrameToIndex]) -> Result<Indexed, AppError> {
        if frames.is_empty() {
            return Ok(Indexed::default());
        }
        let model = self.embedder()?;
        if let Some(pinecone) = &self.pinecone {
            // What cannot be kept need not be paid for.
            pinecone.prepare(None).await?;
        }
        let texts: Vec<Vec<String>> = frames.iter().map(pieces).collect();
        let all: Vec<String> = texts.iter().flatten().cloned().collect();
        let mut all_vectors = self.vectors_of(&all).await?.into_iter();
        let vectors =
            texts.iter().map(|texts| all_vectors.by_ref().take(texts.len()).collect()).collect();
        self.keep_vectors(Batch { frames, vectors, model: &model }).await
    }

    /// The vectors of texts.
    async fn vectors_of(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, AppError> {
        let mut vectors = Vec::with_capacity(texts.len());
        for texts in texts.chunks(MOST_TEXTS) {
            vectors.extend(self.embed(texts, PATIENCE).await.map_err(|error| {
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
