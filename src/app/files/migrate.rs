//! Migrates an installation's files from one bucket to another. Each file is read back from the destination and
//! compared before it counts as moved. An interrupted migration resumes where it stopped.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use serde::Serialize;
use tokio::sync::Semaphore;

use super::Files;
use super::sync::list_sizes;
use crate::app::{AppError, with_causes};
use crate::domain::ObjectKey;
use crate::objects::Bucket;
use crate::store::MediaObject;

/// Number of files that are copied concurrently.
const CONCURRENT_FILES: usize = 16;

/// Upper bound for the files held in memory at once, in mebibytes.
const MAX_MEMORY_MEBIBYTES: u32 = 192;

/// Number of rows that are updated in one transaction.
const ROWS_PER_TRANSACTION: usize = 200;

/// Counts of what a media migration did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MediaMigrationSummary {
    /// Number of files to move.
    pub files: u64,
    /// Total size of `files`, in bytes.
    pub bytes: u64,
    /// Number of files that are intact at the destination.
    pub moved: u64,
    /// Total size of `moved`, in bytes.
    pub moved_bytes: u64,
    /// Number of `moved` files that the destination had before.
    pub skipped: u64,
    /// Keys of the files that could not be moved, each with the reason.
    pub failed: Vec<(String, String)>,
}

/// The result for one file.
struct MigratedFile {
    key: String,
    size: u64,
    /// The file's row, in which the new location is recorded; `None` if it has none.
    row: Option<MediaObject>,
    outcome: Result<CopyOutcome, String>,
}

enum CopyOutcome {
    Copied,
    AlreadyPresent,
    /// Present at the destination, and its row says so.
    AlreadyRecorded,
}

impl Files {
    /// Copies all files of an installation from one bucket to another and records the new locations in the files' rows.
    /// Calls `on_progress` after each file. With `dry_run`, only counts.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database fails or one of the buckets cannot be listed. Files that cannot be moved
    /// are listed in [`MediaMigrationSummary::failed`].
    pub async fn migrate(
        &self,
        from: &Bucket,
        to: &Bucket,
        dry_run: bool,
        on_progress: impl Fn(&MediaMigrationSummary),
    ) -> Result<MediaMigrationSummary, AppError> {
        let mut found: Vec<(String, u64)> = list_sizes(from).await?.into_iter().collect();
        let is_own_disk = self.settings.root().is_some_and(|root| from.is_folder(&root));
        found.retain(|(key, _)| should_migrate(key, is_own_disk));
        found.sort();
        let present = list_sizes(to).await?;
        let bytes = found.iter().map(|(_, size)| size).sum();
        let mut done = MediaMigrationSummary {
            files: found.len() as u64,
            bytes,
            ..MediaMigrationSummary::default()
        };
        on_progress(&done);
        if dry_run {
            let is_present = |(key, size): &&(String, u64)| present.get(key) == Some(size);
            done.skipped = found.iter().filter(is_present).count() as u64;
            return Ok(done);
        }
        let memory = Arc::new(Semaphore::new(MAX_MEMORY_MEBIBYTES as usize));
        let present = Arc::new(present);
        let mut moves = stream::iter(found)
            .map(|(key, size)| {
                let (memory, present) = (Arc::clone(&memory), Arc::clone(&present));
                async move { self.migrate_file(from, to, key, size, &present, &memory).await }
            })
            .buffer_unordered(CONCURRENT_FILES);
        let mut unrecorded = Vec::new();
        while let Some(moved) = moves.next().await {
            let MigratedFile { key, size, row, outcome } = moved?;
            match outcome {
                Ok(copy) => {
                    done.moved += 1;
                    done.moved_bytes += size;
                    done.skipped += u64::from(!matches!(copy, CopyOutcome::Copied));
                    unrecorded
                        .extend(row.filter(|_| !matches!(copy, CopyOutcome::AlreadyRecorded)));
                }
                Err(reason) => done.failed.push((key, reason)),
            }
            if unrecorded.len() >= ROWS_PER_TRANSACTION {
                self.record_migrated(to, &mut unrecorded).await?;
            }
            on_progress(&done);
        }
        self.record_migrated(to, &mut unrecorded).await?;
        Ok(done)
    }

