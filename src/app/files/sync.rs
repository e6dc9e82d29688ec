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

use super::{Files, MediaKind};
use crate::app::jobs::TaskOutcome;
use crate::app::{AppError, ErrorKind};
use crate::domain::ObjectKey;
use crate::objects::{Bucket, BucketError, ObjectError};
use crate::store::{Lease, MediaObject};

/// Files that are put at once.
const AT_ONCE: usize = 8;

/// Rows that are looked at in one go.
const ROWS: i64 = 100;

/// How old the oldest file may be that is not in the bucket before the log warns.
const TOO_OLD: TimeDelta = TimeDelta::hours(1);

/// Where the marks of installations are in a bucket.
pub(in crate::app) const MARKS: &str = ".calliope/";

/// What a run of the sync came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Synced {
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
enum Put {
    There(u64),
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
        Ok(self.put_soon(bucket, files).await)
    }

    /// Writes files to this machine's disk alone.
    pub(in crate::app) async fn write_here(
        &self,
        files: Vec<(ObjectKey, Bytes)>,
    ) -> Result<(), AppError> {
        Ok(self.local.put_all(files).await?)
    }

    /// The bytes of a file on this machine's disk.
    pub(in crate::app) async fn read_here(&self, key: &str) -> Result<Vec<u8>, ObjectError> {
        self.local.read(key).await
    }

    /// Whether all of these are in the bucket before a frame's answer has waited for too long.
    pub(in crate::app) async fn put_soon(
        &self,
        bucket: &Bucket,
        files: Vec<(ObjectKey, Bytes)>,
    ) -> Option<DateTime<Utc>> {
        let put = files.into_iter().map(|(key, bytes)| async move {
            bucket.put(&key.to_string(), bytes, media_type(&key)).await
        });
        let all = async { join_all(put).await.into_iter().collect::<Result<(), BucketError>>() };
        let patience = Duration::from_secs(self.rules.inline_upload_seconds);
        match tokio::time::timeout(patience, all).await {
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
    pub(in crate::app) fn synced(
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
        let lost = self.look_for_lost().await?;
        let done = self.sync_and_adopt(|_| ()).await?;
        if done.refused > 0 {
            let detail =
                format!("The bucket refused {} files; they are tried again.", done.refused);
            return Err(AppError::new(ErrorKind::Unavailable, detail));
        }
        let result = json!({"files": done.files, "bytes": done.bytes, "missing": done.missing, "lost": lost});
        self.jobs.complete(lease, &result).await
    }

    /// Puts every file into the bucket that is not there and that this machine has. `each` hears of each file.
    pub async fn sync(&self, each: impl Fn(&Synced)) -> Result<Synced, AppError> {
        self.sync_rows(false, each).await
    }

    /// The same, and looks of what this machine's disk has not whether the bucket has it already: from before, or from
    /// another instance. That asks the bucket of each.
    pub async fn sync_and_adopt(&self, each: impl Fn(&Synced)) -> Result<Synced, AppError> {
        self.sync_rows(true, each).await
    }

    async fn sync_rows(&self, adopts: bool, each: impl Fn(&Synced)) -> Result<Synced, AppError> {
        let mut done = Synced::default();
        let Some(bucket) = &self.bucket else { return Ok(done) };
        let mut after = (DateTime::UNIX_EPOCH, String::new());
        loop {
            let rows = self.store.unsynced_files((after.0, &after.1), ROWS).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            after = (last.date_created, last.key.clone());
            let mut puts = stream::iter(rows)
                .map(|object| async move { self.sync_one(bucket, &object, adopts).await })
                .buffer_unordered(AT_ONCE);
            while let Some(put) = puts.next().await {
                match put? {
                    Put::There(bytes) => {
                        done.files += 1;
                        done.bytes += bytes;
                    }
                    Put::Refused => done.refused += 1,
                    Put::Missing => done.missing += 1,
                }
                each(&done);
            }
            // A bucket that takes nothing is left alone until the next run.
            if done.refused > 0 && done.files == 0 {
                return Ok(done);
            }
        }
    }

    async fn sync_one(
        &self,
        bucket: &Bucket,
        object: &MediaObject,
        adopts: bool,
    ) -> Result<Put, AppError> {
        let Ok(bytes) = self.local.read(&object.key).await else {
            return if adopts { self.adopt(bucket, object).await } else { Ok(Put::Missing) };
        };
        let bytes = Bytes::from(bytes);
        let length = bytes.len() as u64;
        if self.sum(bytes.clone()).await? != object.sha256 {
            tracing::error!(
                key = object.key,
                "a file is not as it was kept; it is not put into the bucket"
            );
            return Ok(Put::Missing);
        }
        if self.is_there_by_now(bucket, object).await? {
            return Ok(Put::There(length));
        }
        if let Err(error) = bucket.put(&object.key, bytes, &object.content_type).await {
            if matches!(error, BucketError::Changed { .. }) {
                // Whoever put it before us, and noted that, has lost it by this.
                let mut tx = self.store.begin().await?;
                tx.note_unsynced(object).await?;
                tx.save().await?;
            }
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a file is put into the bucket later"
            );
            return Ok(Put::Refused);
        }
        self.note_there(bucket, object).await?;
        Ok(Put::There(length))
    }

    /// Whether another process was quicker. A put that fails half-way must not take the place of one that went well.
    async fn is_there_by_now(
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
            self.note_there(bucket, object).await?;
        }
        Ok(is_there)
    }

    /// What this disk has not, the bucket may have.
    async fn adopt(&self, bucket: &Bucket, object: &MediaObject) -> Result<Put, AppError> {
        let size = object.size.unsigned_abs();
        match bucket.size(&object.key).await {
            Ok(Some(there)) if there == size => {}
            Ok(_) => return Ok(Put::Missing),
            Err(_) => return Ok(Put::Refused),
        }
        let Ok(Some(bytes)) = bucket.get(&object.key).await else { return Ok(Put::Refused) };
        if self.sum(bytes).await? != object.sha256 {
            return Ok(Put::Missing);
        }
        self.note_there(bucket, object).await?;
        Ok(Put::There(size))
    }

    pub(in crate::app) async fn note_there(
        &self,
        bucket: &Bucket,
        object: &MediaObject,
    ) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        let location = bucket.location(&object.key);
        tx.note_synced(object, &location, self.clock.now()).await?;
        tx.save().await?;
        Ok(())
    }

    /// Has files that are noted as in another bucket than the one in use put into this one: an installation may have moved.
    pub async fn forget_other_buckets(&self) -> Result<(), AppError> {
        let Some(bucket) = &self.bucket else { return Ok(()) };
        if self.store.noted_bucket().await?.as_deref() == Some(bucket.url()) {
            return Ok(());
        }
        let mut files = 0;
        let mut pages = pin!(self.store.files());
        while let Some(rows) = pages.try_next().await? {
            let mut tx = self.store.begin().await?;
            for object in rows {
                let is_here = object.location.as_deref() == Some(&*bucket.location(&object.key));
                if object.date_synced.is_some() && !is_here {
                    tx.note_unsynced(&object).await?;
                    files += 1;
                }
            }
            tx.save().await?;
        }
        self.leave_mark(bucket).await?;
        let mut tx = self.store.begin().await?;
        tx.note_bucket(bucket.url()).await?;
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
    pub async fn look_for_lost(&self) -> Result<u64, AppError> {
        let Some(bucket) = &self.bucket else { return Ok(0) };
        let there = sizes(bucket).await?;
        let mut lost = 0;
        let mut pages = pin!(self.store.files());
        while let Some(rows) = pages.try_next().await? {
            for object in rows {
                let is_there = there.get(&object.key) == Some(&object.size.unsigned_abs());
                if object.date_synced.is_none() || is_there || !self.local.has(&object.key).await {
                    continue;
                }
                // It may have come there since the bucket was listed.
                if bucket.size(&object.key).await? != Some(object.size.unsigned_abs()) {
                    let mut tx = self.store.begin().await?;
                    tx.note_unsynced(&object).await?;
                    tx.save().await?;
                    lost += 1;
                }
            }
        }
        Ok(lost)
    }

    /// Leaves a mark in the bucket, by which other installations that use it see that its files are not theirs alone.
    async fn leave_mark(&self, bucket: &Bucket) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        let mark = tx.set_mark(Some(&Uuid::now_v7().to_string())).await?;
        tx.save().await?;
        let mark = format!("{MARKS}{}", mark.unwrap_or_default());
        bucket.put(&mark, Bytes::from_static(b"calliope\n"), "text/plain").await?;
        Ok(())
    }

    /// Warns when a file waits for the bucket for too long.
    pub async fn warn_of_old(&self) -> Result<(), AppError> {
        let unsynced = self.store.unsynced().await?;
        if let Some(oldest) = unsynced.oldest
            && self.clock.now() - oldest > TOO_OLD
        {
            let files = unsynced.files;
            tracing::warn!(files, %oldest, "files wait for the bucket for more than an hour");
        }
        Ok(())
    }
}

/// What a bucket has, and how long each is.
pub(in crate::app) async fn sizes(bucket: &Bucket) -> Result<HashMap<String, u64>, BucketError> {
    bucket.list().map_ok(|object| (object.key, object.size)).try_collect().await
}

/// Returns the media type that a key's extension stands for.
fn media_type(key: &ObjectKey) -> &'static str {
    MediaKind::of(key).map_or("application/octet-stream", |kind| kind.media_type)
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
