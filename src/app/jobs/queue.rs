//! The worker's side of the queue: claiming tasks, extending leases, and recording failures.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::broadcast::Receiver;
use uuid::Uuid;

use super::{Jobs, StoredFailure};
use crate::app::{AppError, ErrorKind};
use crate::domain::{backoff, lost_run_backoff};
use crate::store::{Lease, LeaseError, StoreError, Task, TaskKinds, TaskNotice};

/// Longer than any lease. Used on SQLite, where no other process can hold a lease when this one starts.
const BEYOND_ANY_LEASE: TimeDelta = TimeDelta::days(3650);

/// What to do with a task whose attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureAction {
    /// Try it again later.
    Retry,
    /// Mark it as failed.
    Fail,
}

/// What a worker does next.
#[derive(Debug)]
pub enum NextTask {
    /// It runs this task.
    Claimed(Box<Lease>),
    /// It waits.
    Wait {
        /// Time until the next task is due; `None` if none is waiting for its time.
        due_in: Option<Duration>,
        /// Whether a due task waits for another one of its lane or client. Otherwise the end of a task makes none ready.
        is_blocked: bool,
    },
}

impl Jobs {
    /// Claims the next due task of these kinds. Returns `None` if no task is due or another worker was first.
    pub async fn claim(&self, kinds: TaskKinds) -> Result<Option<Lease>, StoreError> {
        let now = self.clock.now();
        // A claim that a power cut undoes leaves the task as it was before.
        let mut tx = self.store.begin_repeatable().await?;
        let until = now + self.lease_duration();
        let Some(lease) = tx.claim_task(kinds, Uuid::now_v7(), until, now).await? else {
            return Ok(None);
        };
        tx.save().await?;
        Ok(Some(lease))
    }

    /// Extends a lease, and records the task's current step. If `is_new`, an event announces the step.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`] if another worker has the task now, or it was cancelled.
    pub async fn extend(
        &self,
        lease: &Lease,
        step: Option<&'static str>,
        is_new: bool,
    ) -> Result<(), LeaseError> {
        let now = self.clock.now();
        let until = now + self.lease_duration();
        if is_new {
            let mut tx = self.store.begin().await?;
            lease.enter_step(&mut tx, until, step, now).await?;
            return Ok(tx.save().await?);
        }
        let mut tx = self.store.begin_repeatable().await?;
        lease.extend(&mut tx, until, step).await?;
        Ok(tx.save().await?)
    }

