//! Frames that are gone leave Pinecone too, by a task of the transaction that removes them; rows of vectors go with their
//! frames by themselves.

use chrono::TimeDelta;
use serde_json::Value;
use uuid::Uuid;

use crate::app::AppError;
use crate::app::jobs::{TaskOutcome, UnindexFrames};
use crate::app::search::Search;
use crate::domain::FrameKey;
use crate::store::Lease;

/// When to look again: vectors that were under way when their frame was removed have arrived by then, or never will.
const SECOND_PASS_DELAY: TimeDelta = TimeDelta::minutes(2);

/// When to try again while Pinecone does not answer.
const RETRY_DELAY: TimeDelta = TimeDelta::minutes(5);

impl Search {
    /// Takes the frames of a claimed task out of Pinecone, twice, and ends the task; it is put off for as long as Pinecone
    /// does not answer.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database fails, or Pinecone refuses.
    pub async fn unindex_frames(
        &self,
        lease: &Lease,
        gone: UnindexFrames,
    ) -> Result<TaskOutcome, AppError> {
        let now = self.clock.now();
        // A frame that was told anew is in the index for itself.
        let is_retold = self.frame_exists(&gone).await?;
        if let Some(pinecone) = self.pinecone.as_ref().filter(|_| !is_retold) {
            match pinecone.remove_frames(gone.story_id, gone.from..=gone.to).await {
                Err(fault) if fault.is_retryable() => {
                    tracing::warn!(%fault, "frames that are gone stay in the index for now");
                    return self.jobs.defer(lease, &gone, now + RETRY_DELAY).await;
                }
                removed => removed?,
            }
            if self.frame_exists(&gone).await? {
                let mut tx = self.store.begin().await?;
                self.jobs.enqueue_indexing(&mut tx, gone.story_id, gone.from).await?;
                tx.save().await?;
            } else if !gone.is_second {
                let gone = UnindexFrames { is_second: true, ..gone };
                return self.jobs.defer(lease, &gone, self.clock.now() + SECOND_PASS_DELAY).await;
            }
        }
        self.jobs.complete(lease, &Value::Null).await
    }

    /// Takes a story that is gone out of the remote index, if there is one; it had `frames` frames.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the remote index does not answer as it should.
    pub(in crate::app) async fn unindex_story(
        &self,
        story_id: Uuid,
        frames: i32,
    ) -> Result<(), AppError> {
        match &self.pinecone {
            Some(pinecone) => Ok(pinecone.remove_frames(story_id, 0..=frames - 1).await?),
            None => Ok(()),
        }
    }

    /// Whether a single frame is there again. A story that is gone never is.
    async fn frame_exists(&self, gone: &UnindexFrames) -> Result<bool, AppError> {
        let first = FrameKey { story_id: gone.story_id, number: gone.from };
        let found = self.store.frame_id(first).await?;
        Ok(gone.from == gone.to && found.is_some())
    }
}
