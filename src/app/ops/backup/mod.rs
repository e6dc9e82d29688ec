//! Backups: the database as of one moment and, if wished, every file that it speaks of, in one archive that either database
//! can be restored from.
//!
//! The archive is a tar file: `calliope.db` (the rows, as SQLite keeps them), `objects/{key}`, and at its end
//! `manifest.json` with the checksum of each. While it is made no file is removed anywhere, so that rows and files are of
//! one moment.

mod archive;
mod restore;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::app::ops::Ops;
use crate::app::{AppError, ErrorKind};
use crate::store::Store;
use archive::{ArchiveEntry, ArchiveWriter};

pub use restore::{RestoreSummary, restore};

/// The form of archive that this version writes, and the newest that it reads.
const FORMAT_VERSION: u32 = 1;

/// The names of what is in an archive.
const DATABASE_ENTRY: &str = "calliope.db";
const MANIFEST_ENTRY: &str = "manifest.json";
const OBJECTS_PREFIX: &str = "objects/";

/// For how long files are kept without a word from who makes the backup.
const HOLD_DURATION: TimeDelta = TimeDelta::seconds(90);

/// How often that word is given.
const HOLD_RENEWAL_INTERVAL: Duration = Duration::from_secs(30);

/// What an archive says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackupManifest {
    /// The form of the archive.
    pub form: u32,
    /// The version of Calliope that made it.
    pub calliope: String,
    /// The moment that it is of.
    pub date_created: DateTime<Utc>,
    /// Whether the files are in it, and not the rows alone.
    pub has_media: bool,
    /// Every entry but this one.
    pub entries: Vec<ArchiveEntry>,
    /// Keys of files that a row speaks of and that were nowhere.
    pub missing: Vec<String>,
}

impl Ops {
    /// Writes a backup to a new file. `each` hears of each file: how many, and their bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when the file is there already, [`AppError`] when the database, a store or the disk fails;
    /// nothing is left then.
    pub async fn create_backup(
        &self,
        path: &Path,
        with_media: bool,
        on_progress: impl Fn(u64, u64),
    ) -> Result<BackupManifest, AppError> {
        if path.exists() {
            let reason = format!("{} is there already; name a new file", path.display());
            return Err(AppError::new(ErrorKind::Invalid, reason));
        }
        self.hold_file_removals(Some(self.clock.now() + HOLD_DURATION)).await?;
        let work = self.write_backup(path, with_media, on_progress);
        let written = tokio::select! {
            written = work => written,
            failed = self.renew_hold() => Err(failed),
        };
        self.hold_file_removals(None).await?;
        written
    }

    async fn hold_file_removals(&self, until: Option<DateTime<Utc>>) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        tx.set_deletion_pause(until).await?;
        tx.save().await?;
        Ok(())
    }

    /// Ends only when the database fails for so long that files may be removed meanwhile.
    async fn renew_hold(&self) -> AppError {
        let mut tick = tokio::time::interval(HOLD_RENEWAL_INTERVAL);
        tick.tick().await;
        let mut failures = 0;
        loop {
            tick.tick().await;
            match self.hold_file_removals(Some(self.clock.now() + HOLD_DURATION)).await {
                Ok(()) => failures = 0,
                Err(error) if failures > 0 => return error,
                Err(_) => failures += 1,
            }
        }
    }

    async fn write_backup(
        &self,
        path: &Path,
        with_media: bool,
        on_progress: impl Fn(u64, u64),
    ) -> Result<BackupManifest, AppError> {
        let rows = TemporaryDatabase(hidden_sibling(path, "rows"));
        let date_created = self.clock.now();
        self.store.write_snapshot(&rows.0).await?;
        let mut archive = ArchiveWriter::create(&hidden_sibling(path, "part")).await?;
        archive.append_file(DATABASE_ENTRY, &rows.0).await?;
        let mut missing = Vec::new();
        if with_media {
            let snapshot = Store::open_snapshot(&rows.0).await?;
            let copied = self.copy_files(&snapshot, &mut archive, &mut missing, on_progress).await;
            snapshot.close().await;
            copied?;
        }
        let manifest = BackupManifest {
            form: FORMAT_VERSION,
            calliope: env!("CARGO_PKG_VERSION").to_owned(),
            date_created,
            has_media: with_media,
            entries: archive.entries().to_vec(),
            missing,
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(AppError::internal)?;
        archive.append(MANIFEST_ENTRY, text.into()).await?;
        archive.finish(path).await?;
        Ok(manifest)
    }

    async fn copy_files(
        &self,
        snapshot: &Store,
        archive: &mut ArchiveWriter,
        missing: &mut Vec<String>,
        on_progress: impl Fn(u64, u64),
    ) -> Result<(), AppError> {
        let (mut files, mut bytes) = (0, 0);
        let mut pages = pin!(snapshot.files());
        while let Some(rows) = pages.try_next().await? {
            for object in rows {
                // A file of another moment than its row, or a broken one, is not what was kept.
                let Some(content) = self.files.read_verified(&object).await? else {
                    missing.push(object.key);
                    continue;
                };
                files += 1;
                bytes += content.len() as u64;
                archive.append(&format!("{OBJECTS_PREFIX}{}", object.key), content).await?;
                on_progress(files, bytes);
            }
        }
        Ok(())
    }
}

/// A hidden file beside another.
fn hidden_sibling(path: &Path, what: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{what}"))
}

/// A database's file that goes, with what SQLite keeps beside it, when it is dropped.
#[derive(Debug)]
struct TemporaryDatabase(PathBuf);

impl Drop for TemporaryDatabase {
    fn drop(&mut self) {
        for tail in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(tail);
            // Perhaps there is none.
            let _ = std::fs::remove_file(path);
        }
    }
}