    /// Returns a task to the queue that this process will not finish.
    pub async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        lease.release(&mut tx).await?;
        tx.save().await
    }

    /// Decides what to do with a task whose attempt failed with this error: it is tried again if the error is retryable
    /// and fewer than [`TaskSettings::max_attempts`](crate::settings::TaskSettings) attempts failed.
    #[must_use]
    pub fn failure_action(&self, task: &Task, error: &AppError) -> FailureAction {
        let has_attempts = task.failures.unsigned_abs() + 1 < self.limits.max_attempts;
        if error.is_retryable() && has_attempts {
            FailureAction::Retry
        } else {
            FailureAction::Fail
        }
    }

    /// Records that an attempt failed. As [`Jobs::failure_action`] decides, the task is tried again after a backoff, or
    /// fails.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`] if another worker has the task now, or it was cancelled.
    pub async fn record_failure(&self, lease: &Lease, error: &AppError) -> Result<(), LeaseError> {
        let task = lease.task();
        let failure = task.failures.unsigned_abs() + 1;
        let stored = serde_json::json!(StoredFailure::from(error));
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        match self.failure_action(task, error) {
            FailureAction::Retry => {
                let wait = backoff(failure, jitter(task.id, failure));
                lease.retry(&mut tx, &stored, now + wait, now).await?;
            }
            FailureAction::Fail => lease.fail(&mut tx, &stored, now).await?,
        }
        Ok(tx.save().await?)
    }

    /// Returns to the queue the tasks whose leases have expired. Returns their number.
    pub async fn release_expired(&self) -> Result<u64, StoreError> {
        self.release_expired_before(self.clock.now()).await
    }

    /// Returns to the queue the tasks that an earlier process left running, and returns their number. On SQLite these
    /// are all running tasks, because only one process uses the file. On PostgreSQL other instances may hold leases, so
    /// only expired leases are released.
    pub async fn release_abandoned(&self) -> Result<u64, StoreError> {
        let ahead = if self.store.is_sqlite() { BEYOND_ANY_LEASE } else { TimeDelta::zero() };
        self.release_expired_before(self.clock.now() + ahead).await
    }

    /// Returns the tasks whose leases ended before `until` to the queue, each after a wait that grows with its lost runs.
    /// A task that loses too many runs in a row fails, because it may be what ends the process.
    async fn release_expired_before(&self, until: DateTime<Utc>) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let (mut released, mut given_up) = (0, Vec::new());
        let mut tx = self.store.begin().await?;
        for lease in tx.expired_leases(until).await? {
            let (id, lost) = (lease.id, lease.lost_runs.unsigned_abs() + 1);
            if lost >= self.limits.max_lost_runs {
                let error = serde_json::json!(StoredFailure::from(&lost_runs_error(lost)));
                if tx.fail_expired_lease(lease, until, &error, now).await? {
                    given_up.push((id, lost));
                }
            } else {
                let wait = lost_run_backoff(lost, jitter(id, lost));
                released += u64::from(tx.release_expired_lease(id, until, now + wait).await?);
            }
        }
        tx.save().await?;
        if released > 0 {
            tracing::info!(released, "expired leases released");
        }
        for (id, lost) in given_up {
            tracing::error!(%id, lost, "task ended with its process too often; giving up");
        }
        Ok(released)
    }

    /// Claims the next task of these kinds. If none can be claimed, returns how long it takes until the next one is due.
    /// Unless a task `is_announced`, a queue without due tasks is only read, because a claim that finds nothing takes the
    /// write lock for nothing.
    pub async fn next_task(
        &self,
        kinds: TaskKinds,
        is_announced: bool,
    ) -> Result<NextTask, StoreError> {
        let now = self.clock.now();
        let mut due = if is_announced {
            Some(now)
        } else {
            self.store.next_due(kinds, DateTime::UNIX_EPOCH).await?
        };
        let is_blocked = due.is_some_and(|due| due <= now);
        if is_blocked {
            if let Some(lease) = self.claim(kinds).await? {
                return Ok(NextTask::Claimed(Box::new(lease)));
            }
            due = self.store.next_due(kinds, now).await?;
        }
        let due_in = due.and_then(|due| (due - now).to_std().ok());
        Ok(NextTask::Wait { due_in, is_blocked })
    }

    /// Subscribes to notices of tasks that are ready or have ended, and of new events.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<TaskNotice> {
        self.store.subscribe()
    }

    /// Records whether a worker of this process would claim a task at once. Other instances leave it the tasks that it
    /// enqueues for a moment then.
    pub fn set_idle(&self, is_idle: bool) {
        self.store.set_idle(is_idle);
    }

    fn lease_duration(&self) -> TimeDelta {
        TimeDelta::seconds(self.limits.lease_seconds.cast_signed())
    }
}

fn lost_runs_error(lost: u32) -> AppError {
    let detail = format!(
        "The task was started {lost} times, and each time the process ended or lost it before it was done."
    );
    AppError::new(ErrorKind::Unavailable, detail)
}

/// Returns a number from 0 to 1, derived from the random bits of the task's id, so that tasks that failed together are
/// not tried again together.
fn jitter(task_id: Uuid, attempt: u32) -> f64 {
    let bits = (task_id.as_u128() >> (attempt % 32)) as u32;
    f64::from(bits) / f64::from(u32::MAX)
}
