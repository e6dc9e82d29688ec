//! Copies files to the bucket. Each file's row records whether the bucket has it. A file that could not be uploaded
//! before its frame's response was due stays unsynced, and every process uploads the unsynced files on its own disk
//! until none are left. It also uploads those that rows hold for instances that have stopped.

use std::collections::HashMap;
use std::pin::pin;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use uuid::Uuid;

use super::{Files, MediaFormat};
use crate::app::jobs::TaskOutcome;
use crate::app::{AppError, ErrorKind};
use crate::domain::ObjectKey;
use crate::objects::{Bucket, BucketError};
use crate::store::{Lease, MediaObject};

/// Number of files that are uploaded concurrently.
const CONCURRENT_UPLOADS: usize = 8;

/// Number of rows that one query lists.
const ROWS_PER_PAGE: i64 = 100;

/// Age of the oldest unsynced file from which the log warns.
const MAX_SYNC_LAG: TimeDelta = TimeDelta::hours(1);

/// How long an instance leaves the upload of a file to the instance that has it on its disk.
const OTHERS_FIRST: TimeDelta = TimeDelta::seconds(30);

/// Prefix of the installation markers in a bucket, which show which installations use it.
pub(in crate::app) const INSTALLATION_MARKER_PREFIX: &str = ".calliope/";

/// Counts of what a sync run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncSummary {
    /// Number of files that are now in the bucket.
    pub files: usize,
    /// Total size of `files`, in bytes.
    pub bytes: u64,
    /// Number of files whose upload failed.
    pub refused: usize,
    /// Number of files that are missing or corrupt on this machine's disk.
    pub missing: usize,
}

/// The result for one file.
enum SyncOutcome {
    Stored(u64),
    Refused,
    Missing,
}

impl Files {
    /// Runs a claimed sync task.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database or the bucket fails; the task is then retried.
    pub async fn sync_media(&self, lease: &Lease) -> Result<TaskOutcome, AppError> {
        let lost = self.requeue_lost_files().await?;
        let done = self.sync_and_recover(|_| ()).await?;
        if done.refused > 0 {
            let files = done.refused;
            let detail =
                format!("The bucket refused {files} files; they are uploaded again later.");
            return Err(AppError::new(ErrorKind::Unavailable, detail));
        }
        let result = json!({"files": done.files, "bytes": done.bytes, "missing": done.missing, "lost": lost});
        self.jobs.complete(lease, &result).await
    }

    /// Uploads every unsynced file that this machine's disk has. Calls `on_progress` after each file.
    pub async fn sync(&self, on_progress: impl Fn(&SyncSummary)) -> Result<SyncSummary, AppError> {
        self.sync_rows(false, on_progress).await
    }

    /// Does the same as [`Self::sync`], and also checks whether the bucket already has the unsynced files that this
    /// machine's disk lacks, from an earlier or another instance. That takes a bucket request for each such file.
    pub async fn sync_and_recover(
        &self,
        on_progress: impl Fn(&SyncSummary),
    ) -> Result<SyncSummary, AppError> {
        self.sync_rows(true, on_progress).await
    }

    async fn sync_rows(
        &self,
        should_recover: bool,
        on_progress: impl Fn(&SyncSummary),
    ) -> Result<SyncSummary, AppError> {
        let mut done = SyncSummary::default();
        let Some(bucket) = &self.bucket else { return Ok(done) };
        let mut after = (DateTime::UNIX_EPOCH, String::new());
        loop {
            let rows = self.store.unsynced_files((after.0, &after.1), ROWS_PER_PAGE).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            after = (last.date_created, last.key.clone());
            let mut outcomes = stream::iter(rows)
                .map(|object| async move { self.sync_file(bucket, &object, should_recover).await })
                .buffer_unordered(CONCURRENT_UPLOADS);
            while let Some(outcome) = outcomes.next().await {
                match outcome? {
                    SyncOutcome::Stored(bytes) => {
                        done.files += 1;
                        done.bytes += bytes;
                    }
                    SyncOutcome::Refused => done.refused += 1,
                    SyncOutcome::Missing => done.missing += 1,
                }
                on_progress(&done);
            }
            // If the bucket accepts nothing, the run ends; the next one tries again.
            if done.refused > 0 && done.files == 0 {
                return Ok(done);
            }
        }
    }

