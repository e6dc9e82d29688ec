//! Files without a row: what a kill left behind.

use std::collections::HashSet;
use std::ops::Range;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

use super::Files;
use crate::app::AppError;
use crate::domain::ObjectKey;
use crate::objects::Stray;

/// How old a file without a row must be before nobody can be about to write that row: far more than any frame takes.
pub(in crate::app) const GRACE: TimeDelta = TimeDelta::hours(2);

/// File times may lag behind the clock by a tick of the kernel's.
const TICK: TimeDelta = TimeDelta::seconds(1);

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
    pub(in crate::app) async fn sweep(&self, started: DateTime<Utc>) -> Result<usize, AppError> {
        let now = self.clock.now();
        let alone_until = if self.store.is_sqlite() { started - TICK } else { now - GRACE };
        let until = alone_until.max(now - GRACE);
        let Some(since) = self.store.swept_until().await? else { return Ok(0) };
        let span = SystemTime::from(since - TICK)..SystemTime::from(until);
        let left = self.left_behind(span).await?;
        let removed = left.len();
        remove_strays(left).await;
        let mut tx = self.store.begin().await?;
        tx.note_sweep(until.max(since)).await?;
        tx.save().await?;
        if removed > 0 {
            tracing::info!(removed, "files that nothing refers to were removed");
        }
        Ok(removed)
    }

    /// Files changed within `span` that bear a name of Calliope's own making and have no row, and those that were never
    /// finished.
    pub(in crate::app) async fn left_behind(
        &self,
        span: Range<SystemTime>,
    ) -> Result<Vec<Stray>, AppError> {
        let mut strays = self.local.strays(span).await?;
        strays.retain(|stray| stray.key.as_deref().is_none_or(is_ours));
        let keys = strays.iter().filter_map(|stray| stray.key.clone()).collect();
        let unknown: HashSet<String> = self.store.unknown_keys(keys).await?.into_iter().collect();
        strays.retain(|stray| stray.key.as_ref().is_none_or(|key| unknown.contains(key)));
        Ok(strays)
    }
}

/// Removes files; one that is gone already is as good.
pub(in crate::app) async fn remove_strays(strays: Vec<Stray>) {
    for stray in strays {
        let _ = tokio::fs::remove_file(&stray.path).await;
    }
}

/// Returns whether a key has a form that only Calliope gives: `media/{uuid}.{ext}`, `input/…_in.{ext}`,
/// `audio/{client}/{uuid}.{ext}` or `voice_profiles/{client}/{profile}/sample_{n}.{ext}`. A text that is no key is never
/// one of these.
pub(in crate::app) fn is_ours(key: &str) -> bool {
    key.parse::<ObjectKey>().is_ok_and(|key| key.is_generated())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_own_making_are_swept() {
        assert!(is_ours("media/0197f2c4-5b1e-7c3a-9d1e-000000000000.png"));
        assert!(is_ours("input/sparrow_20261123T070417382226_00000007_in.jpg"));
        assert!(is_ours("audio/s/0197f2c4-5b1e-7c3a-9d1e-000000000000.wav"));
        assert!(is_ours("voice_profiles/s/oma/sample_1883478348348.flac"));
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
            assert!(!is_ours(theirs), "{theirs}");
        }
    }
}
