//! The folders on this machine's disk. They have the same layout as a bucket: `media/` for generated files and uploads,
//! `input/` for files that Sparrows send, `audio/` and `voice_profiles/` for files that belong to one client.
//!
//! A file is written under a hidden name, synced, renamed, and its folder synced. A kill or a power cut therefore
//! leaves either the whole file or a partial one, which [`LocalStore::list_modified_within`] finds.

use std::fs::{self, File, FileTimes, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use uuid::Uuid;

use crate::domain::ObjectKey;
use crate::settings::StorageSettings;

/// A store of objects in local folders.
#[derive(Debug, Clone)]
pub struct LocalStore {
    media: PathBuf,
    input: PathBuf,
    audio: PathBuf,
    voice_profiles: PathBuf,
}

/// A file operation failed.
#[derive(Debug, thiserror::Error)]
#[error("the file {key} could not be {action}")]
pub struct LocalStoreError {
    /// Key of the object, or path of the folder.
    pub key: String,
    /// What failed: `read`, `written`, `removed` or `listed`.
    pub action: &'static str,
    /// Error of the operating system.
    pub source: io::Error,
}

/// A file that was written under a hidden name. It is removed when dropped, unless [`StagedFile::commit`] renames it.
#[derive(Debug)]
pub struct StagedFile {
    partial_path: PathBuf,
    path: PathBuf,
    key: String,
}

impl LocalStore {
    /// Opens the folders named in the settings, and creates the media and input folders if they are missing.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if a folder cannot be created.
    pub fn open(settings: &StorageSettings) -> Result<Self, LocalStoreError> {
        let store = Self {
            media: settings.media_folder.clone(),
            input: settings.input_folder.clone(),
            audio: settings.audio_folder(),
            voice_profiles: settings.voice_profiles_folder(),
        };
        for folder in [&store.media, &store.input] {
            fs::create_dir_all(folder).map_err(|source| LocalStoreError {
                key: folder.display().to_string(),
                action: "written",
                source,
            })?;
        }
        Ok(store)
    }

    /// Returns the path of an object's file, whether it exists or not.
    #[must_use]
    pub fn path(&self, key: &ObjectKey) -> PathBuf {
        self.path_of(&key.to_string())
    }

    /// Writes several objects. If one fails, those written before it are removed again.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] for the first object that cannot be written.
    pub async fn put_all(&self, objects: Vec<(ObjectKey, Bytes)>) -> Result<(), LocalStoreError> {
        let this = self.clone();
        run_blocking("written", move || this.put_all_blocking(&objects)).await
    }

    /// Writes an object under a hidden name. [`StagedFile::commit`] gives it its final name.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the object cannot be written.
    pub async fn stage(
        &self,
        key: &ObjectKey,
        bytes: Bytes,
    ) -> Result<StagedFile, LocalStoreError> {
        let staged = self.stage_at(&key.to_string());
        run_blocking("written", move || {
            match write_synced(&staged.partial_path, &staged.key, &bytes) {
                Ok(()) => Ok(staged),
                Err(source) => {
                    Err(LocalStoreError { key: staged.key.clone(), action: "written", source })
                }
            }
        })
        .await
    }

    /// Returns a hidden name for an object, under which nothing is written yet.
    pub(super) fn stage_at(&self, key: &str) -> StagedFile {
        let path = self.path_of(key);
        StagedFile { partial_path: partial_path_for(&path), path, key: key.to_owned() }
    }

    /// Records the time of a use in the file's access time, by which cache eviction orders files. Errors are ignored.
    pub async fn record_use(&self, key: &str, now: SystemTime) {
        let path = self.path_of(key);
        let update = tokio::task::spawn_blocking(move || {
            File::open(path)?.set_times(FileTimes::new().set_accessed(now))
        });
        let _ = update.await;
    }

    /// Reads an object.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the object does not exist or cannot be read.
    pub async fn read(&self, key: &str) -> Result<Vec<u8>, LocalStoreError> {
        let (path, key) = (self.path_of(key), key.to_owned());
        run_blocking("read", move || {
            fs::read(&path).map_err(|source| LocalStoreError { key, action: "read", source })
        })
        .await
    }

    /// Returns whether an object with this key exists.
    pub async fn exists(&self, key: &str) -> bool {
        self.last_use(key).await.is_some()
    }

    /// Returns the last use that [`Self::record_use`] recorded, or `None` if the object does not exist.
    pub async fn last_use(&self, key: &str) -> Option<SystemTime> {
        let file = tokio::fs::metadata(self.path_of(key)).await.ok().filter(Metadata::is_file)?;
        Some(file.accessed().unwrap_or(SystemTime::UNIX_EPOCH))
    }

    /// Removes objects and ignores errors. Orphan removal deletes files that are left.
    pub async fn remove_best_effort(&self, keys: Vec<ObjectKey>) {
        let paths: Vec<PathBuf> = keys.iter().map(|key| self.path(key)).collect();
        let removal = tokio::task::spawn_blocking(move || {
            for path in paths {
                let _ = fs::remove_file(path);
            }
        });
        let _ = removal.await;
    }

    /// Removes objects. Objects that do not exist are ignored.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] for the first object that cannot be removed.
    pub async fn remove_keys(&self, keys: Vec<String>) -> Result<(), LocalStoreError> {
        let this = self.clone();
        run_blocking("removed", move || {
            for key in keys {
                match fs::remove_file(this.path_of(&key)) {
                    Ok(()) => {}
                    Err(missing) if missing.kind() == io::ErrorKind::NotFound => {}
                    Err(source) => return Err(LocalStoreError { key, action: "removed", source }),
                }
            }
            Ok(())
        })
        .await
    }

    /// Checks that the media folder is writable by writing and removing a small file.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the file cannot be written or removed.
    pub async fn check(&self) -> Result<(), LocalStoreError> {
        let folder = self.media.clone();
        run_blocking("written", move || {
            let path = folder.join(format!(".{}.part", Uuid::now_v7()));
            let written = fs::write(&path, b"ready?").and_then(|()| fs::remove_file(&path));
            written.map_err(|source| LocalStoreError {
                key: folder.display().to_string(),
                action: "written",
                source,
            })
        })
        .await
    }

    fn put_all_blocking(&self, objects: &[(ObjectKey, Bytes)]) -> Result<(), LocalStoreError> {
        for (done, (key, bytes)) in objects.iter().enumerate() {
            if let Err(source) = self.put_blocking(key, bytes) {
                for (key, _) in &objects[..done] {
                    let _ = fs::remove_file(self.path(key));
                }
                return Err(LocalStoreError { key: key.to_string(), action: "written", source });
            }
        }
        let paths = objects.iter().map(|(key, _)| self.path(key));
        let mut folders: Vec<PathBuf> =
            paths.filter_map(|path| path.parent().map(Path::to_owned)).collect();
        folders.dedup();
        for folder in folders {
            File::open(&folder).and_then(|folder| folder.sync_all()).map_err(|source| {
                LocalStoreError { key: folder.display().to_string(), action: "written", source }
            })?;
        }
        Ok(())
    }

    /// Writes an object on the current thread, which must be allowed to block.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system; nothing is then left of the object.
    pub fn put_blocking(&self, key: &ObjectKey, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(key);
        let part = partial_path_for(&path);
        let written =
            write_synced(&part, &key.to_string(), bytes).and_then(|()| fs::rename(&part, path));
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written
    }

    /// Returns the folders, each with the first segment of its keys.
    pub(super) fn folders(&self) -> [(&Path, &'static str); 4] {
        [
            (&self.media, "media"),
            (&self.input, "input"),
            (&self.audio, "audio"),
            (&self.voice_profiles, "voice_profiles"),
        ]
    }

    /// Returns the path of the file with this key, whether it exists or not. A key without a known first segment
    /// belongs to the media folder.
    #[must_use]
    pub fn path_of(&self, key: &str) -> PathBuf {
        let (first, rest) = key.split_once('/').unwrap_or(("media", key));
        let folder = self.folders().into_iter().find(|(_, prefix)| *prefix == first);
        folder.map_or(&*self.media, |(folder, _)| folder).join(rest)
    }
}

/// Returns a new hidden name in the folder of `path`.
fn partial_path_for(path: &Path) -> PathBuf {
    path.with_file_name(format!(".{}.part", Uuid::now_v7()))
}

impl StagedFile {
    /// Returns the hidden path of the file.
    pub(super) fn partial_path(&self) -> &Path {
        &self.partial_path
    }

    /// Returns the key of the object.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Renames the file to its final name, replacing a file with this name, and syncs the folder.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the file cannot be renamed.
    pub async fn commit(self) -> Result<(), LocalStoreError> {
        run_blocking("written", move || {
            let folder = self.path.parent().unwrap_or(Path::new("."));
            let renamed = fs::rename(&self.partial_path, &self.path)
                .and_then(|()| File::open(folder)?.sync_all());
            renamed.map_err(|source| LocalStoreError {
                key: self.key.clone(),
                action: "written",
                source,
            })
        })
        .await
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        // This fails if the file was committed, because then it was renamed.
        let _ = fs::remove_file(&self.partial_path);
    }
}

/// Creates a file for an object. Creates missing folders of clients, but not the folders of the settings: if one of
/// those is missing, its disk may not be mounted.
pub(super) fn create_file(path: &Path, key: &str) -> io::Result<File> {
    match File::create_new(path) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound && is_in_client_folder(key) => {
            let folder = path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder)?;
            // The parents are synced too, so that a new folder survives a power cut like the file in it.
            for parent in folder.ancestors().skip(1).take(2) {
                // The last ancestor of a relative path is empty.
                let is_current = parent.as_os_str().is_empty();
                File::open(if is_current { Path::new(".") } else { parent })?.sync_all()?;
            }
            File::create_new(path)
        }
        created => created,
    }
}

fn is_in_client_folder(key: &str) -> bool {
    key.parse::<ObjectKey>().is_ok_and(|key| key.is_in_client_folder())
}

fn write_synced(path: &Path, key: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = create_file(path, key)?;
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
            source: io::Error::other(error),
        })
    })
}

#[cfg(test)]
mod tests;