    async fn sync_file(
        &self,
        bucket: &Bucket,
        object: &MediaObject,
        should_recover: bool,
    ) -> Result<SyncOutcome, AppError> {
        let bytes = match self.local.read(&object.key).await {
            Ok(bytes) => Some(Bytes::from(bytes)),
            Err(_) => self.content_of_other_instance(object).await?,
        };
        let Some(bytes) = bytes else {
            return if should_recover {
                self.recover_from_bucket(bucket, object).await
            } else {
                Ok(SyncOutcome::Missing)
            };
        };
        let length = bytes.len() as u64;
        if self.sha256(bytes.clone()).await? != object.sha256 {
            tracing::error!(key = object.key, "file on disk is corrupt; not uploading it");
            return Ok(SyncOutcome::Missing);
        }
        if self.is_already_synced(bucket, object).await? {
            return Ok(SyncOutcome::Stored(length));
        }
        if let Err(error) = bucket.put(&object.key, bytes, &object.content_type).await {
            if matches!(error, BucketError::LengthMismatch { .. }) {
                // The failed upload may have overwritten a copy that another process uploaded and marked as synced.
                let mut tx = self.store.begin().await?;
                tx.mark_unsynced(object).await?;
                tx.save().await?;
            }
            tracing::warn!(
                key = object.key,
                error = &error as &dyn std::error::Error,
                "upload to the bucket failed; uploading again later"
            );
            return Ok(SyncOutcome::Refused);
        }
        self.mark_synced(bucket, object).await?;
        Ok(SyncOutcome::Stored(length))
    }

    /// Returns a file from its row that another instance has not uploaded although it had the time, because it stopped.
    async fn content_of_other_instance(
        &self,
        object: &MediaObject,
    ) -> Result<Option<Bytes>, AppError> {
        if self.clock.now() - object.date_created < OTHERS_FIRST {
            return Ok(None);
        }
        let row = self.store.media_object_with_content(&object.key).await?;
        Ok(row.and_then(|row| row.content))
    }

    /// Returns whether another process has uploaded the file already, or has removed or replaced it. An upload that
    /// fails half-way must not overwrite a good copy.
    async fn is_already_synced(
        &self,
        bucket: &Bucket,
        object: &MediaObject,
    ) -> Result<bool, AppError> {
        let row = self.store.media_object(&object.key).await?;
        let Some(row) = row.filter(|row| row.sha256 == object.sha256) else { return Ok(true) };
        if row.date_synced.is_some() {
            return Ok(true);
        }
        // A user's upload may have been replaced by another of the same length; all other files never change.
        let is_present = object.kind != "upload"
            && bucket.size(&object.key).await.ok().flatten() == Some(object.size.unsigned_abs());
        if is_present {
            self.mark_synced(bucket, object).await?;
        }
        Ok(is_present)
    }

    /// Checks whether the bucket has an intact copy of a file that this disk lacks, and marks it as synced if so.
    async fn recover_from_bucket(
        &self,
        bucket: &Bucket,
        object: &MediaObject,
    ) -> Result<SyncOutcome, AppError> {
        let size = object.size.unsigned_abs();
        match bucket.size(&object.key).await {
            Ok(Some(found)) if found == size => {}
            Ok(_) => return Ok(SyncOutcome::Missing),
            Err(_) => return Ok(SyncOutcome::Refused),
        }
        let Ok(Some(bytes)) = bucket.get(&object.key).await else {
            return Ok(SyncOutcome::Refused);
        };
        if self.sha256(bytes).await? != object.sha256 {
            return Ok(SyncOutcome::Missing);
        }
        self.mark_synced(bucket, object).await?;
        Ok(SyncOutcome::Stored(size))
    }

