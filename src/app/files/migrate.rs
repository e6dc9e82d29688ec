//! Moving an installation's files from one store to another: each is read back from where it went, and compared, before
//! it counts. Broken off, it goes on where it was.

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

/// Files that are moved at once.
const CONCURRENT_FILES: usize = 16;

/// Mebibytes of files that are in memory at once.
const MAX_MEMORY_MEBIBYTES: u32 = 192;

/// Rows that are noted in one transaction.
const ROWS_PER_TRANSACTION: usize = 200;

/// What a migration did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MediaMigrationSummary {
    /// Files that are there to be moved.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that are at their destination, whole.
    pub moved: u64,
    /// Their bytes.
    pub moved_bytes: u64,
    /// Of those, files that were there already.
    pub skipped: u64,
    /// Files that could not be moved, with the reason.
    pub failed: Vec<(String, String)>,
}

/// What became of one file.
struct MigratedFile {
    key: String,
    size: u64,
    /// Its row, where it has one; then it can be noted.
    row: Option<MediaObject>,
    outcome: Result<CopyOutcome, String>,
}

enum CopyOutcome {
    Copied,
    AlreadyPresent,
    /// Before, and its row says so.
    AlreadyRecorded,
}

impl Files {
    /// Copies everything of an installation from one store to another. Rows say afterwards where their files are. `each`
    /// hears of each file.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database fails, or one of the stores cannot be listed. What cannot be moved is told in the
    /// outcome.
    pub async fn migrate(
        &self,
        from: &Bucket,
        to: &Bucket,
        dry_run: bool,
        on_progress: impl Fn(&MediaMigrationSummary),
    ) -> Result<MediaMigrationSummary, AppError> {
        let mut found: Vec<(String, u64)> = list_sizes(from).await?.into_iter().collect();
        found.retain(|(key, _)| should_migrate(key));
        found.sort();
        let there = list_sizes(to).await?;
        let bytes = found.iter().map(|(_, size)| size).sum();
        let mut done = MediaMigrationSummary {
            files: found.len() as u64,
            bytes,
            ..MediaMigrationSummary::default()
        };
        on_progress(&done);
        if dry_run {
            let is_there = |(key, size): &&(String, u64)| there.get(key) == Some(size);
            done.skipped = found.iter().filter(is_there).count() as u64;
            return Ok(done);
        }
        let room = Arc::new(Semaphore::new(MAX_MEMORY_MEBIBYTES as usize));
        let there = Arc::new(there);
        let mut moves = stream::iter(found)
            .map(|(key, size)| {
                let (room, there) = (Arc::clone(&room), Arc::clone(&there));
                async move { self.migrate_file(from, to, key, size, &there, &room).await }
            })
            .buffer_unordered(CONCURRENT_FILES);
        let mut arrived = Vec::new();
        while let Some(moved) = moves.next().await {
            let MigratedFile { key, size, row, outcome } = moved?;
            match outcome {
                Ok(how) => {
                    done.moved += 1;
                    done.moved_bytes += size;
                    done.skipped += u64::from(!matches!(how, CopyOutcome::Copied));
                    arrived.extend(row.filter(|_| !matches!(how, CopyOutcome::AlreadyRecorded)));
                }
                Err(reason) => done.failed.push((key, reason)),
            }
            if arrived.len() >= ROWS_PER_TRANSACTION {
                self.record_migrated(to, &mut arrived).await?;
            }
            on_progress(&done);
        }
        self.record_migrated(to, &mut arrived).await?;
        Ok(done)
    }

    async fn migrate_file(
        &self,
        from: &Bucket,
        to: &Bucket,
        key: String,
        size: u64,
        there: &HashMap<String, u64>,
        room: &Semaphore,
    ) -> Result<MigratedFile, AppError> {
        let row = self.store.media_object(&key).await?;
        let is_there = there.get(&key) == Some(&size);
        let noted = row.as_ref().and_then(|row| row.location.as_deref());
        if is_there && noted == Some(&*to.location(&key)) {
            return Ok(MigratedFile { key, size, row, outcome: Ok(CopyOutcome::AlreadyRecorded) });
        }
        let mebibytes = ((size >> 20) as u32 + 1).min(MAX_MEMORY_MEBIBYTES);
        let _room = room.acquire_many(mebibytes).await.map_err(AppError::internal)?;
        let outcome = match self.copy_verified(from, to, &key, row.as_ref(), is_there).await {
            Ok(outcome) => outcome,
            Err(error) => Err(with_causes(&error)),
        };
        Ok(MigratedFile { key, size, row, outcome })
    }

    /// The inner error is a file that is not what it should be.
    async fn copy_verified(
        &self,
        from: &Bucket,
        to: &Bucket,
        key: &str,
        row: Option<&MediaObject>,
        is_there: bool,
    ) -> Result<Result<CopyOutcome, String>, AppError> {
        let Some(bytes) = from.get(key).await? else {
            return Ok(Err("it was removed meanwhile".to_owned()));
        };
        let sum = self.sha256(bytes.clone()).await?;
        if row.is_some_and(|row| row.sha256 != sum) {
            return Ok(Err("its bytes are not those that were kept".to_owned()));
        }
        if is_there
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
        Ok(Err("what arrived is not what was sent".to_owned()))
    }

    /// Has rows say where their files are; the media folder's own disk is no place beside it. While another bucket is in
    /// use, rows go on to speak of that one: a note of this place would be taken for the bucket's.
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

/// Returns whether a migration moves the object of this key. What Sparrows sent stays: it is kept for a day, on the disk. A
/// text that is no key names something that Calliope cannot have kept, or that a write left unfinished.
fn should_migrate(key: &str) -> bool {
    key.parse::<ObjectKey>().is_ok_and(|key| !key.is_input())
}

#[cfg(test)]
mod tests {
    use super::should_migrate;

    #[test]
    fn only_what_is_kept_for_good_is_moved() {
        for kept in [
            "media/holiday.png",
            "audio/s/0197f2c4-5b1e-7c3a-9d1e-000000000000.wav",
            "voice_profiles/s/oma/sample_1.flac",
        ] {
            assert!(should_migrate(kept), "{kept}");
        }
        for other in [
            "input/s_20261123T070417382226_00000007_in.jpg",
            "media/.0197f2c4-5b1e-7c3a-9d1e-000000000000.part",
            "audio/.hidden/a.wav",
            ".calliope/0197f2c4-5b1e-7c3a-9d1e-000000000000",
            "calliope.db",
        ] {
            assert!(!should_migrate(other), "{other}");
        }
    }
}
