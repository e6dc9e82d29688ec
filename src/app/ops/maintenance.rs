//! Maintenance: the sync and the cleaning that admins order, the retention that comes daily, and the sweep after kills.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Ops;
use crate::app::idempotency::Idempotency;
use crate::app::identity::Identities;
use crate::app::jobs::{ApplyRetention, Subject, SyncMedia};
use crate::app::{AppError, ErrorKind};

/// How often retention has its turn.
const RETENTION_INTERVAL: TimeDelta = TimeDelta::hours(24);

/// How long what was told, done and called is remembered.
const EVENT_RETENTION: TimeDelta = TimeDelta::days(7);
const TASK_RETENTION: TimeDelta = TimeDelta::days(30);
const CALL_RETENTION: TimeDelta = TimeDelta::days(400);

impl Ops {
    /// Has everything put into the bucket that it lacks; the task's id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where there is no bucket.
    pub async fn enqueue_sync(&self) -> Result<Uuid, AppError> {
        if !self.files.has_bucket() {
            let detail = "There is no bucket; set CLOUD_ENV and CALLIOPE_BUCKET_NAME.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let mut tx = self.store.begin().await?;
        let id = self.jobs.enqueue(&mut tx, Subject::default(), &SyncMedia {}).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Has media cleaned up; the task's id.
    pub async fn enqueue_cleanup(&self, order: &ApplyRetention) -> Result<Uuid, AppError> {
        let mut tx = self.store.begin().await?;
        let id = self.jobs.enqueue(&mut tx, Subject::default(), order).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Orders the cleaning that the settings ask for, once a day for all instances together.
    pub async fn enqueue_retention(&self) -> Result<(), AppError> {
        let Some(order) = self.files.retention_job() else { return Ok(()) };
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.claim_maintenance(now, now - RETENTION_INTERVAL).await? {
            return Ok(());
        }
        self.jobs.enqueue(&mut tx, Subject::default(), &order).await?;
        tx.save().await?;
        Ok(())
    }

    /// Removes what a kill left behind and what is past its time: files without a row, idempotency keys, sessions,
    /// pairings, events, tasks and the records of calls. `started` is when this process began, before it took any work.
    ///
    /// Returns how many files were removed.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database or the disk fails; what is left is for the next sweep.
    pub async fn run_maintenance(&self, started: DateTime<Utc>) -> Result<usize, AppError> {
        let removed = self.files.remove_local_orphans(started).await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        Idempotency::delete_expired(&mut tx, now).await?;
        Identities::delete_expired(&mut tx, now).await?;
        tx.delete_old_records(now - EVENT_RETENTION, now - TASK_RETENTION, now - CALL_RETENTION)
            .await?;
        tx.save().await?;
        Ok(removed)
    }
}
