//! Lists the files in the local folders, whether they have a row or not.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::folder::run_blocking;
use super::{LocalStore, LocalStoreError};

/// A file in one of the folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    /// Key of the object; `None` for a hidden file, whose write was never finished.
    pub key: Option<String>,
    /// Path of the file.
    pub path: PathBuf,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last modification.
    pub modified: SystemTime,
    /// Time of the last use that [`LocalStore::record_use`] recorded.
    pub used: SystemTime,
}

impl LocalStore {
    /// Returns all files in all folders.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if a folder cannot be read.
    pub async fn list_all(&self) -> Result<Vec<LocalFile>, LocalStoreError> {
        let century = Duration::from_hours(100 * 366 * 24);
        self.list_modified_within(SystemTime::UNIX_EPOCH..SystemTime::UNIX_EPOCH + 10 * century)
            .await
    }

    /// Returns the files in all folders that were last modified within `span`.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if a folder cannot be read.
    pub async fn list_modified_within(
        &self,
        span: Range<SystemTime>,
    ) -> Result<Vec<LocalFile>, LocalStoreError> {
        let this = self.clone();
        run_blocking("listed", move || {
            let mut files = Vec::new();
            for folder in this.folders() {
                list_folder(&folder.path, folder.name, &span, &mut files)?;
            }
            Ok(files)
        })
        .await
    }
}

/// Returns whether a name is that of a partial file of [`LocalStore`]: `.{uuid}.part`.
fn is_part(name: &str) -> bool {
    let id = name.strip_prefix('.').and_then(|name| name.strip_suffix(".part"));
    id.is_some_and(|id| id.parse::<Uuid>().is_ok())
}

/// Appends the files of a folder and its subfolders that were last modified within `span` to `found`. The media and
/// input folders have no subfolders.
fn list_folder(
    folder: &Path,
    prefix: &str,
    span: &Range<SystemTime>,
    found: &mut Vec<LocalFile>,
) -> Result<(), LocalStoreError> {
    let failed = |source| LocalStoreError {
        key: folder.display().to_string(),
        action: "listed",
        folder: None,
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // The folders of clients are created with the first file in them.
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        // The file may have been removed since the folder was listed.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() && !matches!(prefix, "media" | "input") {
            let name = entry.file_name().to_string_lossy().into_owned();
            list_folder(&entry.path(), &format!("{prefix}/{name}"), span, found)?;
        }
        let modified = metadata.modified().map_err(failed)?;
        if !metadata.is_file() || !span.contains(&modified) {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let hidden = name.starts_with('.');
        if hidden && !is_part(&name) {
            continue;
        }
        let key = (!hidden).then(|| format!("{prefix}/{name}"));
        let used = metadata.accessed().unwrap_or(SystemTime::UNIX_EPOCH);
        found.push(LocalFile { key, path: entry.path(), size: metadata.len(), modified, used });
    }
    Ok(())
}
