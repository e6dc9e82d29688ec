//! Writes new files where every instance can read them before anyone is told that they exist.
//!
//! Each file goes to this machine's disk. If other instances may have other disks, it also goes to the bucket or, if the
//! bucket does not take it in time, into its row, from which it is uploaded later. Small inputs go into their rows at once.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;

use super::Files;
use super::sync::media_type;
use crate::app::{AppError, ErrorKind};
use crate::domain::ObjectKey;
use crate::objects::{Bucket, BucketError};
use crate::store::{MAX_INPUT_IN_ROW, MediaObject};

/// The most bytes that rows hold until the bucket has them. If a bucket is away for so long that they are reached, inputs
/// are refused, and finished media wait on the disk of the instance that made them.
const MAX_HELD_BYTES: u64 = 1 << 30;

/// How long a client that was refused should wait, in seconds.
const RETRY_SECONDS: u64 = 30;

/// Where new files are besides this machine's disk.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Placement {
    /// When the bucket got them, except those that rows hold; `None` if it does not have them yet.
    synced: Option<DateTime<Utc>>,
    /// The files that their rows hold, by key.
    held: HashMap<String, Bytes>,
}

impl Placement {
    /// Returns whether the bucket has the files.
    pub(in crate::app) const fn is_synced(&self) -> bool {
        self.synced.is_some()
    }
}

impl Files {
    /// Returns the bucket if other instances may have other disks. On SQLite there are none, because one process uses the
    /// database.
    fn shared_bucket(&self) -> Option<&Bucket> {
        self.bucket.as_ref().filter(|_| !self.store.is_sqlite())
    }

    /// Writes files to the disk and, if that is fast enough, to the bucket. Returns where they are, for their rows.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the disk fails. A failing bucket is not an error, because the files are uploaded later.
    pub(in crate::app) async fn write_files(
        &self,
        files: Vec<(ObjectKey, Bytes)>,
    ) -> Result<Placement, AppError> {
        let Some(bucket) = &self.bucket else {
            self.local.put_all(files).await?;
            return Ok(Placement::default());
        };
        self.local.put_all(files.clone()).await?;
        let synced = self.try_upload_now(bucket, files.clone()).await;
        let mut held = HashMap::new();
        if synced.is_none() && self.shared_bucket().is_some() && self.can_hold(&files).await? {
            held = files.into_iter().map(|(key, bytes)| (key.to_string(), bytes)).collect();
        }
        Ok(Placement { synced, held })
    }

    /// Writes the inputs of an order, and returns their rows with where they are. The disk and the bucket are written at the
    /// same time.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the disk fails, and [`ErrorKind::Unavailable`] if the bucket has been away for so long that
    /// no other instance could read the inputs. No file is left then.
    pub(in crate::app) async fn write_inputs(
        &self,
        files: Vec<(ObjectKey, Bytes)>,
        objects: Vec<MediaObject>,
    ) -> Result<Vec<MediaObject>, AppError> {
        let Some(bucket) = self.shared_bucket() else {
            self.local.put_all(files).await?;
            return Ok(objects);
        };
        let is_large = |(_, bytes): &&(ObjectKey, Bytes)| bytes.len() > MAX_INPUT_IN_ROW;
        let large: Vec<_> = files.iter().filter(is_large).cloned().collect();
        let upload = async {
            if large.is_empty() { None } else { self.try_upload_now(bucket, large.clone()).await }
        };
        let (written, synced) = tokio::join!(self.local.put_all(files.clone()), upload);
        let can_accept = match written {
            Ok(()) if synced.is_some() || large.is_empty() || self.can_hold(&large).await? => {
                Ok(())
            }
            Ok(()) => Err(bucket_away()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = can_accept {
            self.discard(files.into_iter().map(|(key, _)| key).collect()).await;
            return Err(error);
        }
        let in_row = |bytes: &Bytes| synced.is_none() || bytes.len() <= MAX_INPUT_IN_ROW;
        let held = files.into_iter().filter(|(_, bytes)| in_row(bytes));
        let held = held.map(|(key, bytes)| (key.to_string(), bytes)).collect();
        let placement = Placement { synced, held };
        Ok(objects.into_iter().map(|object| self.with_sync_state(object, &placement)).collect())
    }

    /// Returns a file's row with its location and the time of its upload, or with the file itself.
    pub(in crate::app) fn with_sync_state(
        &self,
        object: MediaObject,
        placement: &Placement,
    ) -> MediaObject {
        let content = placement.held.get(&object.key).cloned();
        let date_synced = placement.synced.filter(|_| content.is_none());
        let location = self.bucket.as_ref().map(|bucket| bucket.location(&object.key));
        MediaObject { location: date_synced.and(location), date_synced, content, ..object }
    }

    /// Stores a file in its row that could not be uploaded to the bucket in time, if other instances may need it.
    pub(in crate::app) async fn hold_until_synced(
        &self,
        object: &MediaObject,
        key: ObjectKey,
        bytes: Bytes,
    ) -> Result<(), AppError> {
        let file = [(key, bytes)];
        if self.shared_bucket().is_none() || !self.can_hold(&file).await? {
            return Ok(());
        }
        let [(_, bytes)] = file;
        let mut tx = self.store.begin().await?;
        tx.hold_content(object, &bytes).await?;
        Ok(tx.save().await?)
    }

    /// Uploads files to the bucket, but gives up after `inline_upload_seconds`, because a response waits for it. Returns
    /// the time of the upload, or `None` unless all files were uploaded. If an upload failed a moment ago, does not try.
    pub(in crate::app) async fn try_upload_now(
        &self,
        bucket: &Bucket,
        files: Vec<(ObjectKey, Bytes)>,
    ) -> Option<DateTime<Utc>> {
        if !bucket.takes_uploads() {
            return None;
        }
        let uploads = files.into_iter().map(|(key, bytes)| async move {
            bucket.put(&key.to_string(), bytes, media_type(&key)).await
        });
        let all =
            async { join_all(uploads).await.into_iter().collect::<Result<(), BucketError>>() };
        let timeout = Duration::from_secs(self.settings.inline_upload_seconds);
        let uploaded = tokio::time::timeout(timeout, all).await;
        bucket.record_upload(matches!(uploaded, Ok(Ok(()))));
        match uploaded {
            Ok(Ok(())) => Some(self.clock.now()),
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "upload to the bucket failed; uploading again later");
                None
            }
            Err(_elapsed) => None,
        }
    }

    /// Returns whether rows may hold these files until the bucket has them.
    async fn can_hold(&self, files: &[(ObjectKey, Bytes)]) -> Result<bool, AppError> {
        let new: u64 = files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let held = u64::try_from(self.store.bytes_held_for_bucket().await?).unwrap_or(0);
        Ok(held.saturating_add(new) <= MAX_HELD_BYTES)
    }
}

fn bucket_away() -> AppError {
    let detail =
        "The bucket takes no files, and too many wait for it already; send this again later.";
    let error = AppError::new(ErrorKind::Unavailable, detail);
    AppError { retry_after_seconds: Some(RETRY_SECONDS), ..error }
}
