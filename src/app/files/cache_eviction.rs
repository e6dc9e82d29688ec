//! What the disk gives up: inputs past their time, and the least used of what is safe in the bucket.

use std::time::SystemTime;

use chrono::TimeDelta;
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};

use super::Files;
use super::orphans::GRACE;
use super::retention::CleanupSummary;
use crate::app::AppError;
use crate::domain::ObjectKey;
use crate::objects::{Bucket, LocalFile, ObjectStream};
use crate::store::MediaObject;

/// Inputs that one transaction removes.
const INPUTS_PER_TRANSACTION: i64 = 200;

impl Files {
    /// Removes inputs past their time; how many.
    pub async fn remove_expired_inputs(&self) -> Result<u64, AppError> {
        let kept =
            i64::try_from(self.settings.input_retention).ok().and_then(TimeDelta::try_seconds);
        let until = self.clock.now().checked_sub_signed(kept.unwrap_or(TimeDelta::MAX));
        let Some(until) = until else { return Ok(0) };
        let mut removed = 0;
        loop {
            let mut tx = self.store.begin().await?;
            let keys = tx.remove_inputs(until, INPUTS_PER_TRANSACTION).await?;
            if keys.is_empty() {
                return Ok(removed);
            }
            removed += keys.len() as u64;
            self.jobs.enqueue_file_removal(&mut tx, keys).await?;
            tx.save().await?;
        }
    }

    /// Has the disk give up what is safe in the bucket, the least lately used first, until the rest is within its bound.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database, the disk or the bucket fails.
    pub async fn evict_cache(
        &self,
        dry_run: bool,
        done: &mut CleanupSummary,
    ) -> Result<(), AppError> {
        let Some(bucket) = &self.bucket else { return Ok(()) };
        if self.settings.cache_mebibytes == 0 {
            return Ok(());
        }
        let most = self.settings.cache_mebibytes.saturating_mul(1 << 20);
        let mut files: Vec<(ObjectKey, LocalFile)> = Vec::new();
        for stray in self.local.list_all().await? {
            let key = stray.key.as_deref().and_then(|key| key.parse().ok());
            files.extend(key.filter(|key: &ObjectKey| !key.is_input()).map(|key| (key, stray)));
        }
        let mut bytes: u64 = files.iter().map(|(_, stray)| stray.size).sum();
        if bytes <= most {
            return Ok(());
        }
        files.sort_by_key(|(_, stray)| stray.used);
        for (key, stray) in files {
            if bytes <= most {
                break;
            }
            let Some(object) = self.store.media_object(&key.to_string()).await? else {
                // Another instance may have removed what this disk still has.
                let until = SystemTime::from(self.clock.now() - GRACE);
                if key.is_generated() && stray.modified < until {
                    done.orphans += 1;
                    bytes -= stray.size;
                    if !dry_run {
                        let _ = tokio::fs::remove_file(&stray.path).await;
                    }
                }
                continue;
            };
            if object.date_synced.is_none() {
                continue;
            }
            if !dry_run && !self.evict_file(bucket, &object).await? {
                continue;
            }
            bytes -= stray.size;
            done.evicted += 1;
            done.evicted_bytes += stray.size;
        }
        Ok(())
    }

    /// Removes a file from the disk once what the bucket has was read and found to be the same; false when it stays.
    async fn evict_file(&self, bucket: &Bucket, object: &MediaObject) -> Result<bool, AppError> {
        if object.date_compared.is_none() && !is_bucket_copy_intact(bucket, object).await? {
            tracing::error!(
                key = object.key,
                "the bucket has a file not, or not as it was kept; it is put there again"
            );
            let mut tx = self.store.begin().await?;
            tx.mark_unsynced(object).await?;
            tx.save().await?;
            return Ok(false);
        }
        let mut tx = self.store.begin().await?;
        let at = object.date_compared.unwrap_or_else(|| self.clock.now());
        // The row is held while the file goes, so that nobody puts another in its place meanwhile.
        if !tx.mark_compared(object, at).await? {
            return Ok(false);
        }
        self.local.remove_keys(vec![object.key.clone()]).await?;
        tx.save().await?;
        Ok(true)
    }
}

/// Whether the bucket has a file as it was kept, read to its end.
async fn is_bucket_copy_intact(bucket: &Bucket, object: &MediaObject) -> Result<bool, AppError> {
    let streamed = bucket.stream(&object.key).await?;
    let is_as_long = |there: &ObjectStream| there.length == object.size.unsigned_abs();
    let Some(mut streamed) = streamed.filter(is_as_long) else { return Ok(false) };
    let mut sum = Sha256::new();
    while let Some(piece) = streamed.chunks.try_next().await? {
        // A piece is some ten kilobytes long: less than a tenth of a millisecond.
        sum.update(&piece);
    }
    Ok(sum.finalize().as_slice() == object.sha256)
}
