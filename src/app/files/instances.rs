//! The instances that share the database. Without a bucket they must share the folders too: each leaves a mark in them that
//! the others look for.

use chrono::TimeDelta;

use super::Files;
use crate::app::AppError;
use crate::objects::NamedFolder;

/// How long ago an instance may have been seen that counts as running. It renews its row three times in this time.
const MAX_SILENCE: TimeDelta = TimeDelta::seconds(30);

/// How long the row and the mark of an instance are kept that was not stopped properly.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(1);

impl Files {
    /// Records that this instance runs, and returns the number of others that do. Without a bucket, leaves marks in the
    /// folders if there are others. Does nothing on SQLite, which serves one process.
    pub async fn announce_instance(&self) -> Result<usize, AppError> {
        if self.store.is_sqlite() {
            return Ok(0);
        }
        let now = self.clock.now();
        let others = self.store.other_instances(now - MAX_SILENCE).await?.len();
        // The mark comes first: an instance that has seen this one since counts on it.
        if others > 0 && self.bucket.is_none() {
            self.local.write_marks(self.store.instance_id()).await?;
        }
        let mut tx = self.store.begin().await?;
        tx.renew_instance(now - FORGOTTEN_AFTER, now).await?;
        tx.save().await?;
        Ok(others)
    }

    /// Removes the row and the marks of this instance, which stops, and marks that other instances left long ago.
    pub async fn withdraw_instance(&self) -> Result<(), AppError> {
        if self.store.is_sqlite() {
            return Ok(());
        }
        if self.bucket.is_none() {
            let forgotten = self.clock.now() - FORGOTTEN_AFTER;
            self.local.remove_marks(self.store.instance_id(), forgotten.into()).await;
        }
        let mut tx = self.store.begin().await?;
        tx.delete_instance().await?;
        Ok(tx.save().await?)
    }

    /// Returns a folder that this instance does not share with another one, although there is no bucket.
    pub async fn unshared_folder(&self) -> Result<Option<NamedFolder>, AppError> {
        if self.store.is_sqlite() || self.bucket.is_some() {
            return Ok(None);
        }
        let others = self.store.acquainted_instances(self.clock.now() - MAX_SILENCE).await?;
        if others.is_empty() {
            return Ok(None);
        }
        Ok(self.local.folder_without_marks(others).await?)
    }
}
