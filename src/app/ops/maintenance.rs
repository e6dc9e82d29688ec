//! Maintenance: the sync and the cleanup that admins start, the daily retention, and the removal of expired records and
//! orphaned files.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Ops;
use crate::app::clients::Shares;
use crate::app::device_commands::DeviceCommands;
use crate::app::idempotency::Idempotency;
use crate::app::identity::Identities;
use crate::app::jobs::{ApplyRetention, Subject, SyncMedia};
use crate::app::{AppError, ErrorKind};
use crate::domain::ClientId;

/// How often the retention task is enqueued.
const RETENTION_INTERVAL: TimeDelta = TimeDelta::hours(24);

/// How long events, ended tasks and records of model calls are kept.
const EVENT_RETENTION: TimeDelta = TimeDelta::days(7);
const TASK_RETENTION: TimeDelta = TimeDelta::days(30);
const CALL_RETENTION: TimeDelta = TimeDelta::days(400);

/// Maximum number of visitors whose erasure one run of the maintenance enqueues.
const MAX_ERASED_VISITORS: i64 = 100;

impl Ops {
    /// Enqueues a task that uploads all unsynced files to the bucket, and returns the task's id.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Conflict`] if no bucket is configured.
    pub async fn enqueue_sync(&self) -> Result<Uuid, AppError> {
        if !self.files.has_bucket() {
            let detail = "No bucket is configured; set CLOUD_ENV and CALLIOPE_BUCKET_NAME.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let mut tx = self.store.begin().await?;
        let id = self.jobs.enqueue(&mut tx, Subject::default(), &SyncMedia {}).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Enqueues a media cleanup and returns the task's id.
    pub async fn enqueue_cleanup(&self, job: &ApplyRetention) -> Result<Uuid, AppError> {
        let mut tx = self.store.begin().await?;
        let id = self.jobs.enqueue(&mut tx, Subject::default(), job).await?;
        tx.save().await?;
        Ok(id)
    }

    /// Enqueues the cleanup that the settings ask for, once a day across all instances. Does nothing if media are kept
    /// for ever.
    pub async fn enqueue_retention(&self) -> Result<(), AppError> {
        let Some(job) = self.files.retention_job() else { return Ok(()) };
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.claim_maintenance(now, now - RETENTION_INTERVAL).await? {
            return Ok(());
        }
        self.jobs.enqueue(&mut tx, Subject::default(), &job).await?;
        tx.save().await?;
        Ok(())
    }

    /// Removes orphaned files, and expired idempotency keys, sessions, pairings, shares, commands, events, tasks and records
    /// of model calls, and enqueues the erasure of visitors whose time is over. `started` is the time at which this process
    /// started, before it accepted any work.
    ///
    /// Returns how many files were removed.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database or the disk fails; the next run removes what is left.
    pub async fn run_maintenance(&self, started: DateTime<Utc>) -> Result<usize, AppError> {
        let removed = self.files.remove_local_orphans(started).await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        Idempotency::delete_expired(&mut tx, now).await?;
        Identities::delete_expired(&mut tx, now).await?;
        Shares::delete_expired(&mut tx, now).await?;
        DeviceCommands::delete_expired(&mut tx, now).await?;
        tx.delete_old_records(now - EVENT_RETENTION, now - TASK_RETENTION, now - CALL_RETENTION)
            .await?;
        tx.save().await?;
        self.erase_expired_visitors().await?;
        Ok(removed)
    }

    /// Enqueues the erasure of visitors whose time is over.
    async fn erase_expired_visitors(&self) -> Result<(), AppError> {
        let now = self.clock.now();
        for client_id in self.store.expired_visitors(now, MAX_ERASED_VISITORS).await? {
            let client_id = ClientId::new(&client_id).map_err(AppError::internal)?;
            self.enqueue_erasure_by("the end of a visitor's time", &client_id).await?;
        }
        Ok(())
    }
}
