//! Frees disk space: removes expired inputs, and evicts the least recently used files that the bucket holds too.

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

/// Maximum number of inputs that one transaction removes.
const INPUTS_PER_TRANSACTION: i64 = 200;

impl Files {
    /// Removes inputs older than the retention period and returns how many.
    pub async fn remove_expired_inputs(&self) -> Result<u64, AppError> {
        let retention = i64::try_from(self.settings.input_retention_seconds)
            .ok()
            .and_then(TimeDelta::try_seconds);
        let until = self.clock.now().checked_sub_signed(retention.unwrap_or(TimeDelta::MAX));
        let Some(until) = until else { return Ok(0) };
        let mut removed = 0;
        loop {
            let mut tx = self.store.begin().await?;
            let keys = tx.delete_inputs(until, INPUTS_PER_TRANSACTION).await?;
            if keys.is_empty() {
                return Ok(removed);
            }
            removed += keys.len() as u64;
            self.jobs.enqueue_file_removal(&mut tx, keys).await?;
            tx.save().await?;
        }
    }

    /// Removes files that the bucket holds too from the disk, least recently used first, until the rest fits into the
    /// configured cache size. Does nothing if no bucket is configured or the cache size is 0 (unlimited).
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database, the disk or the bucket fails.
    pub async fn evict_cache(
        &self,
        dry_run: bool,
        done: &mut CleanupSummary,
    ) -> Result<(), AppError> {
        let Some(bucket) = &self.bucket else { return Ok(()) };
        if self.settings.cache_mebibytes == 0 {
            return Ok(());
        }
        let max_bytes = self.settings.cache_mebibytes.saturating_mul(1 << 20);
        let mut files: Vec<(ObjectKey, LocalFile)> = Vec::new();
        for file in self.local.list_all().await? {
            let key = file.key.as_deref().and_then(|key| key.parse().ok());
            files.extend(key.filter(|key: &ObjectKey| !key.is_input()).map(|key| (key, file)));
        }
        let mut bytes: u64 = files.iter().map(|(_, file)| file.size).sum();
        if bytes <= max_bytes {
            return Ok(());
        }
        files.sort_by_key(|(_, file)| file.used);
        for (key, file) in files {
            if bytes <= max_bytes {
                break;
            }
            let Some(object) = self.store.media_object(&key.to_string()).await? else {
                // Another instance may have removed a file that this disk still has.
                let until = SystemTime::from(self.clock.now() - GRACE);
                if key.is_generated() && file.modified < until {
                    done.orphans += 1;
                    bytes -= file.size;
                    if !dry_run {
                        let _ = tokio::fs::remove_file(&file.path).await;
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
            bytes -= file.size;
            done.evicted += 1;
            done.evicted_bytes += file.size;
        }
        Ok(())
    }

    /// Removes a file from the disk if the bucket's copy has the right checksum. Returns whether the file was removed.
    async fn evict_file(&self, bucket: &Bucket, object: &MediaObject) -> Result<bool, AppError> {
        if object.date_compared.is_none() && !is_bucket_copy_intact(bucket, object).await? {
            tracing::error!(key = object.key, "bucket copy is missing or corrupt; uploading again");
            let mut tx = self.store.begin().await?;
            tx.mark_unsynced(object).await?;
            tx.save().await?;
            return Ok(false);
        }
        let mut tx = self.store.begin().await?;
        let at = object.date_compared.unwrap_or_else(|| self.clock.now());
        // The transaction locks the row while the file is removed, so that no upload can replace it in between.
        if !tx.mark_compared(object, at).await? {
            return Ok(false);
        }
        self.local.remove_keys(vec![object.key.clone()]).await?;
        tx.save().await?;
        Ok(true)
    }
}

/// Reads the bucket's copy of a file to its end and returns whether length and checksum match the row.
async fn is_bucket_copy_intact(bucket: &Bucket, object: &MediaObject) -> Result<bool, AppError> {
    let streamed = bucket.stream(&object.key).await?;
    let has_same_length = |copy: &ObjectStream| copy.length == object.size.unsigned_abs();
    let Some(mut streamed) = streamed.filter(has_same_length) else { return Ok(false) };
    let mut sum = Sha256::new();
    while let Some(chunk) = streamed.chunks.try_next().await? {
        // A chunk is some ten kilobytes long, so hashing it takes less than a tenth of a millisecond.
        sum.update(&chunk);
    }
    Ok(sum.finalize().as_slice() == object.sha256)
}
