//! Removes files whose rows were deleted.

use serde_json::Value;

use super::Files;
use crate::app::AppError;
use crate::app::jobs::{RemoveFiles, TaskOutcome};
use crate::domain::ObjectKey;
use crate::store::Lease;

impl Files {
    /// Runs a claimed removal task. While a backup is being made, the task is deferred, because the backup may still
    /// need the files.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if a file cannot be removed; the task is then retried.
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
        self.remove_everywhere(job.keys).await?;
        let mut tx = self.store.begin().await?;
        // File names may reveal which client the files belonged to.
        lease.anonymize(&mut tx).await?;
        lease.complete(&mut tx, &Value::from(removed), self.clock.now()).await?;
        tx.save().await?;
        Ok(TaskOutcome::Completed)
    }

    /// Removes files from this machine's disk and from the bucket.
    pub(in crate::app) async fn remove_everywhere(
        &self,
        keys: Vec<String>,
    ) -> Result<(), AppError> {
        self.local.remove_keys(keys.clone()).await?;
        if let Some(bucket) = &self.bucket {
            bucket.remove_all(&keys).await?;
        }
        Ok(())
    }

    /// Removes files that were just written and whose rows will not be inserted. Ignores errors, because orphan removal
    /// deletes what is left.
    pub(in crate::app) async fn discard(&self, keys: Vec<ObjectKey>) {
        self.local.remove_best_effort(keys).await;
    }
}
