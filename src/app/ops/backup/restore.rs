//! An archive back into an installation that nobody has used yet: checked to its end before anything is touched.

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

/// What a restore brought back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RestoreSummary {
    /// Stories.
    pub stories: i64,
    /// Frames.
    pub frames: i64,
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Restores an archive into the database and the folders of the settings. `each` hears of each file: how many, and their
/// bytes.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] for an archive that is damaged or names a file that is no object's, [`ErrorKind::Conflict`] for a database that is in use or was;
/// nothing is changed then. [`AppError`] when the database or the disk fails: files that were written until then are
/// swept up later, and no row is there.
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
    // This also brings the tables of an older version up to date, and refuses those of a later one.
    let snapshot = Store::open_snapshot(&rows.0).await?;
    let target = Store::connect(database).await?;
    let _alone = target.acquire_database_lock(&database.path)?;
    target.migrate().await?;
    if !target.is_unused().await? {
        let detail = "The database is in use already; restore into one that nobody has used, and keep this one.";
        return Err(AppError::new(ErrorKind::Conflict, detail));
    }
    // Where the other still is, the two must be told apart in the bucket that they share.
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

/// What each file is to be. Rows forget which bucket theirs are in: they are on this disk now, and go into the bucket that
/// is configured here. Each key is parsed, because an archive may come from anybody: one that is no [`ObjectKey`] could name a
/// path outside the folders.
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
        let broken =
            |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("{name} {what}"));
        let key: ObjectKey = name.parse().map_err(|_| broken("is not the key of an object"))?;
        let sum = expected.get(&key).ok_or_else(|| broken("has no row"))?;
        let mut whole = Vec::new();
        content.read_to_end(&mut whole)?;
        if Sha256::digest(&whole).as_slice() != sum.as_slice() {
            return Err(broken(&format!("is not what its row says ({})", hex(sum))));
        }
        objects.put_blocking(&key, &whole)?;
        folders.extend(objects.path(&key).parent().map(Path::to_owned));
        files += 1;
        bytes += whole.len() as u64;
        on_progress(files, bytes);
        Ok(true)
    })?;
    // Files are there for good before the rows that speak of them.
    for folder in folders {
        File::open(folder)?.sync_all()?;
    }
    Ok((files, bytes))
}

/// The database's file in the place of the empty one. What SQLite kept beside that one must not be taken for this one's.
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
