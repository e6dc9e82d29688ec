//! Two folders on this machine: `media/` for what Calliope makes, `input/` for what Sparrows send.
//!
//! A file is written under a hidden name, synced, renamed, and its folder synced: a kill or a power cut leaves
//! either the whole file or a stray that [`LocalStore::strays`] finds.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use uuid::Uuid;

use crate::domain::{MediaName, ObjectKey};
use crate::settings::Storage;

/// The local folders.
#[derive(Debug, Clone)]
pub struct LocalStore {
    media: PathBuf,
    input: PathBuf,
}

/// A file could not be read, written or removed.
#[derive(Debug, thiserror::Error)]
#[error("the file {key} could not be {action}")]
pub struct ObjectError {
    /// Which one.
    pub key: String,
    /// `read`, `written`, `removed` or `listed`.
    pub action: &'static str,
    /// The system's account.
    pub source: io::Error,
}

/// An object that is written and has no name yet.
#[derive(Debug)]
pub struct Staged {
    part: PathBuf,
    path: PathBuf,
    key: String,
}

/// A file in one of the folders, as a sweep finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The key under which it would be kept; `None` for a hidden file that was never finished.
    pub key: Option<String>,
    /// Where it is.
    pub path: PathBuf,
}

impl LocalStore {
    /// Takes the folders from the settings, and makes them when they are not there.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] when one cannot be made.
    pub fn open(settings: &Storage) -> Result<Self, ObjectError> {
        let store =
            Self { media: settings.media_folder.clone(), input: settings.input_folder.clone() };
        for folder in [&store.media, &store.input] {
            fs::create_dir_all(folder).map_err(|source| ObjectError {
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
        let shown = key.to_string();
        let name = shown.rsplit('/').next().unwrap_or_default();
        self.folder(key).join(name)
    }

    /// Where the media file of this name is, whether it is there or not.
    #[must_use]
    pub fn media_path(&self, name: &MediaName) -> PathBuf {
        self.media.join(name.as_str())
    }

    /// Writes objects, all of them or none that a caller would see as written.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] for the first that cannot be written; those written before it are removed again.
    pub async fn put_all(&self, objects: Vec<(ObjectKey, Bytes)>) -> Result<(), ObjectError> {
        let this = self.clone();
        blocking("written", move || this.put_all_now(&objects)).await
    }

    /// Writes an object under a hidden name; [`Staged::publish`] gives it its own.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] when it cannot be written.
    pub async fn stage(&self, key: &ObjectKey, bytes: Bytes) -> Result<Staged, ObjectError> {
        let staged = Staged { part: self.part(key), path: self.path(key), key: key.to_string() };
        blocking("written", move || match write_synced(&staged.part, &bytes) {
            Ok(()) => Ok(staged),
            Err(source) => Err(ObjectError { key: staged.key.clone(), action: "written", source }),
        })
        .await
    }

    /// The bytes of an object.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] when it is not there or cannot be read.
    pub async fn read(&self, key: &str) -> Result<Vec<u8>, ObjectError> {
        let (path, key) = (self.path_of_key(key), key.to_owned());
        blocking("read", move || {
            fs::read(&path).map_err(|source| ObjectError { key, action: "read", source })
        })
        .await
    }

    /// Removes objects; what is not there is no error, and what cannot be removed is left to the sweep.
    pub async fn remove_all(&self, keys: Vec<ObjectKey>) {
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
    /// [`ObjectError`] for the first that cannot be removed.
    pub async fn remove_keys(&self, keys: Vec<String>) -> Result<(), ObjectError> {
        let this = self.clone();
        blocking("removed", move || {
            for key in keys {
                match fs::remove_file(this.path_of_key(&key)) {
                    Ok(()) => {}
                    Err(gone) if gone.kind() == io::ErrorKind::NotFound => {}
                    Err(source) => return Err(ObjectError { key, action: "removed", source }),
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
    /// [`ObjectError`] when that is not possible.
    pub async fn check(&self) -> Result<(), ObjectError> {
        let folder = self.media.clone();
        blocking("written", move || {
            let path = folder.join(format!(".{}.part", Uuid::now_v7()));
            let written = fs::write(&path, b"ready?").and_then(|()| fs::remove_file(&path));
            written.map_err(|source| ObjectError {
                key: folder.display().to_string(),
                action: "written",
                source,
            })
        })
        .await
    }

    /// The files in both folders that were last changed within `span`.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] when a folder cannot be read.
    pub async fn strays(&self, span: Range<SystemTime>) -> Result<Vec<Stray>, ObjectError> {
        let this = self.clone();
        blocking("listed", move || {
            let mut strays = list(&this.media, "media", &span)?;
            strays.extend(list(&this.input, "input", &span)?);
            Ok(strays)
        })
        .await
    }

    fn put_all_now(&self, objects: &[(ObjectKey, Bytes)]) -> Result<(), ObjectError> {
        for (done, (key, bytes)) in objects.iter().enumerate() {
            if let Err(source) = self.put_now(key, bytes) {
                for (key, _) in &objects[..done] {
                    let _ = fs::remove_file(self.path(key));
                }
                return Err(ObjectError { key: key.to_string(), action: "written", source });
            }
        }
        let mut folders: Vec<&Path> = objects.iter().map(|(key, _)| self.folder(key)).collect();
        folders.dedup();
        for folder in folders {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| {
                ObjectError { key: folder.display().to_string(), action: "written", source }
            })?;
        }
        Ok(())
    }

    fn put_now(&self, key: &ObjectKey, bytes: &[u8]) -> io::Result<()> {
        let part = self.part(key);
        let written = write_synced(&part, bytes).and_then(|()| fs::rename(&part, self.path(key)));
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written
    }

    fn folder(&self, key: &ObjectKey) -> &Path {
        match key {
            ObjectKey::Media(_) => &self.media,
            ObjectKey::Input { .. } => &self.input,
        }
    }

    fn part(&self, key: &ObjectKey) -> PathBuf {
        self.folder(key).join(format!(".{}.part", Uuid::now_v7()))
    }

    fn path_of_key(&self, key: &str) -> PathBuf {
        match key.split_once('/') {
            Some(("input", name)) => self.input.join(name),
            Some((_, name)) => self.media.join(name),
            None => self.media.join(key),
        }
    }
}

impl Staged {
    /// Gives the object its name, in the place of what bore it. Dropped instead, it is gone.
    ///
    /// # Errors
    ///
    /// [`ObjectError`] when the system refuses.
    pub async fn publish(self) -> Result<(), ObjectError> {
        blocking("written", move || {
            let folder = self.path.parent().unwrap_or(Path::new("."));
            let renamed =
                fs::rename(&self.part, &self.path).and_then(|()| File::open(folder)?.sync_all());
            renamed.map_err(|source| ObjectError {
                key: self.key.clone(),
                action: "written",
                source,
            })
        })
        .await
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Gone already when it was published.
        let _ = fs::remove_file(&self.part);
    }
}

/// Whether a hidden file is one that a write of ours did not finish.
fn is_part(name: &str) -> bool {
    let id = name.strip_prefix('.').and_then(|name| name.strip_suffix(".part"));
    id.is_some_and(|id| id.parse::<Uuid>().is_ok())
}

/// The files in a folder that were last changed within `span`.
fn list(folder: &Path, prefix: &str, span: &Range<SystemTime>) -> Result<Vec<Stray>, ObjectError> {
    let failed =
        |source| ObjectError { key: folder.display().to_string(), action: "listed", source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A file that vanishes between listing and looking is no stray any more.
        let Ok(metadata) = entry.metadata() else { continue };
        if !metadata.is_file() || !span.contains(&metadata.modified().map_err(failed)?) {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let hidden = name.starts_with('.');
        if hidden && !is_part(&name) {
            continue;
        }
        let key = (!hidden).then(|| format!("{prefix}/{name}"));
        found.push(Stray { key, path: entry.path() });
    }
    Ok(found)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

async fn blocking<T: Send + 'static>(
    action: &'static str,
    work: impl FnOnce() -> Result<T, ObjectError> + Send + 'static,
) -> Result<T, ObjectError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|broken| {
        Err(ObjectError { key: "(several)".to_owned(), action, source: io::Error::other(broken) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> (tempfile::TempDir, LocalStore) {
        let root = tempfile::tempdir().expect("a temporary folder");
        let settings = Storage {
            media_folder: root.path().join("media"),
            input_folder: root.path().join("input"),
            ..Storage::default()
        };
        let store = LocalStore::open(&settings).expect("folders are made");
        (root, store)
    }

    fn key(name: &str) -> ObjectKey {
        ObjectKey::Media(MediaName::new(name).expect("a plain name"))
    }

    #[tokio::test]
    async fn what_was_put_is_read_and_can_be_put_again() {
        let (_root, store) = folders();
        for bytes in ["one", "two"] {
            let object = (key("a.png"), Bytes::from(bytes));
            store.put_all(vec![object]).await.expect("written");
            assert_eq!(store.read("media/a.png").await.expect("read"), bytes.as_bytes());
        }
        store.remove_all(vec![key("a.png"), key("never.png")]).await;
        assert!(store.read("media/a.png").await.is_err());
    }

    #[tokio::test]
    async fn one_that_fails_takes_the_others_with_it() {
        let (root, store) = folders();
        std::fs::create_dir(root.path().join("media/b.png")).expect("in the way");
        let objects = vec![(key("a.png"), Bytes::from("a")), (key("b.png"), Bytes::from("b"))];
        let error = store.put_all(objects).await.expect_err("a folder is in the way");
        assert_eq!(error.key, "media/b.png");
        let left: Vec<_> = std::fs::read_dir(root.path().join("media")).expect("listed").collect();
        assert_eq!(left.len(), 1, "only the folder in the way is left");
    }

    #[tokio::test]
    async fn strays_are_files_and_unfinished_parts_older_than_asked() {
        let (root, store) = folders();
        let write = |path: &str| std::fs::write(root.path().join(path), "x").expect("written");
        write("media/a.png");
        write("media/.0197f2c4-5b1e-7c3a-9d1e-000000000000.part");
        write("media/.theirs.part");
        write("media/.gitignore");
        write("input/b.jpg");
        assert!(
            store
                .strays(SystemTime::UNIX_EPOCH..SystemTime::UNIX_EPOCH)
                .await
                .expect("listed")
                .is_empty()
        );
        let later = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1 << 34);
        let mut keys: Vec<_> = store
            .strays(SystemTime::UNIX_EPOCH..later)
            .await
            .expect("listed")
            .into_iter()
            .map(|s| s.key)
            .collect();
        keys.sort();
        assert_eq!(keys, [None, Some("input/b.jpg".to_owned()), Some("media/a.png".to_owned())]);
    }
}
