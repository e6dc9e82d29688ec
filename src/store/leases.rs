//! What a worker may do with a task that it has claimed.
//!
//! Every statement here names the lease's owner. If the lease was lost (it ran out and another worker claimed the task,
//! or somebody cancelled the task), no row matches, and the function returns [`LeaseError::Lost`]: the caller must drop
//! its transaction, so that a run that lost its lease keeps nothing.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::tasks::TaskSubject;
use super::{StoreError, Task, TaskNotice, Tx, with_tx};
use crate::domain::TaskStatus;

/// A claimed task, and the owner that the claim gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    task: Task,
    owner: Uuid,
}

/// The task is no longer this worker's; nothing may be saved.
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

    /// The task as it was claimed.
    #[must_use]
    pub const fn task(&self) -> &Task {
        &self.task
    }

    /// Ends the task with its result, and publishes that it is completed.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`], and then nothing of the transaction must be saved.
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
        // The row says whose it is now: a task that forgot its client tells nobody.
        let subject = ended.ok_or(LeaseLost)?;
        tx.publish_task(self.task.id, subject, TaskStatus::Completed, now);
        tx.notify_ended(self.task.id);
        Ok(())
    }

    /// Gives the task up with the error of its last attempt, and publishes that it failed.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`].
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
        .map_err(StoreError::failed("give a task up"))?;
        let subject = ended.ok_or(LeaseLost)?;
        tx.publish_task(self.task.id, subject, TaskStatus::Failed, now);
        tx.notify_ended(self.task.id);
        Ok(())
    }

    /// Has the task tried again at `run_at`, and publishes that it is pending.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`].
    pub async fn retry(
        &self,
        tx: &mut Tx,
        error: &Value,
        run_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), LeaseError> {
        const SQL: &str = "UPDATE task SET status = 'pending', failures = failures + 1, error = $3, \
             step = NULL, lease_owner = NULL, lease_until = NULL, run_at = $4 \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running' RETURNING client_id, story_id";
        let retried: Option<TaskSubject> = with_tx!(tx, db => sqlx::query_as(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(Json(error))
            .bind(run_at)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("put a task back"))?;
        let subject = retried.ok_or(LeaseLost)?;
        tx.publish_task(self.task.id, subject, TaskStatus::Pending, now);
        tx.notify(TaskNotice::TaskReady);
        Ok(())
    }

    /// Puts the task off until `run_at`, with what it knows by then. That it got so far ends a row of failures.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`].
    pub async fn defer(
        &self,
        tx: &mut Tx,
        payload: &Value,
        run_at: DateTime<Utc>,
    ) -> Result<(), LeaseError> {
        const SQL: &str = "UPDATE task SET status = 'pending', failures = 0, error = NULL, payload = $3, \
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
        .map_err(StoreError::failed("put a task off"))?;
        ensure_one_row(deferred)
    }

    /// Keeps the lease until `until`, and notes the step that the task is at.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`].
    pub async fn extend(
        &self,
        tx: &mut Tx,
        until: DateTime<Utc>,
        step: Option<&str>,
    ) -> Result<(), LeaseError> {
        self.renew(tx, until, step).await.map(drop)
    }

    /// Keeps the lease until `until`, and publishes that the task is at another step.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`].
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
        let held: Option<TaskSubject> = with_tx!(tx, db => sqlx::query_as(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(until)
            .bind(step)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("keep a lease"))?;
        Ok(held.ok_or(LeaseLost)?)
    }

    /// Puts a task back that this worker will not finish, as if it had never been claimed. A lease that was lost needs
    /// no putting back.
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

    /// Notes how far the task is, for the next run to go on from there.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`], and then nothing of the transaction must be saved.
    pub async fn save_progress(&self, tx: &mut Tx, payload: &Value) -> Result<(), LeaseError> {
        const SQL: &str = "UPDATE task SET payload = $3 WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        let noted = with_tx!(tx, db => sqlx::query(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(Json(payload))
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("note how far a task is"))?;
        ensure_one_row(noted)
    }

    /// Has the task, which is about to be ended, forget what it was about: whose it is, and what it was to do.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Lost`], and then nothing of the transaction must be saved.
    pub async fn anonymize(&self, tx: &mut Tx) -> Result<(), LeaseError> {
        const SQL: &str = "UPDATE task SET payload = $3, lane = NULL, client_id = NULL \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        let nothing = Json(Value::Object(serde_json::Map::new()));
        let forgotten = with_tx!(tx, db => sqlx::query(SQL)
            .bind(self.task.id)
            .bind(self.owner)
            .bind(nothing)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("forget a task's order"))?;
        ensure_one_row(forgotten)
    }
}

fn ensure_one_row(rows: u64) -> Result<(), LeaseError> {
    if rows == 1 { Ok(()) } else { Err(LeaseLost.into()) }
}
