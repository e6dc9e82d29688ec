//! Rows against files against bytes: what a row speaks of must be there, as it was kept, and what is there must have a row.

use std::time::SystemTime;

use futures_util::TryStreamExt;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{App, AppError};
use crate::store::MediaObject;

/// Rows that are looked at in one go.
const ROWS: i64 = 500;

/// What is wrong with what is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Files that were looked at.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Keys of rows whose file is nowhere.
    pub missing: Vec<String>,
    /// Keys of files whose bytes are not those that were kept.
    pub changed: Vec<String>,
    /// Keys of files, on the disk or in the bucket, that no row speaks of.
    pub orphaned: Vec<String>,
}

impl Verified {
    /// Whether all is as it should be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty() && self.orphaned.is_empty()
    }
}

impl App {
    /// Looks at every file that is kept, and for files that are not. `each` hears of each that was looked at.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database, the disk or the bucket fails.
    pub async fn verify(&self, each: impl Fn(&Verified)) -> Result<Verified, AppError> {
        let mut verified = Verified::default();
        let mut after = String::new();
        loop {
            let rows = self.store.files_after(&after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.key);
            for object in rows {
                self.verify_one(&object, &mut verified).await?;
                each(&verified);
            }
        }
        let ever = SystemTime::UNIX_EPOCH..SystemTime::from(self.clock.now());
        for stray in self.objects.strays(ever).await? {
            // A hidden file was never finished; the next sweep has it.
            if let Some(key) = stray.key {
                self.verify_known(key, &mut verified).await?;
            }
        }
        if let Some(bucket) = &self.bucket {
            let mut listed = bucket.list();
            while let Some(object) = listed.try_next().await? {
                self.verify_known(object.key, &mut verified).await?;
            }
        }
        verified.orphaned.sort();
        verified.orphaned.dedup();
        Ok(verified)
    }

    async fn verify_one(
        &self,
        object: &MediaObject,
        verified: &mut Verified,
    ) -> Result<(), AppError> {
        verified.files += 1;
        verified.bytes += object.size.unsigned_abs();
        let on_disk = self.objects.read(&object.key).await.ok();
        let in_bucket = match &self.bucket {
            Some(bucket) if object.date_synced.is_some() => {
                // The disk's copy was compared when it was put; only its length is asked for.
                Some(bucket.size(&object.key).await?)
            }
            _ => None,
        };
        let is_there = on_disk.is_some() || matches!(in_bucket, Some(Some(_)));
        if !is_there || in_bucket == Some(None) {
            verified.missing.push(object.key.clone());
        }
        if in_bucket.flatten().is_some_and(|size| size != object.size.unsigned_abs()) {
            verified.changed.push(object.key.clone());
        } else if let Some(bytes) = on_disk {
            let digest = self.compute.run(move || Sha256::digest(&bytes).to_vec()).await?;
            if digest != object.sha256 {
                verified.changed.push(object.key.clone());
            }
        }
        Ok(())
    }

    async fn verify_known(&self, key: String, verified: &mut Verified) -> Result<(), AppError> {
        if self.store.media_object(&key).await?.is_none() {
            verified.orphaned.push(key);
        }
        Ok(())
    }
}
