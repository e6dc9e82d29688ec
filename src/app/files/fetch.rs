//! Reaching files wherever they are: on this machine's disk, else in the bucket, from where they come back to the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::TryStreamExt;
use tokio::sync::Mutex;

use super::Files;
use crate::app::AppError;
use crate::objects::{Bucket, BucketError, LocalStoreError, ObjectStream};
use crate::store::MediaObject;

/// Files that come back at once at most.
const LOCK_SHARDS: usize = 32;

/// How long a use that was noted stands for those that follow.
const LAST_USE_RESOLUTION: Duration = Duration::from_mins(10);

/// Where a file can be read.
#[derive(Debug)]
pub enum FileLocation {
    /// There.
    OnDisk(PathBuf),
    /// Here: the disk does not take it.
    InMemory(Bytes),
}

/// Has those who want the same file at once wait for one of them to fetch it. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::app) struct FetchLocks(Arc<[Mutex<()>]>);

impl Default for FetchLocks {
    fn default() -> Self {
        Self((0..LOCK_SHARDS).map(|_| Mutex::new(())).collect())
    }
}

impl FetchLocks {
    fn lock_for(&self, key: &str) -> &Mutex<()> {
        let sum = key.bytes().fold(0_usize, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into()));
        &self.0[sum % LOCK_SHARDS]
    }
}

impl Files {
    /// Where a file can be read, fetched from the bucket if need be; `None` where nobody has it as it was kept.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the bucket, the database or the disk fails.
    pub async fn locate(&self, key: &str) -> Result<Option<FileLocation>, AppError> {
        if let Some(last) = self.local.last_use(key).await {
            let now = SystemTime::from(self.clock.now());
            let is_long_ago =
                now.duration_since(last).map_or(true, |ago| ago > LAST_USE_RESOLUTION);
            if self.bucket.is_some() && is_long_ago {
                self.local.record_use(key, now).await;
            }
            return Ok(Some(FileLocation::OnDisk(self.local.path_of(key))));
        }
        self.fetch_from_bucket(key).await
    }

    /// The bytes of a file; `None` where nobody has it as it was kept.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the disk or the bucket fails.
    pub(in crate::app) async fn read_bytes(&self, key: &str) -> Result<Option<Bytes>, AppError> {
        // The disk may give a file up, for what is asked for more, between our look and the opening.
        for _ in 0..2 {
            match self.locate(key).await? {
                None => return Ok(None),
                Some(FileLocation::InMemory(bytes)) => return Ok(Some(bytes)),
                Some(FileLocation::OnDisk(_)) => match self.local.read(key).await {
                    Ok(bytes) => return Ok(Some(bytes.into())),
                    Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error.into()),
                },
            }
        }
        Ok(None)
    }

    async fn fetch_from_bucket(&self, key: &str) -> Result<Option<FileLocation>, AppError> {
        let Some(bucket) = &self.bucket else { return Ok(None) };
        let Some(object) = self.store.media_object(key).await? else { return Ok(None) };
        if object.date_synced.is_none() {
            return Ok(None);
        }
        let _alone = self.fetch_locks.lock_for(key).lock().await;
        if self.local.exists(key).await {
            return Ok(Some(FileLocation::OnDisk(self.local.path_of(key))));
        }
        match self.fetch_to_disk(bucket, &object).await {
            Ok(true) => Ok(Some(FileLocation::OnDisk(self.local.path_of(key)))),
            Ok(false) => Ok(None),
            Err(FetchError::Bucket(error)) => Err(error.into()),
            // A disk that is full or cannot be written must not keep anyone from what is safe elsewhere.
            Err(FetchError::Disk(error)) => {
                warn_of_disk(&error);
                self.fetch_to_memory(bucket, object).await
            }
        }
    }

    /// False where the bucket has it not, or not as it was kept.
    async fn fetch_to_disk(
        &self,
        bucket: &Bucket,
        object: &MediaObject,
    ) -> Result<bool, FetchError> {
        let streamed = bucket.stream(&object.key).await?;
        let is_as_long = |there: &ObjectStream| there.length == object.size.unsigned_abs();
        let Some(mut streamed) = streamed.filter(is_as_long) else { return Ok(false) };
        let mut writing = self.local.begin_write(&object.key).await?;
        while let Some(piece) = streamed.chunks.try_next().await? {
            writing = writing.append(piece).await?;
        }
        let written = writing.finish().await?;
        if written.sha256 != object.sha256 {
            tracing::error!(key = object.key, "what the bucket has is not what was kept");
            return Ok(false);
        }
        written.staged.commit().await?;
        Ok(true)
    }

    async fn fetch_to_memory(
        &self,
        bucket: &Bucket,
        object: MediaObject,
    ) -> Result<Option<FileLocation>, AppError> {
        let Some(bytes) = bucket.get(&object.key).await? else { return Ok(None) };
        let is_whole = self.sha256(bytes.clone()).await? == object.sha256;
        Ok(is_whole.then_some(FileLocation::InMemory(bytes)))
    }
}

fn warn_of_disk(error: &LocalStoreError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "a file is served from the bucket alone");
}

/// Which of two failed.
enum FetchError {
    Bucket(BucketError),
    Disk(LocalStoreError),
}

impl From<BucketError> for FetchError {
    fn from(error: BucketError) -> Self {
        Self::Bucket(error)
    }
}

impl From<LocalStoreError> for FetchError {
    fn from(error: LocalStoreError) -> Self {
        Self::Disk(error)
    }
}
