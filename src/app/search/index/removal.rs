//! Removes the vectors of deleted frames from the remote index, by a task that the deleting transaction enqueues.
//! Vectors in the database are deleted together with their frames.

use std::error::Error;

use chrono::TimeDelta;
use serde_json::Value;
use uuid::Uuid;

use crate::app::AppError;
use crate::app::jobs::{TaskOutcome, UnindexFrames};
use crate::app::search::Search;
use crate::domain::FrameKey;
use crate::store::Lease;

/// Delay of the second removal, which removes vectors that were being written when their frame was deleted.
const SECOND_PASS_DELAY: TimeDelta = TimeDelta::minutes(2);

/// Delay between attempts while Pinecone does not respond.
const RETRY_DELAY: TimeDelta = TimeDelta::minutes(5);

impl Search {
    /// Runs a claimed task that removes frames from the remote index. The task removes them twice, and is deferred
    /// while Pinecone does not respond.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database fails or Pinecone rejects the request.
    pub async fn unindex_frames(
        &self,
        lease: &Lease,
        job: UnindexFrames,
    ) -> Result<TaskOutcome, AppError> {
        let now = self.clock.now();
        // The vectors of a frame that was told again replace the old ones, so they must not be removed.
        let is_retold = self.frame_exists(&job).await?;
        if let Some(pinecone) = self.pinecone.as_ref().filter(|_| !is_retold) {
            match pinecone.remove_frames(job.story_id, job.from..=job.to).await {
                Err(error) if error.is_retryable() => {
                    tracing::warn!(
                        story_id = %job.story_id,
                        error = &error as &dyn Error,
                        "remote index removal failed; trying again later"
                    );
                    return self.jobs.defer(lease, &job, now + RETRY_DELAY).await;
                }
                removed => removed?,
            }
            if self.frame_exists(&job).await? {
                let mut tx = self.store.begin().await?;
                self.jobs.enqueue_indexing(&mut tx, job.story_id, job.from).await?;
                tx.save().await?;
            } else if !job.is_second {
                let job = UnindexFrames { is_second: true, ..job };
                return self.jobs.defer(lease, &job, self.clock.now() + SECOND_PASS_DELAY).await;
            }
        }
        self.jobs.complete(lease, &Value::Null).await
    }

    /// Removes a deleted story's vectors from the remote index, if one is configured. `frames` is the number of frames
    /// that the story had.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the remote index fails.
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

    /// Returns whether the task's only frame exists again. Frames of a deleted story never do.
    async fn frame_exists(&self, job: &UnindexFrames) -> Result<bool, AppError> {
        let first = FrameKey { story_id: job.story_id, number: job.from };
        let found = self.store.frame_id(first).await?;
        Ok(job.from == job.to && found.is_some())
    }
}
