//! Verifies stored files: each row must have a file with the right checksum, and each file must have a row.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::pin::pin;
use std::time::SystemTime;

use futures_util::TryStreamExt;
use serde::Serialize;

use super::Files;
use super::orphans::GRACE;
use super::sync::INSTALLATION_MARKER_PREFIX;
use crate::app::AppError;
use crate::store::MediaObject;

/// The findings of a verification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerificationSummary {
    /// Number of files that were checked.
    pub files: u64,
    /// Total size of `files`, in bytes.
    pub bytes: u64,
    /// Keys of rows whose file is missing.
    pub missing: Vec<String>,
    /// Keys of files whose size or checksum differs from the row's.
    pub changed: Vec<String>,
    /// Keys of files, on the disk or in the bucket, that have no row and are at least two hours old.
    pub orphaned: Vec<String>,
    /// Number of files without a row that are so new that their row may still be written.
    pub recent: u64,
}

impl VerificationSummary {
    /// Returns whether no file is missing, changed or orphaned.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty() && self.orphaned.is_empty()
    }
}

impl Files {
    /// Checks the file of every row, and looks for files without a row. Calls `on_progress` after each row.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database, the disk or the bucket fails.
    pub async fn verify(
        &self,
        on_progress: impl Fn(&VerificationSummary),
    ) -> Result<VerificationSummary, AppError> {
        let mut verified = VerificationSummary::default();
        let until = self.clock.now() - GRACE;
        let mut in_bucket: Option<HashMap<String, u64>> = None;
        let mut suspects: BTreeMap<String, bool> = BTreeMap::new();
        if let Some(bucket) = &self.bucket {
            let mut listed = bucket.list();
            let sizes = in_bucket.insert(HashMap::new());
            while let Some(object) = listed.try_next().await? {
                if object.key.starts_with(INSTALLATION_MARKER_PREFIX) {
                    continue;
                }
                suspects.insert(object.key.clone(), object.modified < until);
                sizes.insert(object.key, object.size);
            }
        }
        let mut known = HashSet::new();
        let mut pages = pin!(self.store.files());
        while let Some(rows) = pages.try_next().await? {
            for object in rows {
                self.verify_file(&object, in_bucket.as_ref(), &mut verified).await?;
                known.insert(object.key);
                on_progress(&verified);
            }
        }
        for file in self.local.list_all().await? {
            // A hidden file is an unfinished write; orphan removal deletes it.
            if let Some(key) = file.key.filter(|key| !known.contains(key)) {
                let is_old = file.modified < SystemTime::from(until);
                suspects.entry(key).and_modify(|old| *old |= is_old).or_insert(is_old);
            }
        }
        for (key, is_old) in suspects {
            // The row may have been written since, or the file may be about to be removed.
            if known.contains(&key) || self.store.media_object(&key).await?.is_some() {
                continue;
            }
            if !self.exists_anywhere(&key).await? {
                continue;
            }
            if is_old {
                verified.orphaned.push(key);
            } else {
                verified.recent += 1;
            }
        }
        Ok(verified)
    }

    async fn verify_file(
        &self,
        object: &MediaObject,
        in_bucket: Option<&HashMap<String, u64>>,
        verified: &mut VerificationSummary,
    ) -> Result<(), AppError> {
        verified.files += 1;
        verified.bytes += object.size.unsigned_abs();
        let on_disk = self.local.read(&object.key).await.ok();
        let is_synced = object.date_synced.is_some();
        let listed = in_bucket.map(|sizes| sizes.get(&object.key).copied());
        let bucket_size = match (&self.bucket, listed) {
            // The file may have been uploaded since the bucket was listed.
            (Some(bucket), Some(None)) if is_synced => bucket.size(&object.key).await?,
            (_, Some(size)) if is_synced => size,
            _ => None,
        };
        let is_lost = is_synced && self.bucket.is_some() && bucket_size.is_none();
        if is_lost || (on_disk.is_none() && bucket_size.is_none()) {
            // The file may have been removed deliberately since its row was read, or its row may hold it.
            let row = self.store.media_object_with_content(&object.key).await?;
            if row.is_some_and(|row| row.content.is_none()) {
                verified.missing.push(object.key.clone());
            }
            return Ok(());
        }
        let is_changed = match on_disk {
            _ if bucket_size.is_some_and(|size| size != object.size.unsigned_abs()) => true,
            Some(bytes) => self.sha256(bytes.into()).await? != object.sha256,
            // The bucket's copy was compared before the file was evicted from the disk, so its size is enough here.
            None => false,
        };
        if is_changed {
            verified.changed.push(object.key.clone());
        }
        Ok(())
    }

    async fn exists_anywhere(&self, key: &str) -> Result<bool, AppError> {
        if self.local.exists(key).await {
            return Ok(true);
        }
        match &self.bucket {
            Some(bucket) => Ok(bucket.size(key).await?.is_some()),
            None => Ok(false),
        }
    }
}
