//! Folders on this machine, laid out as a bucket is: `media/` for what Calliope makes, `input/` for what Sparrows send,
//! `audio/` and `voice_profiles/` for what is one client's.
//!
//! A file is written under a hidden name, synced, renamed, and its folder synced: a kill or a power cut leaves
//! either the whole file or a stray that [`LocalStore::strays`] finds.

use std::fs::{self, File, FileTimes, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use uuid::Uuid;

use crate::domain::ObjectKey;
use crate::settings::StorageSettings;

/// The local folders.
#[derive(Debug, Clone)]
pub struct LocalStore {
    media: PathBuf,
    input: PathBuf,
    audio: PathBuf,
    voice_profiles: PathBuf,
}

/// A file could not be read, written or removed.
#[derive(Debug, thiserror::Error)]
#[error("the file {key} could not be {action}")]
pub struct LocalStoreError {
    /// Which one.
    pub key: String,
    /// `read`, `written`, `removed` or `listed`.
    pub action: &'static str,
    /// The system's account.
    pub source: io::Error,
}

/// An object that is written and has no name yet.
#[derive(Debug)]
pub struct StagedFile {
    partial_path: PathBuf,
    path: PathBuf,
    key: String,
}

impl LocalStore {
    /// Takes the folders from the settings, and makes those that every installation needs when they are not there.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if one cannot be made.
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

    /// Where an object is on the disk, whether it is there or not.
    #[must_use]
    pub fn path(&self, key: &ObjectKey) -> PathBuf {
        self.path_of(&key.to_string())
    }

    /// Writes objects, all of them or none that a caller would see as written.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] for the first that cannot be written; those written before it are removed again.
    pub async fn put_all(&self, objects: Vec<(ObjectKey, Bytes)>) -> Result<(), LocalStoreError> {
        let this = self.clone();
        run_blocking("written", move || this.put_all_blocking(&objects)).await
    }

    /// Writes an object under a hidden name; [`Staged::publish`] gives it its own.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if it cannot be written.
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

    /// A place for an object of this key under a hidden name, where nothing is written yet.
    pub(super) fn stage_at(&self, key: &str) -> StagedFile {
        let path = self.path_of(key);
        StagedFile { partial_path: partial_path_for(&path), path, key: key.to_owned() }
    }

    /// Notes that a file is used now, for [`Self::strays`] to tell. That it cannot be noted is no error.
    pub async fn record_use(&self, key: &str, now: SystemTime) {
        let path = self.path_of(key);
        let noting = tokio::task::spawn_blocking(move || {
            File::open(path)?.set_times(FileTimes::new().set_accessed(now))
        });
        let _ = noting.await;
    }

    /// The bytes of an object.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if it is not there or cannot be read.
    pub async fn read(&self, key: &str) -> Result<Vec<u8>, LocalStoreError> {
        let (path, key) = (self.path_of(key), key.to_owned());
        run_blocking("read", move || {
            fs::read(&path).map_err(|source| LocalStoreError { key, action: "read", source })
        })
        .await
    }

    /// Whether there is a file of this key.
    pub async fn exists(&self, key: &str) -> bool {
        self.last_use(key).await.is_some()
    }

    /// When the file of this key was last asked for, as far as that was noted; `None` where there is none.
    pub async fn last_use(&self, key: &str) -> Option<SystemTime> {
        let file = tokio::fs::metadata(self.path_of(key)).await.ok().filter(Metadata::is_file)?;
        Some(file.accessed().unwrap_or(SystemTime::UNIX_EPOCH))
    }

    /// Removes objects; what is not there is no error, and what cannot be removed is left to the sweep.
    pub async fn remove_best_effort(&self, keys: Vec<ObjectKey>) {
        let paths: Vec<PathBuf> = keys.iter().map(|key| self.path(key)).collect();
        let removal = tokio::task::spawn_blocking(move || {
            for path in paths {
                let _ = fs::remove_file(path);
            }
        });
        let _ = removal.await;
    }

    /// Removes objects that must not stay; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] for the first that cannot be removed.
    pub async fn remove_keys(&self, keys: Vec<String>) -> Result<(), LocalStoreError> {
        let this = self.clone();
        run_blocking("removed", move || {
            for key in keys {
                match fs::remove_file(this.path_of(&key)) {
                    Ok(()) => {}
                    Err(gone) if gone.kind() == io::ErrorKind::NotFound => {}
                    Err(source) => return Err(LocalStoreError { key, action: "removed", source }),
                }
            }
            Ok(())
        })
        .await
    }

    /// Writes and removes a small file in the media folder.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if that is not possible.
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

    /// Writes an object, here and now: for threads that may block.
    ///
    /// # Errors
    ///
    /// The system's own; nothing is left of the object then.
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

    /// The folders, each with the first segment of its keys.
    pub(super) fn folders(&self) -> [(&Path, &'static str); 4] {
        [
            (&self.media, "media"),
            (&self.input, "input"),
            (&self.audio, "audio"),
            (&self.voice_profiles, "voice_profiles"),
        ]
    }

    /// Where the file of this key is, whether it is there or not.
    #[must_use]
    pub fn path_of(&self, key: &str) -> PathBuf {
        let (first, rest) = key.split_once('/').unwrap_or(("media", key));
        let folder = self.folders().into_iter().find(|(_, prefix)| *prefix == first);
        folder.map_or(&*self.media, |(folder, _)| folder).join(rest)
    }
}

/// A hidden name in the folder of `path`.
fn partial_path_for(path: &Path) -> PathBuf {
    path.with_file_name(format!(".{}.part", Uuid::now_v7()))
}

impl StagedFile {
    /// Where it is until then.
    pub(super) fn partial_path(&self) -> &Path {
        &self.partial_path
    }

    /// What it is to be.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Gives the object its name, in the place of what bore it. Dropped instead, it is gone.
    ///
    /// # Errors
    ///
    /// Returns [`LocalStoreError`] if the system refuses.
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
        // Gone already when it was published.
        let _ = fs::remove_file(&self.partial_path);
    }
}

/// A new file for an object of this key. Folders of clients are made for it if need be; the folders of the settings are not:
/// one that is gone was taken away, perhaps with its disk.
pub(super) fn create_file(path: &Path, key: &str) -> io::Result<File> {
    match File::create_new(path) {
        Err(none) if none.kind() == io::ErrorKind::NotFound && is_in_client_folder(key) => {
            let folder = path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder)?;
            // A folder that was just made is as lasting as what is in it.
            for above in folder.ancestors().skip(1).take(2) {
                // A path that leads from here has nothing at its top.
                let is_here = above.as_os_str().is_empty();
                File::open(if is_here { Path::new(".") } else { above })?.sync_all()?;
            }
            File::create_new(path)
        }
        made => made,
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

pub(super) async fn run_blocking<T: Send + 'static>(
    action: &'static str,
    work: impl FnOnce() -> Result<T, LocalStoreError> + Send + 'static,
) -> Result<T, LocalStoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|broken| {
        Err(LocalStoreError {
            key: "(several)".to_owned(),
            action,
            source: io::Error::other(broken),
        })
    })
}

#[cfg(test)]
mod tests;
