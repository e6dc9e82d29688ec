//! Durable work: the kinds of job, how they are enqueued, and what a worker does with a task that it has claimed.
//!
//! A job is a type ([`Job`]): the payload of one kind of task. It is enqueued in the transaction that accepts the work
//! (`Jobs::enqueue`), decoded in one place ([`AnyJob::decode`]), and completed under its [`Lease`] in the transaction
//! that saves its outcome. Because later work is data, no service calls a service above it.

mod failure;
mod follow_up;
mod job;
mod payloads;
mod queue;
mod steps;
mod tasks;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

pub use failure::StoredFailure;
pub use job::{AnyJob, Job, Origin, Subject, decode};
pub use payloads::{
    ApplyRetention, EraseClient, ErasureCounts, GenerateVideo, IndexFrame, IndexFrames,
    LearnFromFrame, NarrateFrame, Observation, RedrawFrame, RemoveFiles, SyncMedia, TellFrame,
    UnindexFrames,
};
pub use queue::{FailureAction, NextTask};
pub use steps::StepTracker;
pub use tasks::TaskView;
pub(in crate::app) use tasks::failure_detail;

use super::{AppError, ErrorKind};
use crate::domain::Clock;
use crate::settings::TaskSettings;
use crate::store::{Lease, NewTask, Store, Tx};

/// The part of the queue that one client may fill: a quarter.
const CLIENT_SHARE: i64 = 4;

/// The number of waiting tasks that each client may have even in a short queue.
const MIN_SHARE: i64 = 10;

/// The outcome of a run that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOutcome {
    /// The task is completed.
    Completed,
    /// The task runs again later.
    Deferred,
}

/// The follow-up jobs that this installation needs.
#[derive(Debug, Clone, Copy, Default)]
pub struct FollowUps {
    /// Whether frames are indexed: an embedding model is configured.
    pub indexes_frames: bool,
    /// Whether removed frames must be removed from the index too: the vectors are in a remote service.
    pub has_remote_index: bool,
}

/// The queue of durable work.
#[derive(Debug)]
pub struct Jobs {
    store: Store,
    clock: Arc<dyn Clock>,
    limits: TaskSettings,
    follow_ups: FollowUps,
}

impl Jobs {
    pub(in crate::app) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        limits: TaskSettings,
        follow_ups: FollowUps,
    ) -> Self {
        Self { store, clock, limits, follow_ups }
    }

    /// Enqueues a job in the transaction that accepts the work. Returns its task's id.
    pub(in crate::app) async fn enqueue<J: Job>(
        &self,
        tx: &mut Tx,
        subject: Subject<'_>,
        job: &J,
    ) -> Result<Uuid, AppError> {
        let id = Uuid::now_v7();
        let payload = serde_json::to_value(job).map_err(AppError::internal)?;
        let task = NewTask {
            id,
            kind: J::KIND,
            lane: job.lane(subject),
            client_id: subject.client_id,
            story_id: subject.story_id,
            payload: &payload,
            now: self.clock.now(),
        };
        tx.enqueue(task).await?;
        Ok(id)
    }

    /// Adds a job's task that is already completed, for a request whose result needs no work. Returns the task's id.
    pub(in crate::app) async fn insert_completed<J: Job>(
        &self,
        tx: &mut Tx,
        subject: Subject<'_>,
        job: &J,
        result: &Value,
    ) -> Result<Uuid, AppError> {
        let id = Uuid::now_v7();
        let payload = serde_json::to_value(job).map_err(AppError::internal)?;
        let task = NewTask {
            id,
            kind: J::KIND,
            lane: None,
            client_id: subject.client_id,
            story_id: subject.story_id,
            payload: &payload,
            now: self.clock.now(),
        };
        tx.insert_completed_task(task, result).await?;
        Ok(id)
    }

    /// Completes a task whose outcome changes no other row. A power cut right afterwards may undo that; the task then runs
    /// again, as it would if the process had ended a moment earlier.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LeaseLost`] if another worker has the task now.
    pub(in crate::app) async fn complete(
        &self,
        lease: &Lease,
        result: &Value,
    ) -> Result<TaskOutcome, AppError> {
        let mut tx = self.store.begin_repeatable().await?;
        lease.complete(&mut tx, result, self.clock.now()).await?;
        tx.save().await?;
        Ok(TaskOutcome::Completed)
    }

    /// Defers a task until `run_at`, with `job` as its new payload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LeaseLost`] if another worker has the task now.
    pub(in crate::app) async fn defer<J: Job>(
        &self,
        lease: &Lease,
        job: &J,
        run_at: DateTime<Utc>,
    ) -> Result<TaskOutcome, AppError> {
        let payload = serde_json::to_value(job).map_err(AppError::internal)?;
        let mut tx = self.store.begin().await?;
        lease.defer(&mut tx, &payload, run_at).await?;
        tx.save().await?;
        Ok(TaskOutcome::Deferred)
    }

    /// Checks that the queue has room for another task, which may be of a client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Busy`] if [`TaskSettings::max_waiting`] tasks are pending already, or a quarter of them are the
    /// client's.
    pub(in crate::app) async fn check_capacity(
        &self,
        client_id: Option<&str>,
    ) -> Result<(), AppError> {
        let max = i64::from(self.limits.max_waiting);
        let share = max.min((max / CLIENT_SHARE).max(MIN_SHARE));
        let (waiting, of_client) = match client_id {
            Some(client_id) => self.store.count_pending_tasks_of(client_id, max, share).await?,
            None => (self.store.count_pending_tasks(max).await?, 0),
        };
        if waiting >= max {
            let detail = "Too many frames are waiting to be told; try again in a few seconds.";
            return Err(AppError::new(ErrorKind::Busy, detail));
        }
        if of_client >= share {
            let detail = "Too many frames of this client are waiting to be told; try again in a few seconds.";
            return Err(AppError::new(ErrorKind::Busy, detail));
        }
        Ok(())
    }
}

/// Returns the lane of a story. Tasks that change the story run in this lane, one at a time.
pub(in crate::app) fn story_lane(story_id: Uuid) -> String {
    format!("story {story_id}")
}
