//! Removes files whose rows were deleted.

use chrono::TimeDelta;
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;

use super::Files;
use crate::app::AppError;
use crate::app::jobs::{RemoveFiles, TaskOutcome};
use crate::domain::ObjectKey;
use crate::store::Lease;

/// How long a removal is deferred that the disk or the bucket refused.
const RETRY_INTERVAL: TimeDelta = TimeDelta::minutes(1);

impl Files {
    /// Runs a claimed removal task. While a backup is being made, the task is deferred, because the backup may still
    /// need the files. It is also deferred while the disk or the bucket fails, because nothing else removes the files.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database fails; the task is then retried.
    pub async fn remove_files(
        &self,
        lease: &Lease,
        job: RemoveFiles,
    ) -> Result<TaskOutcome, AppError> {
        let now = self.clock.now();
        if let Some(until) = self.store.deletion_paused_until().await?.filter(|until| *until > now)
        {
            return self.jobs.defer(lease, &job, until).await;
        }
        let removed = job.keys.len();
        if let Err(error) = self.remove_everywhere(job.keys.clone()).await {
            warn_of_failure(&error);
            return self.jobs.defer(lease, &job, now + RETRY_INTERVAL).await;
        }
        let mut tx = self.store.begin().await?;
        // File names may reveal which client the files belonged to.
        lease.anonymize(&mut tx).await?;
        lease.complete(&mut tx, &Value::from(removed), self.clock.now()).await?;
        tx.save().await?;
        Ok(TaskOutcome::Completed)
    }

    /// Removes files from this machine's disk and from the bucket, and tells other instances, which remove their copies.
    pub(in crate::app) async fn remove_everywhere(
        &self,
        keys: Vec<String>,
    ) -> Result<(), AppError> {
        self.local.remove_keys(keys.clone()).await?;
        if let Some(bucket) = &self.bucket {
            bucket.remove_all(&keys).await?;
        }
        self.store.announce_removed_files(&keys).await?;
        Ok(())
    }

    /// Removes this machine's copies of files that other instances remove, until dropped. What it misses, the search for
    /// orphans finds.
    pub async fn remove_with_other_instances(&self) {
        let mut removals = self.store.subscribe_to_removed_files();
        loop {
            match removals.recv().await {
                Ok(keys) => {
                    // A notice is not a row, so only keys of this service are believed.
                    let keys = keys.iter().filter_map(|key| key.parse().ok()).collect();
                    self.local.remove_best_effort(keys).await;
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Removes files that were just written and whose rows will not be inserted. Ignores errors, because orphan removal
    /// deletes what is left. Does not wait for the bucket.
    pub(in crate::app) async fn discard(&self, keys: Vec<ObjectKey>) {
        if let Some(bucket) = self.bucket.clone() {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            tokio::spawn(async move {
                if let Err(error) = bucket.remove_all(&keys).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(error, "files that are not needed stay in the bucket");
                }
            });
        }
        self.local.remove_best_effort(keys).await;
    }
}

fn warn_of_failure(error: &AppError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "files cannot be removed; trying again later");
}
