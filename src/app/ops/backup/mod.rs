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
use archive::{Archive, Entry};

pub use restore::{Restored, restore};

/// The form of archive that this version writes, and the newest that it reads.
const FORM: u32 = 1;

/// The names of what is in an archive.
const DATABASE: &str = "calliope.db";
const MANIFEST: &str = "manifest.json";
const OBJECTS: &str = "objects/";

/// For how long files are kept without a word from who makes the backup.
const KEPT: TimeDelta = TimeDelta::seconds(90);

/// How often that word is given.
const SAID_AGAIN: Duration = Duration::from_secs(30);

/// What an archive says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the archive.
    pub form: u32,
    /// The version of Calliope that made it.
    pub calliope: String,
    /// The moment that it is of.
    pub date_created: DateTime<Utc>,
    /// Whether the files are in it, and not the rows alone.
    pub has_media: bool,
    /// Every entry but this one.
    pub entries: Vec<Entry>,
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
    pub async fn back_up(
        &self,
        path: &Path,
        with_media: bool,
        each: impl Fn(u64, u64),
    ) -> Result<Manifest, AppError> {
        if path.exists() {
            let reason = format!("{} is there already; name a new file", path.display());
            return Err(AppError::new(ErrorKind::Invalid, reason));
        }
        self.hold_files(Some(self.clock.now() + KEPT)).await?;
        let work = self.write_backup(path, with_media, each);
        let written = tokio::select! {
            written = work => written,
            failed = self.go_on_holding() => Err(failed),
        };
        self.hold_files(None).await?;
        written
    }

    async fn hold_files(&self, until: Option<DateTime<Utc>>) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        tx.keep_files(until).await?;
        tx.save().await?;
        Ok(())
    }

    /// Ends only when the database fails for so long that files may be removed meanwhile.
    async fn go_on_holding(&self) -> AppError {
        let mut tick = tokio::time::interval(SAID_AGAIN);
        tick.tick().await;
        let mut failures = 0;
        loop {
            tick.tick().await;
            match self.hold_files(Some(self.clock.now() + KEPT)).await {
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
        each: impl Fn(u64, u64),
    ) -> Result<Manifest, AppError> {
        let rows = Temporary(beside(path, "rows"));
        let date_created = self.clock.now();
        self.store.snapshot(&rows.0).await?;
        let mut archive = Archive::create(&beside(path, "part")).await?;
        archive.append_file(DATABASE, &rows.0).await?;
        let mut missing = Vec::new();
        if with_media {
            let snapshot = Store::open_snapshot(&rows.0).await?;
            let copied = self.copy_files(&snapshot, &mut archive, &mut missing, each).await;
            snapshot.close().await;
            copied?;
        }
        let manifest = Manifest {
            form: FORM,
            calliope: env!("CARGO_PKG_VERSION").to_owned(),
            date_created,
            has_media: with_media,
            entries: archive.entries().to_vec(),
            missing,
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(AppError::internal)?;
        archive.append(MANIFEST, text.into()).await?;
        archive.finish(path).await?;
        Ok(manifest)
    }

    async fn copy_files(
        &self,
        snapshot: &Store,
        archive: &mut Archive,
        missing: &mut Vec<String>,
        each: impl Fn(u64, u64),
    ) -> Result<(), AppError> {
        let (mut files, mut bytes) = (0, 0);
        let mut pages = pin!(snapshot.files());
        while let Some(rows) = pages.try_next().await? {
            for object in rows {
                // A file of another moment than its row, or a broken one, is not what was kept.
                let Some(content) = self.files.whole(&object).await? else {
                    missing.push(object.key);
                    continue;
                };
                files += 1;
                bytes += content.len() as u64;
                archive.append(&format!("{OBJECTS}{}", object.key), content).await?;
                each(files, bytes);
            }
        }
        Ok(())
    }
}

/// A hidden file beside another.
fn beside(path: &Path, what: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{what}"))
}

/// A database's file that goes, with what SQLite keeps beside it, when it is dropped.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        for tail in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(tail);
            // Perhaps there is none.
            let _ = std::fs::remove_file(path);
        }
    }
}
