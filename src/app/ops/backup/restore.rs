//! Restores an archive into an unused installation. The whole archive is verified before anything is changed.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io;
use std::path::Path;
use std::pin::pin;

use futures_util::TryStreamExt;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::archive::{create_private_file, disk_error, for_each_entry, hex, run_blocking, verify};
use super::{DATABASE_ENTRY, OBJECTS_PREFIX, TemporaryDatabase, hidden_sibling};
use crate::app::{AppError, ErrorKind};
use crate::domain::ObjectKey;
use crate::objects::LocalStore;
use crate::settings::Settings;
use crate::store::Store;

/// Counts of what a restore wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RestoreSummary {
    /// Number of stories.
    pub stories: i64,
    /// Number of frames.
    pub frames: i64,
    /// Number of files.
    pub files: u64,
    /// Total size of `files`, in bytes.
    pub bytes: u64,
}

/// Restores an archive into the database and the folders of the settings. Calls `on_progress` after each file with the
/// number of files and bytes so far.
///
/// # Errors
///
/// Fails with [`ErrorKind::Invalid`] if the archive is damaged or contains an invalid object key, and with
/// [`ErrorKind::Conflict`] if the database is or was in use; nothing is changed then. Returns [`AppError`] if the
/// database or the disk fails: then no rows were written, and orphan removal later deletes the files that were.
pub async fn restore(
    settings: &Settings,
    path: &Path,
    on_progress: impl Fn(u64, u64) + Send + 'static,
) -> Result<RestoreSummary, AppError> {
    let manifest = verify(path).await?;
    let database = &settings.database;
    let is_postgres = database.is_postgres();
    let folder = if is_postgres { path.to_owned() } else { database.path.clone() };
    if let Some(folder) = folder.parent() {
        tokio::fs::create_dir_all(folder).await.map_err(disk_error)?;
    }
    let rows = TemporaryDatabase(hidden_sibling(&folder, "restored"));
    extract_rows(path, &rows.0).await?;
    // Opening the snapshot migrates the tables of an older version, and fails for those of a newer one.
    let snapshot = Store::open_snapshot(&rows.0).await?;
    let target = Store::connect(database).await?;
    let _lock = target.acquire_database_lock(&database.path)?;
    target.migrate().await?;
    if !target.is_unused().await? {
        let detail = "The database is already in use; restore into an unused database.";
        return Err(AppError::new(ErrorKind::Conflict, detail));
    }
    // The original installation may still use the bucket, so the restored one needs a marker of its own.
    let mut tx = snapshot.begin().await?;
    tx.set_bucket_marker(None).await?;
    tx.save().await?;
    let mut restored = RestoreSummary::default();
    if manifest.has_media {
        let objects = LocalStore::open(&settings.storage)?;
        let expected = expected_checksums(&snapshot).await?;
        let path = path.to_owned();
        let (files, bytes) =
            run_blocking(move || write_files(&path, &objects, &expected, on_progress)).await?;
        (restored.files, restored.bytes) = (files, bytes);
    }
    let counts = snapshot.installation_counts().await?;
    (restored.stories, restored.frames) = (counts.stories, counts.frames);
    snapshot.close().await;
    if is_postgres {
        target.restore_snapshot(&rows.0).await?;
        target.close().await;
        return Ok(restored);
    }
    target.close().await;
    let from = rows.0.clone();
    let to = database.path.clone();
    run_blocking(move || replace_database_file(&from, &to)).await?;
    Ok(restored)
}

async fn extract_rows(path: &Path, to: &Path) -> Result<(), AppError> {
    let (path, to) = (path.to_owned(), to.to_owned());
    run_blocking(move || {
        for_each_entry(&path, |name, content| {
            if name == DATABASE_ENTRY {
                let mut file = create_private_file(&to)?;
                io::copy(content, &mut file)?;
                file.sync_all()?;
            }
            Ok(name != DATABASE_ENTRY)
        })
    })
    .await
}

/// Returns the expected checksum of each file, and marks all files as unsynced: they are on this disk now, and are
/// uploaded to the bucket that is configured here. Each key is parsed, because the archive is not trusted: a string
/// that is not a valid [`ObjectKey`] could name a path outside the folders.
async fn expected_checksums(snapshot: &Store) -> Result<HashMap<ObjectKey, Vec<u8>>, AppError> {
    let mut expected = HashMap::new();
    let mut pages = pin!(snapshot.files());
    while let Some(rows) = pages.try_next().await? {
        let mut tx = snapshot.begin().await?;
        for object in rows {
            tx.mark_unsynced(&object).await?;
            let key = object.key.parse::<ObjectKey>().map_err(|error| {
                let key = &object.key;
                let detail = format!("The backup has a file with the key {key:?}: {error}.");
                AppError::new(ErrorKind::Invalid, detail)
            })?;
            expected.insert(key, object.sha256);
        }
        tx.save().await?;
    }
    Ok(expected)
}

fn write_files(
    path: &Path,
    objects: &LocalStore,
    expected: &HashMap<ObjectKey, Vec<u8>>,
    on_progress: impl Fn(u64, u64),
) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    let mut folders = BTreeSet::new();
    for_each_entry(path, |name, content| {
        let Some(name) = name.strip_prefix(OBJECTS_PREFIX) else { return Ok(true) };
        let invalid =
            |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("{name} {what}"));
        let key: ObjectKey = name.parse().map_err(|_| invalid("is not a valid object key"))?;
        let sum = expected.get(&key).ok_or_else(|| invalid("has no row"))?;
        let mut bytes_read = Vec::new();
        content.read_to_end(&mut bytes_read)?;
        if Sha256::digest(&bytes_read).as_slice() != sum.as_slice() {
            return Err(invalid(&format!("does not match the checksum in its row ({})", hex(sum))));
        }
        objects.put_blocking(&key, &bytes_read)?;
        folders.extend(objects.path(&key).parent().map(Path::to_owned));
        files += 1;
        bytes += bytes_read.len() as u64;
        on_progress(files, bytes);
        Ok(true)
    })?;
    // The files must be durable before the rows that refer to them.
    for folder in folders {
        File::open(folder)?.sync_all()?;
    }
    Ok((files, bytes))
}

/// Replaces the empty database file with the restored one. Removes the `-wal` and `-shm` files of the empty one first,
/// because SQLite would apply them to the restored one.
fn replace_database_file(from: &Path, to: &Path) -> io::Result<()> {
    for tail in ["-wal", "-shm"] {
        let mut path = to.as_os_str().to_owned();
        path.push(tail);
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::rename(from, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
