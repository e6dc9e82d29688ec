//! Backups: a snapshot of the database and, if wanted, every file that it refers to, in one archive. An archive can be
//! restored into SQLite as well as PostgreSQL.
//!
//! The archive is a tar file with the entries `calliope.db` (the rows as an SQLite database), `objects/{key}`, and at
//! its end `manifest.json` with the checksum of each entry. No file is removed while a backup is made, so that rows and
//! files are consistent.

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

/// The version of the archive format that is written, and the newest that can be read.
const FORMAT_VERSION: u32 = 1;

/// The names of the entries in an archive.
const DATABASE_ENTRY: &str = "calliope.db";
const MANIFEST_ENTRY: &str = "manifest.json";
const OBJECTS_PREFIX: &str = "objects/";

/// How long file removals stay paused unless the running backup extends the pause.
const PAUSE_DURATION: TimeDelta = TimeDelta::seconds(90);

/// How often a running backup extends the pause.
const PAUSE_RENEWAL_INTERVAL: Duration = Duration::from_secs(30);

/// The manifest of an archive.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackupManifest {
    /// Version of the archive format.
    pub form: u32,
    /// Version of Calliope that made the archive.
    pub calliope: String,
    /// Time of the database snapshot.
    pub date_created: DateTime<Utc>,
    /// Whether the archive contains files as well as rows.
    pub has_media: bool,
    /// All entries of the archive except the manifest.
    pub entries: Vec<ArchiveEntry>,
    /// Keys of files that have a row but were missing or corrupt.
    pub missing: Vec<String>,
}

impl Ops {
    /// Writes a backup to a new file. Calls `on_progress` after each file with the number of files and bytes so far.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Invalid`] if `path` exists. Returns [`AppError`] if the database, the disk or the bucket
    /// fails; the incomplete archive is removed.
    pub async fn create_backup(
        &self,
        path: &Path,
        with_media: bool,
        on_progress: impl Fn(u64, u64),
    ) -> Result<BackupManifest, AppError> {
        if path.exists() {
            let reason = format!("{} already exists; name a new file", path.display());
            return Err(AppError::new(ErrorKind::Invalid, reason));
        }
        self.set_removal_pause(Some(self.clock.now() + PAUSE_DURATION)).await?;
        let work = self.write_backup(path, with_media, on_progress);
        let written = tokio::select! {
            written = work => written,
            failed = self.renew_removal_pause() => Err(failed),
        };
        self.set_removal_pause(None).await?;
        written
    }

    async fn set_removal_pause(&self, until: Option<DateTime<Utc>>) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        tx.set_deletion_pause(until).await?;
        tx.save().await?;
        Ok(())
    }

    /// Extends the pause of file removals again and again. Returns only if the database fails for so long that the
    /// pause may expire.
    async fn renew_removal_pause(&self) -> AppError {
        let mut tick = tokio::time::interval(PAUSE_RENEWAL_INTERVAL);
        tick.tick().await;
        let mut failures = 0;
        loop {
            tick.tick().await;
            match self.set_removal_pause(Some(self.clock.now() + PAUSE_DURATION)).await {
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
                // A file whose checksum differs from the row's is corrupt or was replaced; neither belongs in the
                // backup.
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

/// Returns the path of a hidden file in the same folder.
fn hidden_sibling(path: &Path, what: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{what}"))
}

/// An SQLite database that is removed, with its `-wal` and `-shm` files, when dropped.
#[derive(Debug)]
struct TemporaryDatabase(PathBuf);

impl Drop for TemporaryDatabase {
    fn drop(&mut self) {
        for tail in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(tail);
            // The file need not exist.
            let _ = std::fs::remove_file(path);
        }
    }
}
