//! The worker's side of the queue: claiming tasks, keeping leases, and ending what failed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::broadcast::Receiver;
use uuid::Uuid;

use super::{Jobs, StoredFailure};
use crate::app::AppError;
use crate::domain::backoff;
use crate::store::{Lease, LeaseError, StoreError, Task, TaskNotice};

/// Longer than any lease: on SQLite nobody else can hold one when a process begins.
const BEYOND_ANY_LEASE: TimeDelta = TimeDelta::days(3650);

/// What becomes of a task whose attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureAction {
    /// It is tried again.
    Retry,
    /// It is given up.
    Fail,
}

impl Jobs {
    /// Claims the next due task; `None` when there is none, or another worker was first.
    pub async fn claim(&self) -> Result<Option<Lease>, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let Some(lease) = tx.claim_task(Uuid::now_v7(), now + self.lease_duration(), now).await?
        else {
            return Ok(None);
        };
        tx.save().await?;
        Ok(Some(lease))
    }

    /// Keeps a lease, and notes the step that its task is at; a step that `is_new` is published.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`].
    pub async fn extend(
        &self,
        lease: &Lease,
        step: Option<&'static str>,
        is_new: bool,
    ) -> Result<(), LeaseError> {
        let now = self.clock.now();
        let until = now + self.lease_duration();
        let mut tx = self.store.begin().await?;
        if is_new {
            lease.enter_step(&mut tx, until, step, now).await?;
        } else {
            lease.extend(&mut tx, until, step).await?;
        }
        Ok(tx.save().await?)
    }

    /// Puts a task back that this process will not finish.
    pub async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        lease.release(&mut tx).await?;
        tx.save().await
    }

    /// What becomes of a task whose attempt fails with this error.
    #[must_use]
    pub fn failure_action(&self, task: &Task, error: &AppError) -> FailureAction {
        let has_attempts = task.failures.unsigned_abs() + 1 < self.limits.max_attempts;
        if error.is_retryable() && has_attempts {
            FailureAction::Retry
        } else {
            FailureAction::Fail
        }
    }

    /// Notes that an attempt failed: the task is tried again later, or given up, as [`Jobs::failure_action`] says.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`].
    pub async fn record_failure(&self, lease: &Lease, error: &AppError) -> Result<(), LeaseError> {
        let task = lease.task();
        let failure = task.failures.unsigned_abs() + 1;
        let stored = serde_json::json!(StoredFailure::from(error));
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        match self.failure_action(task, error) {
            FailureAction::Retry => {
                let wait = backoff(failure, jitter(task, failure));
                lease.retry(&mut tx, &stored, now + wait, now).await?;
            }
            FailureAction::Fail => lease.fail(&mut tx, &stored, now).await?,
        }
        Ok(tx.save().await?)
    }

    /// Takes back the tasks of workers that were silent for longer than their lease; how many there were.
    pub async fn release_expired(&self) -> Result<u64, StoreError> {
        self.release_expired_before(self.clock.now()).await
    }

    /// Takes back what the last process on a SQLite file was at when it ended: it was alone, and so is this one. Other
    /// instances may share PostgreSQL, and keep what they hold.
    pub async fn release_abandoned(&self) -> Result<u64, StoreError> {
        let ahead = if self.store.is_sqlite() { BEYOND_ANY_LEASE } else { TimeDelta::zero() };
        self.release_expired_before(self.clock.now() + ahead).await
    }

    async fn release_expired_before(&self, until: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut tx = self.store.begin().await?;
        let released = tx.release_expired_leases(until).await?;
        tx.save().await?;
        if released > 0 {
            tracing::info!(released, "tasks whose worker fell silent go on here");
        }
        Ok(released)
    }

    /// How long until the next pending task is due; `None` when none waits for its time.
    pub async fn time_until_next_due(&self) -> Result<Option<Duration>, StoreError> {
        let now = self.clock.now();
        let due = self.store.next_due(now).await?;
        Ok(due.and_then(|due| (due - now).to_std().ok()))
    }

    /// News of tasks that are ready or have ended.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<TaskNotice> {
        self.store.subscribe()
    }

    fn lease_duration(&self) -> TimeDelta {
        TimeDelta::seconds(self.limits.lease_seconds.cast_signed())
    }
}

/// Between 0 and 1, unlike for tasks that failed together: from the random end of the task's id.
fn jitter(task: &Task, attempt: u32) -> f64 {
    let bits = (task.id.as_u128() >> (attempt % 32)) as u32;
    f64::from(bits) / f64::from(u32::MAX)
}
