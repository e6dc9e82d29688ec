//! Files: written to this machine's disk, copied to the bucket, fetched back, presigned, verified, moved and removed.

mod cache_eviction;
mod fetch;
mod migrate;
mod orphans;
mod presign;
mod removal;
mod retention;
mod sounds;
mod status;
mod sync;
mod upload;
mod verify;

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

/// Files, wherever they are.
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

/// Where files are kept, and by which rules.
#[derive(Debug)]
pub struct FileStores {
    /// This machine's disk.
    pub local: LocalStore,
    /// The bucket, if there is one.
    pub bucket: Option<Bucket>,
    /// The rules.
    pub settings: StorageSettings,
}

impl Files {
    pub(in crate::app) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        compute: Compute,
        stores: FileStores,
        jobs: Arc<Jobs>,
    ) -> Self {
        let FileStores { local, bucket, settings: rules } = stores;
        let (fetching, signing) =
            (fetch::FetchLocks::default(), presign::SigningKeyCache::default());
        Self {
            store,
            clock,
            compute,
            local,
            bucket,
            settings: rules,
            jobs,
            fetch_locks: fetching,
            signing_key_cache: signing,
        }
    }
}
