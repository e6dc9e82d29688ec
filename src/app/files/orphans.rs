//! Files without a row: what a kill left behind.

use std::collections::HashSet;
use std::ops::Range;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

use super::Files;
use crate::app::AppError;
use crate::domain::ObjectKey;
use crate::objects::LocalFile;

/// How old a file without a row must be before nobody can be about to write that row: far more than any frame takes.
pub(in crate::app) const GRACE: TimeDelta = TimeDelta::hours(2);

/// File times may lag behind the clock by a tick of the kernel's.
const FILE_TIME_SLACK: TimeDelta = TimeDelta::seconds(1);

impl Files {
    /// Removes files that a kill left behind without a row; how many. `started` is when this process began, before it
    /// took any work: on SQLite it is alone, so an older file without a row will never have one; otherwise only what is
    /// two hours old is sure to be left behind.
    ///
    /// Only files that were changed since the last sweep and bear a name of Calliope's own making are looked at, so
    /// that a folder shared with something else, or filled before this database was, is left alone.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database or the disk fails; what is left is for the next sweep.
    pub(in crate::app) async fn remove_local_orphans(
        &self,
        started: DateTime<Utc>,
    ) -> Result<usize, AppError> {
        let now = self.clock.now();
        let alone_until =
            if self.store.is_sqlite() { started - FILE_TIME_SLACK } else { now - GRACE };
        let until = alone_until.max(now - GRACE);
        let Some(since) = self.store.orphans_checked_until().await? else { return Ok(0) };
        let span = SystemTime::from(since - FILE_TIME_SLACK)..SystemTime::from(until);
        let left = self.find_local_orphans(span).await?;
        let removed = left.len();
        remove_orphan_files(left).await;
        let mut tx = self.store.begin().await?;
        tx.set_orphans_checked_until(until.max(since)).await?;
        tx.save().await?;
        if removed > 0 {
            tracing::info!(removed, "files that nothing refers to were removed");
        }
        Ok(removed)
    }

    /// Files changed within `span` that bear a name of Calliope's own making and have no row, and those that were never
    /// finished.
    pub(in crate::app) async fn find_local_orphans(
        &self,
        span: Range<SystemTime>,
    ) -> Result<Vec<LocalFile>, AppError> {
        let mut strays = self.local.list_modified_within(span).await?;
        strays.retain(|stray| stray.key.as_deref().is_none_or(is_generated_key));
        let keys = strays.iter().filter_map(|stray| stray.key.clone()).collect();
        let unknown: HashSet<String> = self.store.unknown_keys(keys).await?.into_iter().collect();
        strays.retain(|stray| stray.key.as_ref().is_none_or(|key| unknown.contains(key)));
        Ok(strays)
    }
}

/// Removes files; one that is gone already is as good.
pub(in crate::app) async fn remove_orphan_files(strays: Vec<LocalFile>) {
    for stray in strays {
        let _ = tokio::fs::remove_file(&stray.path).await;
    }
}

/// Returns whether a key has a form that only Calliope gives: `media/{uuid}.{ext}`, `input/…_in.{ext}`,
/// `audio/{client}/{uuid}.{ext}` or `voice_profiles/{client}/{profile}/sample_{n}.{ext}`. A text that is no key is never
/// one of these.
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
