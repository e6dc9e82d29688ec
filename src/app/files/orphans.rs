//! Orphans: files without a row, which a killed process left behind.

use std::collections::HashSet;
use std::ops::Range;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

use super::Files;
use crate::app::AppError;
use crate::domain::ObjectKey;
use crate::objects::LocalFile;

/// Age from which a file without a row counts as an orphan. No instance can still be about to write its row, because
/// making a frame takes far less time.
pub(in crate::app) const GRACE: TimeDelta = TimeDelta::hours(2);

/// How far file times may lag behind the clock: the kernel updates them once per tick.
const FILE_TIME_SLACK: TimeDelta = TimeDelta::seconds(1);

impl Files {
    /// Removes the orphans on this machine's disk and returns how many. `started` is the time at which this process
    /// started, before it accepted any work. On SQLite no other process writes rows, so every older file without a row
    /// is an orphan. On PostgreSQL only files older than [`GRACE`] are.
    ///
    /// Checks only files that were modified since the last run and have a name that only Calliope generates, so that
    /// files of other programs, or from before this database, are left alone.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database or the disk fails; the next run removes what is left.
    pub(in crate::app) async fn remove_local_orphans(
        &self,
        started: DateTime<Utc>,
    ) -> Result<usize, AppError> {
        let now = self.clock.now();
        let single_process_until =
            if self.store.is_sqlite() { started - FILE_TIME_SLACK } else { now - GRACE };
        let until = single_process_until.max(now - GRACE);
        let Some(since) = self.store.orphans_checked_until().await? else { return Ok(0) };
        let span = SystemTime::from(since - FILE_TIME_SLACK)..SystemTime::from(until);
        let orphans = self.find_local_orphans(span).await?;
        let removed = orphans.len();
        remove_orphan_files(orphans).await;
        let mut tx = self.store.begin().await?;
        tx.set_orphans_checked_until(until.max(since)).await?;
        tx.save().await?;
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
