//! The folders on this machine's disk. They have the same layout as a bucket: `media/` for generated files and uploads,
//! `input/` for files that Sparrows send, `audio/` and `voice_profiles/` for files that belong to one client.
//!
//! A file is written under a hidden name, synced, renamed, and its folder synced. A kill or a power cut therefore
//! leaves either the whole file or a partial one, which [`LocalStore::list_modified_within`] finds.
//!
//! A folder that is removed while the process runs is created again, unless the folder around it is gone too: then a disk
//! may not be mounted.

use std::fs::{self, File, FileTimes, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::folder::{
    LocalStoreError, NamedFolder, partial_path_for, run_blocking, sync_folder, write_synced,
};
use crate::domain::ObjectKey;
use crate::settings::StorageSettings;

/// A store of objects in local folders.
#[derive(Debug, Clone)]
pub struct LocalStore {
    /// The media folder first. Keys without a known first segment belong to it.
    folders: Arc<[NamedFolder; 4]>,
}

/// A file that was written under a hidden name. It is removed when dropped, unless [`StagedFile::commit`] renames it.
#[derive(Debug)]
pub struct StagedFile {
    partial_path: PathBuf,
    path: PathBuf,
    key: String,
    folder: NamedFolder,
}

impl LocalStore {
    /// Opens the folders named in the settings, and creates those that are missing. Recordings and voice profiles are not
    /// needed to tell stories, so their folders may be impossible to create.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the media or the input folder cannot be created.
    pub fn open(settings: &StorageSettings) -> Result<Self, LocalStoreError> {
        let folder = |name, path: &Path| NamedFolder { name, path: path.to_owned() };
        let folders = [
            folder("media", &settings.media_folder),
            folder("input", &settings.input_folder),
            folder("audio", &settings.audio_folder()),
            folder("voice_profiles", &settings.voice_profiles_folder()),
        ];
        for (index, folder) in folders.iter().enumerate() {
            match fs::create_dir_all(&folder.path) {
                Err(source) if index < 2 => return Err(folder.failed_itself(source)),
                // The readiness check names it.
                Ok(()) | Err(_) => {}
            }
        }
        Ok(Self { folders: Arc::new(folders) })
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
            match write_synced(&staged.partial_path, &staged.folder, &bytes) {
                Ok(()) => Ok(staged),
                Err(source) => Err(staged.folder.failed(&*staged.key, "written", source)),
            }
        })
        .await
    }

    /// Returns a hidden name for an object, under which nothing is written yet.
    pub(super) fn stage_at(&self, key: &str) -> StagedFile {
        let path = self.path_of(key);
        let folder = self.folder_of(key).clone();
        StagedFile { partial_path: partial_path_for(&path), path, key: key.to_owned(), folder }
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
        let (path, folder) = (self.path_of(key), self.folder_of(key).clone());
        let key = key.to_owned();
        run_blocking("read", move || {
            fs::read(&path).map_err(|source| folder.failed(key, "read", source))
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
                    Err(source) => {
                        return Err(this.folder_of(&key).failed(&*key, "removed", source));
                    }
                }
            }
            Ok(())
        })
        .await
    }

    /// Checks that each folder is writable by writing and removing a small file.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] for the first folder that is missing or where a file cannot be written or removed.
    pub async fn check(&self) -> Result<(), LocalStoreError> {
        let folders = Arc::clone(&self.folders);
        run_blocking("written", move || {
            let check = |folder: &NamedFolder| {
                folder.check().map_err(|source| folder.failed_itself(source))
            };
            folders.iter().try_for_each(check)
        })
        .await
    }

    fn put_all_blocking(&self, objects: &[(ObjectKey, Bytes)]) -> Result<(), LocalStoreError> {
        for (done, (key, bytes)) in objects.iter().enumerate() {
            if let Err(source) = self.put_blocking(key, bytes) {
                for (key, _) in &objects[..done] {
                    let _ = fs::remove_file(self.path(key));
                }
                let key = key.to_string();
                return Err(self.folder_of(&key).failed(&*key, "written", source));
            }
        }
        let mut synced: Option<PathBuf> = None;
        for (key, _) in objects {
            let path = self.path(key);
            let folder = path.parent().unwrap_or(Path::new("."));
            if synced.as_deref() != Some(folder) {
                let key = key.to_string();
                sync_folder(folder)
                    .map_err(|source| self.folder_of(&key).failed(&*key, "written", source))?;
                synced = Some(folder.to_owned());
            }
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
        let folder = self.folder_of(&key.to_string());
        let written = write_synced(&part, folder, bytes).and_then(|()| fs::rename(&part, path));
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written
    }

    /// Returns the folders, each with the first segment of its keys.
    pub(super) fn folders(&self) -> &[NamedFolder] {
        &*self.folders
    }

    /// Returns the folder of a key.
    fn folder_of(&self, key: &str) -> &NamedFolder {
        let first = key.split_once('/').map_or("media", |(first, _)| first);
        let [media, ..] = &*self.folders;
        self.folders.iter().find(|folder| folder.name == first).unwrap_or(media)
    }

    /// Returns the path of the file with this key, whether it exists or not. A key without a known first segment
    /// belongs to the media folder.
    #[must_use]
    pub fn path_of(&self, key: &str) -> PathBuf {
        let rest = key.split_once('/').map_or(key, |(_, rest)| rest);
        self.folder_of(key).path.join(rest)
    }
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

    /// Returns the folder of the object.
    pub(super) const fn folder(&self) -> &NamedFolder {
        &self.folder
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
            renamed.map_err(|source| self.folder.failed(&*self.key, "written", source))
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

#[cfg(test)]
mod tests;
