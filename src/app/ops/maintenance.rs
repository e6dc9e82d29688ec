//! Maintenance: the sync and the cleaning that admins order, the retention that comes daily, and the sweep after kills.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Ops;
use crate::app::idempotency::Idempotency;
use crate::app::identity::Identities;
use crate::app::jobs::{CleanMedia, Subject, SyncMedia};
use crate::app::{AppError, ErrorKind};

/// How often retention has its turn.
const RETENTION_EVERY: TimeDelta = TimeDelta::hours(24);

/// How long what was told, done and called is remembered.
const EVENTS_KEPT: TimeDelta = TimeDelta::days(7);
const TASKS_KEPT: TimeDelta = TimeDelta::days(30);
const CALLS_KEPT: TimeDelta = TimeDelta::days(400);

impl Ops {
    /// Has everything put into the bucket that it lacks; the task's id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where there is no bucket.
    pub async fn order_sync(&self) -> Result<Uuid, AppError> {
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
    pub async fn order_cleaning(&self, order: &CleanMedia) -> Result<Uuid, AppError> {
        let mut tx = self.store.begin().await?;
        let id = self.jobs.enqueue(&mut tx, Subject::default(), order).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Orders the cleaning that the settings ask for, once a day for all instances together.
    pub async fn order_retention(&self) -> Result<(), AppError> {
        let Some(order) = self.files.retention() else { return Ok(()) };
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.take_cleaning(now, now - RETENTION_EVERY).await? {
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
    pub async fn sweep(&self, started: DateTime<Utc>) -> Result<usize, AppError> {
        let removed = self.files.sweep(started).await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        Idempotency::forget_old(&mut tx, now).await?;
        Identities::forget_old(&mut tx, now).await?;
        tx.forget_records(now - EVENTS_KEPT, now - TASKS_KEPT, now - CALLS_KEPT).await?;
        tx.save().await?;
        Ok(removed)
    }
}
