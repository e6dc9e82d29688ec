//! What others may know of where files are and by which rules they are kept.

use std::time::Duration;

use bytes::Bytes;

use super::Files;
use crate::app::AppError;
use crate::app::jobs::ApplyRetention;
use crate::objects::{Bucket, BucketError, LocalStoreError};
use crate::store::{MediaObject, MediaUsage, SyncBacklog};

/// How long the bucket may take to answer whoever asks how it is.
const BUCKET_TIMEOUT: Duration = Duration::from_secs(2);

/// How a bucket answers.
#[derive(Debug)]
pub(in crate::app) enum BucketHealth {
    /// As it should.
    Ok,
    /// With an error.
    Failing(BucketError),
    /// Not in time.
    TimedOut,
}

impl Files {
    /// Whether files are copied to a bucket.
    #[must_use]
    pub fn has_bucket(&self) -> bool {
        self.bucket.is_some()
    }

    /// The bucket's address, if there is one.
    #[must_use]
    pub fn bucket_url(&self) -> Option<&str> {
        self.bucket.as_ref().map(Bucket::url)
    }

    /// Asks the bucket for a file that need not be there; `None` if there is no bucket.
    pub(in crate::app) async fn bucket_health(&self) -> Option<BucketHealth> {
        let bucket = self.bucket.as_ref()?;
        let answer = tokio::time::timeout(BUCKET_TIMEOUT, bucket.size("media/ready")).await;
        Some(match answer {
            Ok(Ok(_)) => BucketHealth::Ok,
            Ok(Err(error)) => BucketHealth::Failing(error),
            Err(_elapsed) => BucketHealth::TimedOut,
        })
    }

    /// Checks that this machine's disk takes files.
    pub(in crate::app) async fn check_disk(&self) -> Result<(), LocalStoreError> {
        self.local.check().await
    }

    /// Files that are on their way into the bucket.
    pub async fn sync_backlog(&self) -> Result<SyncBacklog, AppError> {
        Ok(self.store.sync_backlog().await?)
    }

    /// What is stored, by client, kind and month.
    pub async fn usage(&self) -> Result<Vec<MediaUsage>, AppError> {
        Ok(self.store.media_usage().await?)
    }

    /// The cleaning that the rules ask for once a day, if they do.
    pub(in crate::app) fn retention_job(&self) -> Option<ApplyRetention> {
        let days = self.settings.retention_days;
        (days > 0).then(|| ApplyRetention {
            older_than: Some(i64::from(days) * 24 * 60 * 60),
            keep: self.settings.retention_keep,
            dry_run: false,
            actor: "retention".to_owned(),
        })
    }

    /// Whether what was sent for a frame is kept for a while after the frame was told.
    pub(in crate::app) fn should_keep_inputs(&self) -> bool {
        self.settings.input_retention > 0
    }

    /// A file's bytes, from the disk or else the bucket, if they are what its row says.
    pub(in crate::app) async fn read_verified(
        &self,
        object: &MediaObject,
    ) -> Result<Option<Bytes>, AppError> {
        let content = match self.local.read(&object.key).await {
            Ok(content) => Some(Bytes::from(content)),
            Err(_) => match &self.bucket {
                Some(bucket) => bucket.get(&object.key).await?,
                None => None,
            },
        };
        match content {
            Some(content) if self.sha256(content.clone()).await? == object.sha256 => {
                Ok(Some(content))
            }
            _ => Ok(None),
        }
    }
}
