//! The folders of the settings, and how files are created in them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use uuid::Uuid;

/// A folder of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFolder {
    /// The first segment of the folder's keys: `media`, `input`, `audio` or `voice_profiles`.
    pub name: &'static str,
    /// The path, as the settings have it.
    pub path: PathBuf,
}

/// A file operation failed.
#[derive(Debug, thiserror::Error)]
#[error("the file {key} could not be {action}")]
pub struct LocalStoreError {
    /// Key of the object, or path of the folder.
    pub key: String,
    /// What failed: `read`, `written`, `removed` or `listed`.
    pub action: &'static str,
    /// The folder of the file, if it is known.
    pub folder: Option<NamedFolder>,
    /// Error of the operating system.
    pub source: io::Error,
}

impl NamedFolder {
    /// Returns the error of an operation on a file of this folder.
    pub(super) fn failed(
        &self,
        key: impl Into<String>,
        action: &'static str,
        source: io::Error,
    ) -> LocalStoreError {
        LocalStoreError { key: key.into(), action, folder: Some(self.clone()), source }
    }

    /// Returns the error of an operation on the folder itself.
    pub(super) fn failed_itself(&self, source: io::Error) -> LocalStoreError {
        self.failed(self.path.display().to_string(), "written", source)
    }

    /// Creates the folder again if it is missing and the folder around it is not.
    fn restore(&self) -> io::Result<()> {
        match fs::create_dir(&self.path) {
            Ok(()) => {
                let folder = self.path.display().to_string();
                tracing::warn!(folder, "folder was missing; created it again");
                sync_folder(self.path.parent().unwrap_or(Path::new(".")))
            }
            Err(exists) if exists.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes and removes a small file.
    pub(super) fn check(&self) -> io::Result<()> {
        if !self.path.exists() {
            self.restore()?;
        }
        let path = self.path.join(format!(".{}.part", Uuid::now_v7()));
        fs::write(&path, b"ready?").and_then(|()| fs::remove_file(&path))
    }
}

/// The mark of an instance in a folder, by which other instances see that they share it.
const MARK_PREFIX: &str = ".instance-";

impl NamedFolder {
    /// Writes the mark of an instance. Does nothing if the folder is missing.
    pub(super) fn write_mark(&self, instance: Uuid) -> io::Result<()> {
        match fs::write(self.mark_path(instance), b"calliope\n") {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(()),
            written => written,
        }
    }

    /// Returns whether the folder has the mark of an instance.
    pub(super) fn has_mark(&self, instance: Uuid) -> bool {
        self.mark_path(instance).exists()
    }

    /// Removes the mark of an instance, and marks that were last written before `forgotten`.
    pub(super) fn remove_marks(&self, instance: Uuid, forgotten: SystemTime) {
        let _ = fs::remove_file(self.mark_path(instance));
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            if !entry.file_name().to_string_lossy().starts_with(MARK_PREFIX) {
                continue;
            }
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            if written.is_ok_and(|written| written < forgotten) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn mark_path(&self, instance: Uuid) -> PathBuf {
        self.path.join(format!("{MARK_PREFIX}{instance}"))
    }
}

/// Returns a new hidden name in the folder of `path`.
pub(super) fn partial_path_for(path: &Path) -> PathBuf {
    path.with_file_name(format!(".{}.part", Uuid::now_v7()))
}

/// Creates a file for an object in one of the folders, and creates missing folders.
pub(super) fn create_file(path: &Path, folder: &NamedFolder) -> io::Result<File> {
    match File::create_new(path) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
            folder.restore()?;
            let parent = path.parent().unwrap_or(Path::new("."));
            if parent != folder.path {
                fs::create_dir_all(parent)?;
                // The parents are synced too, so that a new folder survives a power cut like the file in it.
                for ancestor in parent.ancestors().skip(1).take(2) {
                    sync_folder(ancestor)?;
                }
            }
            File::create_new(path)
        }
        created => created,
    }
}

/// Syncs a folder. The parent of a relative path may be empty.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    let is_current = folder.as_os_str().is_empty();
    File::open(if is_current { Path::new(".") } else { folder })?.sync_all()
}

pub(super) fn write_synced(path: &Path, folder: &NamedFolder, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_file(path, folder)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Runs file operations on the blocking threads. A panic is reported as a failure of `action`.
pub(super) async fn run_blocking<T: Send + 'static>(
    action: &'static str,
    work: impl FnOnce() -> Result<T, LocalStoreError> + Send + 'static,
) -> Result<T, LocalStoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(LocalStoreError {
            key: "(several)".to_owned(),
            action,
            folder: None,
            source: io::Error::other(error),
        })
    })
}
