//! The file service: writes files where every instance can read them (this machine's disk, the bucket, their rows), reads
//! them, and presigns, verifies, migrates and removes them.

mod cache_eviction;
mod fetch;
mod instances;
mod migrate;
mod orphans;
mod presign;
mod quota;
mod removal;
mod retention;
mod sounds;
mod status;
mod sync;
mod upload;
mod verify;
mod write;

use std::sync::Arc;

pub use fetch::FileLocation;
pub use migrate::MediaMigrationSummary;
pub use presign::{PresignRequest, PresignedUrl};
pub use retention::CleanupSummary;
pub use sounds::{NewSound, SoundView};
pub(in crate::app) use status::BucketHealth;
pub use sync::SyncSummary;
pub use upload::{MediaFormat, UploadOutcome};
pub use verify::VerificationSummary;

use super::jobs::Jobs;
use crate::compute::Compute;
use crate::domain::Clock;
use crate::objects::{Bucket, LocalStore};
use crate::settings::StorageSettings;
use crate::store::Store;

/// The file service, which stores files on the disk and in the bucket.
#[derive(Debug)]
pub struct Files {
    store: Store,
    clock: Arc<dyn Clock>,
    compute: Compute,
    local: LocalStore,
    bucket: Option<Bucket>,
    settings: StorageSettings,
    jobs: Arc<Jobs>,
    fetch_locks: fetch::FetchLocks,
    signing_key_cache: presign::SigningKeyCache,
}

/// The stores that a [`Files`] service uses, with their settings.
#[derive(Debug)]
pub struct FileStores {
    /// The folders on this machine's disk.
    pub local: LocalStore,
    /// The bucket; `None` if files stay on this machine.
    pub bucket: Option<Bucket>,
    /// Paths, retention periods, cache size and delivery.
    pub settings: StorageSettings,
}

impl Files {
    /// Returns how long the photos and sounds that clients send are kept, in seconds.
    #[must_use]
    pub fn input_retention_seconds(&self) -> u64 {
        self.settings.input_retention_seconds
    }

    pub(in crate::app) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        compute: Compute,
        stores: FileStores,
        jobs: Arc<Jobs>,
    ) -> Self {
        let FileStores { local, bucket, settings } = stores;
        Self {
            store,
            clock,
            compute,
            local,
            bucket,
            settings,
            jobs,
            fetch_locks: fetch::FetchLocks::default(),
            signing_key_cache: presign::SigningKeyCache::default(),
        }
    }
}
