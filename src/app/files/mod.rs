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

pub use fetch::Found;
pub use migrate::Migrated;
pub use presign::{SignOrder, SignedUrl};
pub use retention::Cleaned;
pub use sounds::{NewSound, SoundView};
pub(in crate::app) use status::BucketHealth;
pub use sync::Synced;
pub use upload::{MediaKind, Uploaded};
pub use verify::Verified;

use super::jobs::Jobs;
use crate::compute::Compute;
use crate::domain::Clock;
use crate::objects::{Bucket, LocalStore};
use crate::settings::Storage;
use crate::store::Store;

/// Files, wherever they are.
#[derive(Debug)]
pub struct Files {
    store: Store,
    clock: Arc<dyn Clock>,
    compute: Compute,
    local: LocalStore,
    bucket: Option<Bucket>,
    rules: Storage,
    jobs: Arc<Jobs>,
    fetching: fetch::Fetching,
    signing: presign::Signing,
}

/// Where files are kept, and by which rules.
#[derive(Debug)]
pub struct FileStores {
    /// This machine's disk.
    pub local: LocalStore,
    /// The bucket, if there is one.
    pub bucket: Option<Bucket>,
    /// The rules.
    pub rules: Storage,
}

impl Files {
    pub(in crate::app) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        compute: Compute,
        stores: FileStores,
        jobs: Arc<Jobs>,
    ) -> Self {
        let FileStores { local, bucket, rules } = stores;
        let (fetching, signing) = (fetch::Fetching::default(), presign::Signing::default());
        Self { store, clock, compute, local, bucket, rules, jobs, fetching, signing }
    }
}
