//! Orphans: files without a row, which a killed process left behind.

use std::collections::HashSet;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;

use super::Files;
use super::sync::INSTALLATION_MARKER_PREFIX;
use crate::app::{AppError, ErrorKind};
use crate::domain::ObjectKey;
use crate::objects::{Bucket, ListedObject, LocalFile};

/// Age from which a file without a row counts as an orphan. No instance can still be about to write its row, because
/// making a frame takes far less time.
pub(in crate::app) const GRACE: TimeDelta = TimeDelta::hours(2);

/// How long the bucket may take to list its inputs.
const LIST_TIMEOUT: Duration = Duration::from_mins(2);

/// How far file times may lag behind the clock: the kernel updates them once per tick.
const FILE_TIME_SLACK: TimeDelta = TimeDelta::seconds(1);

impl Files {
    /// Removes the orphans on this machine's disk and returns how many. `started` is the time at which this process
    /// started, before it accepted any work. On SQLite no other process writes or deletes rows, so every older file
    /// without a row is an orphan, and only files that were modified since the last run are checked.
    ///
    /// On PostgreSQL, an orphan is older than [`GRACE`]. All files are checked, because other instances delete rows of
    /// files that this disk has, and what one instance has checked says nothing about the disk of another.
    ///
    /// Only files with a name that only Calliope generates are checked, so that files of other programs, or from before
    /// this database, are left alone.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database or the disk fails; the next run removes what is left.
    pub(in crate::app) async fn remove_local_orphans(
        &self,
        started: DateTime<Utc>,
    ) -> Result<usize, AppError> {
        let is_sqlite = self.store.is_sqlite();
        let known_until = self.clock.now() - GRACE;
        let until =
            if is_sqlite { known_until.max(started - FILE_TIME_SLACK) } else { known_until };
        let since = if is_sqlite {
            self.store.orphans_checked_until().await?
        } else {
            self.store.installed_at().await?
        };
        let Some(since) = since else { return Ok(0) };
        let span = SystemTime::from(since - FILE_TIME_SLACK)..SystemTime::from(until.max(since));
        let orphans = self.find_local_orphans(span).await?;
        let removed = orphans.len();
        remove_orphan_files(orphans).await;
        if is_sqlite {
            let mut tx = self.store.begin().await?;
            tx.set_orphans_checked_until(until.max(since)).await?;
            tx.save().await?;
        }
        if removed > 0 {
            tracing::info!(removed, "orphaned files removed");
        }
        Ok(removed)
    }

    /// Returns files modified within `span` that have a name that only Calliope generates and no row, and files whose
    /// write was never finished.
    pub(in crate::app) async fn find_local_orphans(
        &self,
        span: Range<SystemTime>,
    ) -> Result<Vec<LocalFile>, AppError> {
        let mut files = self.local.list_modified_within(span).await?;
        files.retain(|file| file.key.as_deref().is_none_or(is_generated_key));
        let keys = files.iter().filter_map(|file| file.key.clone()).collect();
        let unknown: HashSet<String> = self.store.unknown_keys(keys).await?.into_iter().collect();
        files.retain(|file| file.key.as_ref().is_none_or(|key| unknown.contains(key)));
        Ok(files)
    }
}

impl Files {
    /// Removes from the bucket the inputs without a row, which orders left that were not accepted, and returns how many.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database or the bucket fails; the next run removes what is left.
    pub async fn remove_input_orphans(&self) -> Result<usize, AppError> {
        let (Some(bucket), Some(since)) = (&self.bucket, self.store.installed_at().await?) else {
            return Ok(0);
        };
        let span = since..self.clock.now() - GRACE;
        let finding = self.find_bucket_orphans(bucket, Some("input"), span);
        let orphans = match tokio::time::timeout(LIST_TIMEOUT, finding).await {
            Ok(found) => found?,
            Err(_elapsed) => {
                let detail = "The bucket did not list its inputs in time.";
                return Err(AppError::new(ErrorKind::Unavailable, detail));
            }
        };
        bucket.remove_all(&orphans).await?;
        Ok(orphans.len())
    }

    /// Returns the keys of the bucket's objects that were put within `span`, have a name that only Calliope generates, and
    /// have no row. `folder` is the first segment of the keys, or `None` for all. In a bucket that another installation
    /// uses too, returns none, because the objects may belong to that installation.
    pub(super) async fn find_bucket_orphans(
        &self,
        bucket: &Bucket,
        folder: Option<&str>,
        span: Range<DateTime<Utc>>,
    ) -> Result<Vec<String>, AppError> {
        let marker = self.store.bucket_marker().await?.unwrap_or_default();
        let own = format!("{INSTALLATION_MARKER_PREFIX}{marker}");
        let markers = bucket.list_folder(INSTALLATION_MARKER_PREFIX.trim_end_matches('/'));
        let markers: Vec<ListedObject> = markers.try_collect().await?;
        let mut others: Vec<String> = markers.into_iter().map(|marker| marker.key).collect();
        others.retain(|key| key.starts_with(INSTALLATION_MARKER_PREFIX) && *key != own);
        if !others.is_empty() {
            let markers = others.join(", ");
            tracing::warn!(
                markers,
                "another installation uses this bucket; keeping files without a row (if that installation no longer exists, remove its marker)"
            );
            return Ok(Vec::new());
        }
        let mut suspects = Vec::new();
        let mut listed = folder.map_or_else(|| bucket.list(), |folder| bucket.list_folder(folder));
        while let Some(object) = listed.try_next().await? {
            if span.contains(&object.modified) && is_generated_key(&object.key) {
                suspects.push(object.key);
            }
        }
        Ok(self.store.unknown_keys(suspects).await?)
    }
}

/// Removes files and ignores errors; the next run tries again.
pub(in crate::app) async fn remove_orphan_files(files: Vec<LocalFile>) {
    for file in files {
        let _ = tokio::fs::remove_file(&file.path).await;
    }
}

/// Returns whether a key has a form that only Calliope generates: `media/{uuid}.{ext}`, `input/…_in.{ext}`,
/// `audio/{client}/{uuid}.{ext}` or `voice_profiles/{client}/{profile}/sample_{n}.{ext}`. Returns false for a string
/// that is not a valid key.
pub(in crate::app) fn is_generated_key(key: &str) -> bool {
    key.parse::<ObjectKey>().is_ok_and(|key| key.is_generated())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_own_making_are_swept() {
        assert!(is_generated_key("media/0197f2c4-5b1e-7c3a-9d1e-000000000000.png"));
        assert!(is_generated_key("input/sparrow_20261123T070417382226_00000007_in.jpg"));
        assert!(is_generated_key("audio/s/0197f2c4-5b1e-7c3a-9d1e-000000000000.wav"));
        assert!(is_generated_key("voice_profiles/s/oma/sample_1883478348348.flac"));
        for theirs in [
            "audio/holiday.wav",
            "voice_profiles/s/oma/notes.txt",
            "media/holiday.png",
            "media/readme",
            "input/letter.jpg",
            "input/letter_in.txt",
            "other/x_in.jpg",
            "media/../media/0197f2c4-5b1e-7c3a-9d1e-000000000000.png",
            "audio/../0197f2c4-5b1e-7c3a-9d1e-000000000000.wav",
            "voice_profiles/sample_1.flac",
        ] {
            assert!(!is_generated_key(theirs), "{theirs}");
        }
    }
}
