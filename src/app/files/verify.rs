//! Rows against files against bytes: what a row speaks of must be there, as it was kept, and what is there must have a row.

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

/// What is wrong with what is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct VerificationSummary {
    /// Files that were looked at.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Keys of rows whose file is nowhere.
    pub missing: Vec<String>,
    /// Keys of files whose bytes are not those that were kept.
    pub changed: Vec<String>,
    /// Keys of files, on the disk or in the bucket, that no row speaks of and none can be about to.
    pub orphaned: Vec<String>,
    /// Files that no row speaks of, and that are so new that one may be about to.
    pub recent: u64,
}

impl VerificationSummary {
    /// Whether all is as it should be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty() && self.orphaned.is_empty()
    }
}

impl Files {
    /// Looks at every file that is kept, and for files that are not. `each` hears of each that was looked at.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database, the disk or the bucket fails.
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
        for stray in self.local.list_all().await? {
            // A hidden file was never finished; the next sweep has it.
            if let Some(key) = stray.key.filter(|key| !known.contains(key)) {
                let is_old = stray.modified < SystemTime::from(until);
                suspects.entry(key).and_modify(|old| *old |= is_old).or_insert(is_old);
            }
        }
        for (key, is_old) in suspects {
            // Its row may have been written since, or its removal may be under way.
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
        let is_noted = object.date_synced.is_some();
        let listed = in_bucket.map(|sizes| sizes.get(&object.key).copied());
        let there = match (&self.bucket, listed) {
            // The list was made before: what was put since is asked for.
            (Some(bucket), Some(None)) if is_noted => bucket.size(&object.key).await?,
            (_, Some(size)) if is_noted => size,
            _ => None,
        };
        let is_lost = is_noted && self.bucket.is_some() && there.is_none();
        if is_lost || (on_disk.is_none() && there.is_none()) {
            // It may have been removed on purpose since its row was read.
            if self.store.media_object(&object.key).await?.is_some() {
                verified.missing.push(object.key.clone());
            }
            return Ok(());
        }
        let is_changed = match on_disk {
            _ if there.is_some_and(|size| size != object.size.unsigned_abs()) => true,
            Some(bytes) => self.sha256(bytes.into()).await? != object.sha256,
            // The bucket's copy was compared before the disk gave up its own; its length is enough.
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
