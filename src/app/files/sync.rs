//! The way of files into the bucket. A row says of each whether it is there: what could not be put in time for its
//! frame's answer waits in its row, and every process puts what its disk has until nothing waits any more.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use uuid::Uuid;

use super::{Files, MediaFormat};
use crate::app::jobs::TaskOutcome;
use crate::app::{AppError, ErrorKind};
use crate::domain::ObjectKey;
use crate::objects::{Bucket, BucketError, LocalStoreError};
use crate::store::{Lease, MediaObject};

/// Files that are put at once.
const CONCURRENT_UPLOADS: usize = 8;

/// Rows that are looked at in one go.
const ROWS_PER_PAGE: i64 = 100;

/// How old the oldest file may be that is not in the bucket before the log warns.
const MAX_SYNC_LAG: TimeDelta = TimeDelta::hours(1);

/// Where the marks of installations are in a bucket.
pub(in crate::app) const INSTALLATION_MARKER_PREFIX: &str = ".calliope/";

/// What a run of the sync came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncSummary {
    /// Files that are in the bucket now.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files that the bucket did not take.
    pub refused: usize,
    /// Files that are not on this machine's disk, or not as they were kept.
    pub missing: usize,
}

/// What became of one file.
enum SyncOutcome {
    Stored(u64),
    Refused,
    Missing,
}

impl Files {
    /// Writes files, and has them in the bucket too, if that is quick.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the disk fails. A bucket that fails is no error: its turn comes later.
    pub(in crate::app) async fn write_files(
        &self,
        files: Vec<(ObjectKey, Bytes)>,
    ) -> Result<Option<DateTime<Utc>>, AppError> {
        let Some(bucket) = &self.bucket else {
            self.local.put_all(files).await?;
            return Ok(None);
        };
        self.local.put_all(files.clone()).await?;
        Ok(self.try_upload_now(bucket, files).await)
    }

    /// Writes files to this machine's disk alone.
    pub(in crate::app) async fn write_local(
        &self,
        files: Vec<(ObjectKey, Bytes)>,
    ) -> Result<(), AppError> {
        Ok(self.local.put_all(files).await?)
    }

    /// The bytes of a file on this machine's disk.
    pub(in crate::app) async fn read_local(&self, key: &str) -> Result<Vec<u8>, LocalStoreError> {
        self.local.read(key).await
    }