    async fn migrate_file(
        &self,
        from: &Bucket,
        to: &Bucket,
        key: String,
        size: u64,
        present: &HashMap<String, u64>,
        memory: &Semaphore,
    ) -> Result<MigratedFile, AppError> {
        let row = self.store.media_object(&key).await?;
        let is_present = present.get(&key) == Some(&size);
        let recorded = row.as_ref().and_then(|row| row.location.as_deref());
        if is_present && recorded == Some(&*to.location(&key)) {
            return Ok(MigratedFile { key, size, row, outcome: Ok(CopyOutcome::AlreadyRecorded) });
        }
        let mebibytes = ((size >> 20) as u32 + 1).min(MAX_MEMORY_MEBIBYTES);
        let _permit = memory.acquire_many(mebibytes).await.map_err(AppError::internal)?;
        let outcome = match self.copy_verified(from, to, &key, row.as_ref(), is_present).await {
            Ok(outcome) => outcome,
            Err(error) => Err(with_causes(&error)),
        };
        Ok(MigratedFile { key, size, row, outcome })
    }

    /// Copies a file and compares the copy. The inner error says why the file or its copy is not usable.
    async fn copy_verified(
        &self,
        from: &Bucket,
        to: &Bucket,
        key: &str,
        row: Option<&MediaObject>,
        is_present: bool,
    ) -> Result<Result<CopyOutcome, String>, AppError> {
        let Some(bytes) = from.get(key).await? else {
            return Ok(Err("it was removed during the migration".to_owned()));
        };
        let sum = self.sha256(bytes.clone()).await?;
        if row.is_some_and(|row| row.sha256 != sum) {
            return Ok(Err("its bytes do not match its checksum".to_owned()));
        }
        if is_present
            && let Some(copy) = to.get(key).await?
            && self.sha256(copy).await? == sum
        {
            return Ok(Ok(CopyOutcome::AlreadyPresent));
        }
        let media_type = row.map_or("application/octet-stream", |row| &row.content_type);
        to.put(key, bytes, media_type).await?;
        if let Some(copy) = to.get(key).await?
            && self.sha256(copy).await? == sum
        {
            return Ok(Ok(CopyOutcome::Copied));
        }
        Ok(Err("the copy at the destination differs from the original".to_owned()))
    }

    /// Records the new locations in the files' rows. Files that were migrated to this installation's own media folder
    /// become unsynced instead, because that folder is no bucket. While another bucket than `to` is configured, the
    /// rows stay as they are: a new location would be mistaken for one in the configured bucket.
    async fn record_migrated(
        &self,
        to: &Bucket,
        moved: &mut Vec<MediaObject>,
    ) -> Result<(), AppError> {
        if moved.is_empty() || self.bucket.as_ref().is_some_and(|bucket| bucket.url() != to.url()) {
            moved.clear();
            return Ok(());
        }
        let is_our_disk = self.settings.root().is_some_and(|root| to.is_folder(&root));
        let mut tx = self.store.begin().await?;
        for object in moved.drain(..) {
            if is_our_disk {
                tx.mark_unsynced(&object).await?;
            } else {
                tx.mark_synced(&object, &to.location(&object.key), self.clock.now()).await?;
            }
        }
        tx.save().await?;
        Ok(())
    }
}

/// Returns whether a migration moves the object with this key. Inputs move from a bucket, because tasks may still need
/// them; they stay on this machine's disk, where they are kept for a limited time. A string that is not a valid key is the
/// name of another program's file or of an unfinished write.
fn should_migrate(key: &str, is_own_disk: bool) -> bool {
    key.parse::<ObjectKey>().is_ok_and(|key| !(is_own_disk && key.is_input()))
}

#[cfg(test)]
mod tests {
    use super::should_migrate;

    #[test]
    fn files_of_other_programs_and_inputs_on_the_own_disk_stay() {
        for kept in [
            "media/holiday.png",
            "audio/s/0197f2c4-5b1e-7c3a-9d1e-000000000000.wav",
            "voice_profiles/s/oma/sample_1.flac",
        ] {
            assert!(should_migrate(kept, true) && should_migrate(kept, false), "{kept}");
        }
        for other in [
            "media/.0197f2c4-5b1e-7c3a-9d1e-000000000000.part",
            "audio/.hidden/a.wav",
            ".calliope/0197f2c4-5b1e-7c3a-9d1e-000000000000",
            "calliope.db",
        ] {
            assert!(!should_migrate(other, true) && !should_migrate(other, false), "{other}");
        }
        let input = "input/s_20261123T070417382226_00000007_in.jpg";
        assert!(should_migrate(input, false) && !should_migrate(input, true));
    }
}