    pub(in crate::app) async fn mark_synced(
        &self,
        bucket: &Bucket,
        object: &MediaObject,
    ) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        let location = bucket.location(&object.key);
        tx.mark_synced(object, &location, self.clock.now()).await?;
        tx.save().await?;
        Ok(())
    }

    /// Marks all files as unsynced whose location is in another bucket than the configured one, so that they are
    /// uploaded to it. Does nothing if the bucket has not changed since the last start.
    pub async fn reset_sync_after_bucket_change(&self) -> Result<(), AppError> {
        let Some(bucket) = &self.bucket else { return Ok(()) };
        if self.store.bucket_url().await?.as_deref() == Some(bucket.url()) {
            return Ok(());
        }
        let mut files = 0;
        let mut pages = pin!(self.store.files());
        while let Some(rows) = pages.try_next().await? {
            let mut tx = self.store.begin().await?;
            for object in rows {
                let is_here = object.location.as_deref() == Some(&*bucket.location(&object.key));
                if object.date_synced.is_some() && !is_here {
                    tx.mark_unsynced(&object).await?;
                    files += 1;
                }
            }
            tx.save().await?;
        }
        self.write_installation_marker(bucket).await?;
        let mut tx = self.store.begin().await?;
        tx.set_bucket_url(bucket.url()).await?;
        tx.save().await?;
        if files > 0 {
            let bucket = bucket.url();
            tracing::warn!(
                files,
                bucket,
                "files are in another bucket; uploading them to this one"
            );
        }
        Ok(())
    }

    /// Marks files as unsynced again that are missing or truncated in the bucket although their rows say otherwise, and
    /// that this machine's disk still has. Returns how many. Files that neither has are reported by [`Self::verify`].
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database or the bucket fails.
    pub async fn requeue_lost_files(&self) -> Result<u64, AppError> {
        let Some(bucket) = &self.bucket else { return Ok(0) };
        let present = list_sizes(bucket).await?;
        let mut lost = 0;
        let mut pages = pin!(self.store.files());
        while let Some(rows) = pages.try_next().await? {
            for object in rows {
                let is_present = present.get(&object.key) == Some(&object.size.unsigned_abs());
                if object.date_synced.is_none()
                    || is_present
                    || !self.local.exists(&object.key).await
                {
                    continue;
                }
                // The file may have been uploaded since the bucket was listed.
                if bucket.size(&object.key).await? != Some(object.size.unsigned_abs()) {
                    let mut tx = self.store.begin().await?;
                    tx.mark_unsynced(&object).await?;
                    tx.save().await?;
                    lost += 1;
                }
            }
        }
        Ok(lost)
    }

    /// Writes this installation's marker to the bucket, which tells other installations that they share the bucket.
    async fn write_installation_marker(&self, bucket: &Bucket) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        let id = tx.set_bucket_marker(Some(&Uuid::now_v7().to_string())).await?;
        tx.save().await?;
        let key = format!("{INSTALLATION_MARKER_PREFIX}{}", id.unwrap_or_default());
        bucket.put(&key, Bytes::from_static(b"calliope\n"), "text/plain").await?;
        Ok(())
    }

    /// Logs a warning if a file has been unsynced for more than an hour.
    pub async fn warn_about_sync_lag(&self) -> Result<(), AppError> {
        let backlog = self.store.sync_backlog().await?;
        if let Some(oldest) = backlog.oldest
            && self.clock.now() - oldest > MAX_SYNC_LAG
        {
            let files = backlog.files;
            tracing::warn!(files, %oldest, "files have not been uploaded for more than an hour");
        }
        Ok(())
    }
}

/// Returns the keys of all objects in a bucket with their sizes in bytes.
pub(in crate::app) async fn list_sizes(
    bucket: &Bucket,
) -> Result<HashMap<String, u64>, BucketError> {
    bucket.list().map_ok(|object| (object.key, object.size)).try_collect().await
}

/// Returns the media type for a key's extension.
pub(super) fn media_type(key: &ObjectKey) -> &'static str {
    MediaFormat::from_key(key).map_or("application/octet-stream", |kind| kind.media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_media_type_of_its_extension() {
        for (key, expected) in [
            ("media/Holiday.PNG", "image/png"),
            ("media/a.b.raw", "image/rgb565"),
            ("input/s_20261123T070417382226_00000007_in.mp4", "video/mp4"),
            ("audio/s/0197f2c4-5b1e-7c3a-9d1e-000000000000.pcm", "application/octet-stream"),
            ("voice_profiles/s/oma/sample_1.flac", "audio/flac"),
        ] {
            let key = key.parse().expect("a key");
            assert_eq!(media_type(&key), expected, "{key}");
        }
    }
}