    /// Whether all of these are in the bucket before a frame's answer has waited for too long.
    pub(in crate::app) async fn try_upload_now(
        &self,
        bucket: &Bucket,
        files: Vec<(ObjectKey, Bytes)>,
    ) -> Option<DateTime<Utc>> {
        let put = files.into_iter().map(|(key, bytes)| async move {
            bucket.put(&key.to_string(), bytes, media_type(&key)).await
        });
        let all = async { join_all(put).await.into_iter().collect::<Result<(), BucketError>>() };
        let timeout = Duration::from_secs(self.settings.inline_upload_seconds);
        match tokio::time::timeout(timeout, all).await {
            Ok(Ok(())) => Some(self.clock.now()),
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "files are put into the bucket later");
                None
            }
            Err(_elapsed) => None,
        }
    }

    /// A file's row with the note that it is in the bucket.
    pub(in crate::app) fn with_sync_state(
        &self,
        object: MediaObject,
        since: Option<DateTime<Utc>>,
    ) -> MediaObject {
        let location = self.bucket.as_ref().map(|bucket| bucket.location(&object.key));
        MediaObject { location: since.and(location), date_synced: since, ..object }
    }

    /// Syncs for a claimed task, and ends it.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database or the bucket fails; the task is tried again then.
    pub async fn sync_media(&self, lease: &Lease) -> Result<TaskOutcome, AppError> {
        let lost = self.requeue_lost_files().await?;
        let done = self.sync_and_recover(|_| ()).await?;
        if done.refused > 0 {
            let detail =
                format!("The bucket refused {} files; they are tried again.", done.refused);
            return Err(AppError::new(ErrorKind::Unavailable, detail));
        }
        let result = json!({"files": done.files, "bytes": done.bytes, "missing": done.missing, "lost": lost});
        self.jobs.complete(lease, &result).await
    }

    /// Puts every file into the bucket that is not there and that this machine has. `each` hears of each file.
    pub async fn sync(&self, on_progress: impl Fn(&SyncSummary)) -> Result<SyncSummary, AppError> {
        self.sync_rows(false, on_progress).await
    }

    /// The same, and looks of what this machine's disk has not whether the bucket has it already: from before, or from
    /// another instance. That asks the bucket of each.
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
            let mut puts = stream::iter(rows)
                .map(|object| async move { self.sync_file(bucket, &object, should_recover).await })
                .buffer_unordered(CONCURRENT_UPLOADS);
            while let Some(put) = puts.next().await {
                match put? {
                    SyncOutcome::Stored(bytes) => {
                        done.files += 1;
                        done.bytes += bytes;
                    }
                    SyncOutcome::Refused => done.refused += 1,
                    SyncOutcome::Missing => done.missing += 1,
                }
                on_progress(&done);
            }
            // A bucket that takes nothing is left alone until the next run.
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
        let Ok(bytes) = self.local.read(&object.key).await else {
            return if should_recover {
                self.recover_from_bucket(bucket, object).await
            } else {
                Ok(SyncOutcome::Missing)
            };
        };
        let bytes = Bytes::from(bytes);
        let length = bytes.len() as u64;
        if self.sha256(bytes.clone()).await? != object.sha256 {
            tracing::error!(
                key = object.key,
                "a file is not as it was kept; it is not put into the bucket"
            );
            return Ok(SyncOutcome::Missing);
        }
        if self.is_already_synced(bucket, object).await? {
            return Ok(SyncOutcome::Stored(length));
        }
        if let Err(error) = bucket.put(&object.key, bytes, &object.content_type).await {
            if matches!(error, BucketError::LengthMismatch { .. }) {
                // Whoever put it before us, and noted that, has lost it by this.
                let mut tx = self.store.begin().await?;
                tx.mark_unsynced(object).await?;
                tx.save().await?;
            }
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a file is put into the bucket later"
            );
            return Ok(SyncOutcome::Refused);
        }
        self.mark_synced(bucket, object).await?;
        Ok(SyncOutcome::Stored(length))
    }

    /// Whether another process was quicker. A put that fails half-way must not take the place of one that went well.
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
        // An upload may have been replaced by another of its length; all else never changes.
        let is_there = object.kind != "upload"
            && bucket.size(&object.key).await.ok().flatten() == Some(object.size.unsigned_abs());
        if is_there {
            self.mark_synced(bucket, object).await?;
        }
        Ok(is_there)
    }

    /// What this disk has not, the bucket may have.
    async fn recover_from_bucket(
        &self,
        bucket: &Bucket,
        object: &MediaObject,
    ) -> Result<SyncOutcome, AppError> {
        let size = object.size.unsigned_abs();
        match bucket.size(&object.key).await {
            Ok(Some(there)) if there == size => {}
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

    /// Has files that are noted as in another bucket than the one in use put into this one: an installation may have moved.
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
                "files were in another bucket; they are put into this one"
            );
        }
        Ok(())
    }

    /// Looks for files that were noted as there and that the bucket has not, or not as long as they are, and that this
    /// machine's disk still has; how many will be put there again. What neither has, a verification names.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database or the bucket fails.
    pub async fn requeue_lost_files(&self) -> Result<u64, AppError> {
        let Some(bucket) = &self.bucket else { return Ok(0) };
        let there = list_sizes(bucket).await?;
        let mut lost = 0;
        let mut pages = pin!(self.store.files());
        while let Some(rows) = pages.try_next().await? {
            for object in rows {
                let is_there = there.get(&object.key) == Some(&object.size.unsigned_abs());
                if object.date_synced.is_none() || is_there || !self.local.exists(&object.key).await
                {
                    continue;
                }
                // It may have come there since the bucket was listed.
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

    /// Leaves a mark in the bucket, by which other installations that use it see that its files are not theirs alone.
    async fn write_installation_marker(&self, bucket: &Bucket) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        let mark = tx.set_bucket_marker(Some(&Uuid::now_v7().to_string())).await?;
        tx.save().await?;
        let mark = format!("{INSTALLATION_MARKER_PREFIX}{}", mark.unwrap_or_default());
        bucket.put(&mark, Bytes::from_static(b"calliope\n"), "text/plain").await?;
        Ok(())
    }

    /// Warns when a file waits for the bucket for too long.
    pub async fn warn_about_sync_lag(&self) -> Result<(), AppError> {
        let unsynced = self.store.sync_backlog().await?;
        if let Some(oldest) = unsynced.oldest
            && self.clock.now() - oldest > MAX_SYNC_LAG
        {
            let files = unsynced.files;
            tracing::warn!(files, %oldest, "files wait for the bucket for more than an hour");
        }
        Ok(())
    }
}

/// What a bucket has, and how long each is.
pub(in crate::app) async fn list_sizes(
    bucket: &Bucket,
) -> Result<HashMap<String, u64>, BucketError> {
    bucket.list().map_ok(|object| (object.key, object.size)).try_collect().await
}

/// Returns the media type that a key's extension stands for.
fn media_type(key: &ObjectKey) -> &'static str {
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
