//! Status and settings of file storage that other services need.

use std::time::Duration;

use bytes::Bytes;

use super::Files;
use crate::app::AppError;
use crate::app::jobs::ApplyRetention;
use crate::objects::{Bucket, BucketError, LocalStoreError};
use crate::store::{MediaObject, MediaUsage, SyncBacklog};

/// How long a health check waits for the bucket.
const BUCKET_TIMEOUT: Duration = Duration::from_secs(2);

/// The result of a bucket health check.
#[derive(Debug)]
pub(in crate::app) enum BucketHealth {
    /// The bucket answered.
    Ok,
    /// The bucket answered with an error.
    Failing(BucketError),
    /// The bucket did not answer in time.
    TimedOut,
}

impl Files {
    /// Returns whether files are copied to a bucket.
    #[must_use]
    pub fn has_bucket(&self) -> bool {
        self.bucket.is_some()
    }

    /// Returns the bucket's URL, or `None` if no bucket is configured.
    #[must_use]
    pub fn bucket_url(&self) -> Option<&str> {
        self.bucket.as_ref().map(Bucket::url)
    }

    /// Checks the bucket by asking for an object that need not exist. Returns `None` if no bucket is configured.
    pub(in crate::app) async fn bucket_health(&self) -> Option<BucketHealth> {
        let bucket = self.bucket.as_ref()?;
        let result = tokio::time::timeout(BUCKET_TIMEOUT, bucket.size("media/ready")).await;
        Some(match result {
            Ok(Ok(_)) => BucketHealth::Ok,
            Ok(Err(error)) => BucketHealth::Failing(error),
            Err(_elapsed) => BucketHealth::TimedOut,
        })
    }

    /// Checks that files can be written to this machine's disk.
    pub(in crate::app) async fn check_disk(&self) -> Result<(), LocalStoreError> {
        self.local.check().await
    }

    /// Returns the number, size and age of the files that are not in the bucket yet.
    pub async fn sync_backlog(&self) -> Result<SyncBacklog, AppError> {
        Ok(self.store.sync_backlog().await?)
    }

    /// Returns the storage usage by client, kind and month.
    pub async fn usage(&self) -> Result<Vec<MediaUsage>, AppError> {
        Ok(self.store.media_usage().await?)
    }

    /// Returns the daily retention job, or `None` if the settings keep media for ever.
    #[must_use]
    pub fn retention_job(&self) -> Option<ApplyRetention> {
        let days = self.settings.retention_days;
        (days > 0).then(|| ApplyRetention {
            older_than: Some(i64::from(days) * 24 * 60 * 60),
            keep: self.settings.retention_exempt,
            dry_run: false,
            actor: "retention".to_owned(),
        })
    }

    /// Returns whether inputs are kept for a while after their frame was told.
    pub(in crate::app) fn should_keep_inputs(&self) -> bool {
        self.settings.input_retention_seconds > 0
    }

    /// Returns a file's bytes from the disk, or else from its row or the bucket. Returns `None` if no copy has the row's
    /// checksum.
    pub(in crate::app) async fn read_verified(
        &self,
        object: &MediaObject,
    ) -> Result<Option<Bytes>, AppError> {
        if let Ok(content) = self.local.read(&object.key).await {
            let content = Bytes::from(content);
            if self.sha256(content.clone()).await? == object.sha256 {
                return Ok(Some(content));
            }
        }
        let row = self.store.media_object_with_content(&object.key).await?;
        let content = match (row.and_then(|row| row.content), &self.bucket) {
            (Some(content), _) => Some(content),
            (None, Some(bucket)) => bucket.get(&object.key).await?,
            (None, None) => None,
        };
        match content {
            Some(content) if self.sha256(content.clone()).await? == object.sha256 => {
                Ok(Some(content))
            }
            _ => Ok(None),
        }
    }
}
