//! Removing what a kill left behind: files without a row, idempotency keys past their time.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

use super::{App, AppError, KEY_LIFE};
use crate::objects::Stray;

/// How old a file without a row must be where other processes may be about to write that row.
const GRACE: TimeDelta = TimeDelta::hours(1);

impl App {
    /// Sweeps. `started` is when this process began: on SQLite it is alone, so what is older and has no row never
    /// will have one; on a shared database only what is [`GRACE`] old is sure to be left behind.
    ///
    /// Returns how many files were removed.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database or the disk fails; what is left is for the next sweep.
    pub async fn sweep(&self, started: DateTime<Utc>) -> Result<usize, AppError> {
        let now = self.clock.now();
        let before = if self.store.is_sqlite() { started } else { now - GRACE };
        let mut removed = 0;
        for stray in self.objects.strays(SystemTime::from(before)).await? {
            if self.is_left_behind(&stray).await? {
                // Already gone is as good.
                let _ = tokio::fs::remove_file(&stray.path).await;
                removed += 1;
            }
        }
        let mut tx = self.store.begin().await?;
        tx.forget_keys(now - KEY_LIFE).await?;
        tx.save().await?;
        if removed > 0 {
            tracing::info!(removed, "files that nothing refers to were removed");
        }
        Ok(removed)
    }

    async fn is_left_behind(&self, stray: &Stray) -> Result<bool, AppError> {
        match &stray.key {
            Some(key) => Ok(self.store.media_object(key).await?.is_none()),
            None => Ok(true),
        }
    }
}
