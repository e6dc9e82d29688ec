//! What a worker may do with a task that it has claimed.
//!
//! Every statement here names the lease's owner. If the lease was lost (it expired and another worker claimed the
//! task, or the task was cancelled), no row matches and the method returns [`LeaseError::Lost`]. The caller must then
//! drop its transaction, so that a run that lost its lease saves nothing.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::tasks::TaskSubject;
use super::{StoreError, Task, TaskNotice, Tx, with_tx};
use crate::domain::TaskStatus;

/// A claimed task and the owner id of the claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    task: Task,
    owner: Uuid,
}

/// The worker no longer holds the task's lease; it must not save anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease was lost: another worker took the task over, or it was cancelled")]
pub struct LeaseLost;

/// Why a claimed task could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// The lease was lost.
    #[error(transparent)]
    Lost(#[from] LeaseLost),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Lease {
    pub(super) const fn new(task: Task, owner: Uuid) -> Self {
        Self { task, owner }
    }

    /// Returns the task as it was claimed.
    #[must_use]
    pub const fn task(&self) -> &Task {
        &self.task
    }

    /// Completes the task with its result and publishes the event.
    ///
    /// # Errors
    ///
    /// Returns [`LeaseError::Lost`] if the lease was lost; the transaction must not be saved in that case.
    pub async fn complete(
        &self,
        tx: &mut Tx,
        result: &Value,
        now: DateTime<Utc>,
    ) -> Result<(), LeaseError> {
        const SQL: &str = "UPDATE task SET status = 'completed', result = $3, error = NULL, \
             step = NULL, lease_owner = NULL, lease_until = NULL, date_completed = $4 \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running' RETURNING client_id, story_id";
        let ended: Option<TaskSubject> = with_tx!(tx, db => sqlx::query_as(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(Json(result))
            .bind(now)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("complete a task"))?;
        // The row has the current client: a task that was anonymized names none, so no client learns of it.
        let subject = ended.ok_or(LeaseLost)?;
        tx.publish_task(self.task.id, subject, TaskStatus::Completed, now);
        tx.notify_ended(self.task.id);
        Ok(())
    }

    /// Marks the task as failed with the error of its last attempt, and publishes the event.
    ///
    /// # Errors
    ///
    /// Returns [`LeaseError::Lost`] if the lease was lost.
    pub async fn fail(
        &self,
        tx: &mut Tx,
        error: &Value,
        now: DateTime<Utc>,
    ) -> Result<(), LeaseError> {
        const SQL: &str = "UPDATE task SET status = 'failed', error = $3, step = NULL, \
             lease_owner = NULL, lease_until = NULL, date_completed = $4 \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running' RETURNING client_id, story_id";
        let ended: Option<TaskSubject> = with_tx!(tx, db => sqlx::query_as(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(Json(error))
            .bind(now)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("fail a task"))?;
        let subject = ended.ok_or(LeaseLost)?;
        tx.publish_task(self.task.id, subject, TaskStatus::Failed, now);
        tx.notify_ended(self.task.id);
        Ok(())
    }

    /// Schedules another attempt at `run_at` and publishes that the task is pending.
    ///
    /// # Errors
    ///
    /// Returns [`LeaseError::Lost`] if the lease was lost.
    pub async fn retry(
        &self,
        tx: &mut Tx,
        error: &Value,
        run_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), LeaseError> {
        const SQL: &str = "UPDATE task SET status = 'pending', failures = failures + 1, lost_runs = 0, error = $3, \
             step = NULL, lease_owner = NULL, lease_until = NULL, run_at = $4 \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running' RETURNING client_id, story_id";
        let retried: Option<TaskSubject> = with_tx!(tx, db => sqlx::query_as(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(Json(error))
            .bind(run_at)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("schedule a retry of a task"))?;
        let subject = retried.ok_or(LeaseLost)?;
        tx.publish_task(self.task.id, subject, TaskStatus::Pending, now);
        tx.notify(TaskNotice::TaskReady);
        Ok(())
    }

    /// Defers the task until `run_at` with an updated payload. Resets the number of failures, because the task made
    /// progress.
    ///
    /// # Errors
    ///
    /// Returns [`LeaseError::Lost`] if the lease was lost.
    pub async fn defer(
        &self,
        tx: &mut Tx,
        payload: &Value,
        run_at: DateTime<Utc>,
    ) -> Result<(), LeaseError> {
        const SQL: &str = "UPDATE task SET status = 'pending', failures = 0, lost_runs = 0, error = NULL, payload = $3, \
             step = NULL, lease_owner = NULL, lease_until = NULL, run_at = $4 \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        let deferred = with_tx!(tx, db => sqlx::query(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(Json(payload))
            .bind(run_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("defer a task"))?;
        ensure_one_row(deferred)
    }

    /// Extends the lease until `until` and saves the task's current step.
    ///
    /// # Errors
    ///
    /// Returns [`LeaseError::Lost`] if the lease was lost.
    pub async fn extend(
        &self,
        tx: &mut Tx,
        until: DateTime<Utc>,
        step: Option<&str>,
    ) -> Result<(), LeaseError> {
        self.renew(tx, until, step).await.map(drop)
    }

    /// Extends the lease until `until`, saves the task's current step and publishes it.
    ///
    /// # Errors
    ///
    /// Returns [`LeaseError::Lost`] if the lease was lost.
    pub async fn enter_step(
        &self,
        tx: &mut Tx,
        until: DateTime<Utc>,
        step: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), LeaseError> {
        let subject = self.renew(tx, until, step).await?;
        tx.publish_step(self.task.id, subject, step, now);
        Ok(())
    }

    async fn renew(
        &self,
        tx: &mut Tx,
        until: DateTime<Utc>,
        step: Option<&str>,
    ) -> Result<TaskSubject, LeaseError> {
        const SQL: &str = "UPDATE task SET lease_until = $3, step = $4 \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running' RETURNING client_id, story_id";
        let renewed: Option<TaskSubject> = with_tx!(tx, db => sqlx::query_as(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(until)
            .bind(step)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("extend a lease"))?;
        Ok(renewed.ok_or(LeaseLost)?)
    }

    /// Puts a task that this worker will not finish back in the queue, as if it had never been claimed.
    ///
    /// Does nothing to the task if the lease was lost.
    pub async fn release(&self, tx: &mut Tx) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE task SET status = 'pending', attempts = attempts - 1, step = NULL, \
             lease_owner = NULL, lease_until = NULL \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        with_tx!(tx, db => sqlx::query(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("release a task"))?;
        tx.notify(TaskNotice::TaskReady);
        Ok(())
    }

    /// Saves the task's progress, from which the next run continues.
    ///
    /// # Errors
    ///
    /// Returns [`LeaseError::Lost`] if the lease was lost; the transaction must not be saved in that case.
    pub async fn save_progress(&self, tx: &mut Tx, payload: &Value) -> Result<(), LeaseError> {
        const SQL: &str = "UPDATE task SET payload = $3 WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        let saved = with_tx!(tx, db => sqlx::query(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(Json(payload))
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("save a task's progress"))?;
        ensure_one_row(saved)
    }

    /// Completes the task with its result, and clears its client, lane and payload. Publishes no event, because nobody
    /// is left who subscribes to it.
    ///
    /// # Errors
    ///
    /// Returns [`LeaseError::Lost`] if the lease was lost; the transaction must not be saved in that case.
    pub async fn complete_anonymously(
        &self,
        tx: &mut Tx,
        result: &Value,
        now: DateTime<Utc>,
    ) -> Result<(), LeaseError> {
        const SQL: &str = "UPDATE task SET status = 'completed', result = $3, error = NULL, \
             step = NULL, lease_owner = NULL, lease_until = NULL, date_completed = $4, \
             payload = $5, lane = NULL, client_id = NULL \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        let completed = with_tx!(tx, db => sqlx::query(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(Json(result))
            .bind(now)
            .bind(Json(Value::Object(serde_json::Map::new())))
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("complete a task"))?;
        ensure_one_row(completed)?;
        tx.notify_ended(self.task.id);
        Ok(())
    }

    /// Clears the client, lane and payload of a task that is about to be completed.
    ///
    /// # Errors
    ///
    /// Returns [`LeaseError::Lost`] if the lease was lost; the transaction must not be saved in that case.
    pub async fn anonymize(&self, tx: &mut Tx) -> Result<(), LeaseError> {
        const SQL: &str = "UPDATE task SET payload = $3, lane = NULL, client_id = NULL \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        let empty = Json(Value::Object(serde_json::Map::new()));
        let anonymized = with_tx!(tx, db => sqlx::query(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(empty)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("anonymize a task"))?;
        ensure_one_row(anonymized)
    }
}

fn ensure_one_row(rows: u64) -> Result<(), LeaseError> {
    if rows == 1 { Ok(()) } else { Err(LeaseLost.into()) }
}
