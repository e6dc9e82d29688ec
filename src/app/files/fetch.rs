//! Locates and reads files: on this machine's disk, or else in their rows or in the bucket. A file from the bucket is
//! fetched back to the disk, unless it is an input, which is needed once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::TryStreamExt;
use tokio::sync::Mutex;

use super::Files;
use crate::app::{AppError, ErrorKind};
use crate::domain::ObjectKey;
use crate::objects::{Bucket, BucketError, LocalStoreError, ObjectStream};
use crate::store::MediaObject;

/// Number of locks, which bounds how many files can be fetched from the bucket at once.
const LOCK_SHARDS: usize = 32;

/// How long the bucket is asked for an input although it fails.
const INPUT_PATIENCE: Duration = Duration::from_mins(1);

/// Time between two attempts to read an input.
const INPUT_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Minimum time between two updates of a file's last use, so that not every read touches the disk's metadata.
const LAST_USE_RESOLUTION: Duration = Duration::from_mins(10);

/// Where a file can be read.
#[derive(Debug)]
pub enum FileLocation {
    /// On the disk, at this path.
    OnDisk(PathBuf),
    /// In memory, because the disk does not have it.
    InMemory {
        /// The content.
        bytes: Bytes,
        /// The row of the file, with which the content was compared.
        object: Box<MediaObject>,
    },
}

/// Locks that let only one caller fetch a given file from the bucket while the others wait. Clones share the locks.
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
    /// Returns where a file can be read, after fetching it from the bucket if necessary. Returns `None` if no intact copy
    /// is on this disk, in its row or in the bucket.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the bucket, the database or the disk fails.
    pub async fn locate(&self, key: &str) -> Result<Option<FileLocation>, AppError> {
        if let Some(last) = self.local.last_use(key).await {
            let now = SystemTime::from(self.clock.now());
            let is_stale = now.duration_since(last).map_or(true, |ago| ago > LAST_USE_RESOLUTION);
            if self.bucket.is_some() && is_stale {
                self.local.record_use(key, now).await;
            }
            return Ok(Some(FileLocation::OnDisk(self.local.path_of(key))));
        }
        self.fetch(key).await
    }

    /// Returns the bytes of an input of a task. While the bucket that has them fails, asks it again for a minute, so that
    /// a short outage does not use up the attempts of the task.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the disk, the database or, for a minute, the bucket fails.
    pub(in crate::app) async fn read_input(&self, key: &str) -> Result<Option<Bytes>, AppError> {
        let start = Instant::now();
        loop {
            match self.read_bytes(key).await {
                Err(error)
                    if error.kind == ErrorKind::Unavailable && start.elapsed() < INPUT_PATIENCE =>
                {
                    warn_of_missing_input(&error);
                    tokio::time::sleep(INPUT_RETRY_INTERVAL).await;
                }
                read => return read,
            }
        }
    }

    /// Returns the bytes of a file, or `None` if no intact copy is on this disk, in its row or in the bucket.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the disk or the bucket fails.
    pub(in crate::app) async fn read_bytes(&self, key: &str) -> Result<Option<Bytes>, AppError> {
        // The file may be evicted from the disk between `locate` and `read`; then the second attempt fetches it again.
        for _ in 0..2 {
            match self.locate(key).await? {
                None => return Ok(None),
                Some(FileLocation::InMemory { bytes, .. }) => return Ok(Some(bytes)),
                Some(FileLocation::OnDisk(_)) => match self.local.read(key).await {
                    Ok(bytes) => return Ok(Some(bytes.into())),
                    Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error.into()),
                },
            }
        }
        Ok(None)
    }

    /// Returns where a file can be read that is not on the disk.
    async fn fetch(&self, key: &str) -> Result<Option<FileLocation>, AppError> {
        let object = self.store.media_object_with_content(key).await?;
        let Some(mut object) = object else { return Ok(None) };
        if let Some(bytes) = object.content.take() {
            return self.intact_in_memory(bytes, object).await;
        }
        let Some(bucket) = self.bucket.as_ref().filter(|_| object.date_synced.is_some()) else {
            return Ok(None);
        };
        if key.parse::<ObjectKey>().is_ok_and(|key| key.is_input()) {
            return self.fetch_to_memory(bucket, object).await;
        }
        let _guard = self.fetch_locks.lock_for(key).lock().await;
        if self.local.exists(key).await {
            return Ok(Some(FileLocation::OnDisk(self.local.path_of(key))));
        }
        match self.fetch_to_disk(bucket, &object).await {
            Ok(true) => Ok(Some(FileLocation::OnDisk(self.local.path_of(key)))),
            Ok(false) => Ok(None),
            Err(FetchError::Bucket(error)) => Err(error.into()),
            // A full or read-only disk must not make a file unavailable that the bucket has.
            Err(FetchError::Disk(error)) => {
                warn_of_disk_error(&error);
                self.fetch_to_memory(bucket, object).await
            }
        }
    }

    /// Copies a file from the bucket to the disk. Returns false if the bucket's copy is missing or corrupt.
    async fn fetch_to_disk(
        &self,
        bucket: &Bucket,
        object: &MediaObject,
    ) -> Result<bool, FetchError> {
        let streamed = bucket.stream(&object.key).await?;
        let has_same_length = |copy: &ObjectStream| copy.length == object.size.unsigned_abs();
        let Some(mut streamed) = streamed.filter(has_same_length) else { return Ok(false) };
        let mut writer = self.local.begin_write(&object.key).await?;
        while let Some(chunk) = streamed.chunks.try_next().await? {
            writer = writer.append(chunk).await?;
        }
        let written = writer.finish().await?;
        if written.sha256 != object.sha256 {
            tracing::error!(key = object.key, "bucket copy is corrupt");
            return Ok(false);
        }
        written.staged.commit().await?;
        // Eviction compares uses by this clock; a new file's access time is the kernel's.
        self.local.record_use(&object.key, self.clock.now().into()).await;
        Ok(true)
    }

    async fn fetch_to_memory(
        &self,
        bucket: &Bucket,
        object: MediaObject,
    ) -> Result<Option<FileLocation>, AppError> {
        match bucket.get(&object.key).await? {
            Some(bytes) => self.intact_in_memory(bytes, object).await,
            None => Ok(None),
        }
    }

    /// Compares bytes with their row. Returns `None` if they differ.
    async fn intact_in_memory(
        &self,
        bytes: Bytes,
        object: MediaObject,
    ) -> Result<Option<FileLocation>, AppError> {
        let is_intact = self.sha256(bytes.clone()).await? == object.sha256;
        let object = Box::new(object);
        Ok(is_intact.then_some(FileLocation::InMemory { bytes, object }))
    }
}

fn warn_of_missing_input(error: &AppError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "input cannot be read; trying again");
}

fn warn_of_disk_error(error: &LocalStoreError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "disk is not writable; serving file from the bucket");
}

/// The side that failed while a file was copied from the bucket to the disk.
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
