//! Durable work: what jobs there are, how they are enqueued, and what a worker does with one that it has claimed.
//!
//! A job is a type ([`Job`]): the payload of one kind of task. It is enqueued in the transaction that accepts the work
//! (`Jobs::enqueue`), decoded in one place ([`AnyJob::decode`]), and ended under its [`Lease`] in the transaction
//! that keeps its outcome. Because "later" is data, no service calls one above it.

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
pub use queue::FailureAction;
pub use steps::StepTracker;
pub use tasks::TaskView;
pub(in crate::app) use tasks::failure_detail;

use super::{AppError, ErrorKind};
use crate::domain::Clock;
use crate::settings::TaskSettings;
use crate::store::{Lease, NewTask, Store, Tx};

/// How a job's run ended, if it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOutcome {
    /// Its task is completed.
    Completed,
    /// Its task goes on later.
    Deferred,
}

/// Which follow-up jobs this installation has a use for.
#[derive(Debug, Clone, Copy, Default)]
pub struct FollowUps {
    /// A model makes vectors, so frames are put into the index.
    pub indexes_frames: bool,
    /// The vectors are at another service, so frames that are gone must be taken out there.
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

    /// Enqueues a job with the transaction that accepts the work, and returns its task's id.
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

    /// Adds a job's task that is completed already, for those who wait for its result, and returns its id.
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

    /// Completes a task whose outcome needs no other row.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LeaseLost`].
    pub(in crate::app) async fn complete(
        &self,
        lease: &Lease,
        result: &Value,
    ) -> Result<TaskOutcome, AppError> {
        let mut tx = self.store.begin().await?;
        lease.complete(&mut tx, result, self.clock.now()).await?;
        tx.save().await?;
        Ok(TaskOutcome::Completed)
    }

    /// Puts a task off until `run_at`, with its job as it stands by then.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LeaseLost`].
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

    /// Refuses more work while too much waits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Busy`].
    pub(in crate::app) async fn check_capacity(&self) -> Result<(), AppError> {
        let max = i64::from(self.limits.max_waiting);
        if self.store.count_pending_tasks(max).await? < max {
            return Ok(());
        }
        let detail = "Too many frames are waiting to be told; try again in a few seconds.";
        Err(AppError::new(ErrorKind::Busy, detail))
    }
}

/// The lane of a story: everything that changes it goes down this lane, one after the other.
pub(in crate::app) fn story_lane(story_id: Uuid) -> String {
    format!("story {story_id}")
}
