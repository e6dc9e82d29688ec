//! A version number that increases with each change of cached rows: configurations, tokens and users.
//!
//! A cached value stores the version that it was read under, and is valid while that version is current. A process
//! sees its own changes at once. It sees changes by others, such as another instance or a command that runs next to a
//! server on the same SQLite file, after at most [`MAX_AGE`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// How long a version that was read stays valid without another query.
const MAX_AGE: Duration = Duration::from_millis(250);

/// The last version that was read. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct ConfigurationVersion(Arc<Mutex<CachedVersion>>);

#[derive(Debug, Default)]
struct CachedVersion {
    fetched: Option<(Instant, i64)>,
    /// Number of invalidations. A query that began before the latest one must not store its result.
    invalidations: u64,
}

impl ConfigurationVersion {
    /// Makes the next read query the database.
    pub(super) fn invalidate(&self) {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached.fetched = None;
        cached.invalidations += 1;
    }

    /// Returns the version if it was read less than [`MAX_AGE`] ago, or else the number of invalidations so far.
    fn fresh(&self) -> Result<i64, u64> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = cached.fetched.filter(|(at, _)| at.elapsed() < MAX_AGE);
        fresh.map(|(_, version)| version).ok_or(cached.invalidations)
    }

    fn set(&self, fetched_at: Instant, version: i64, invalidations: u64) {
        let mut cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.invalidations == invalidations {
            cached.fetched = Some((fetched_at, version));
        }
    }
}

impl Store {
    /// Makes the next read of the configuration version query the database, because another process has changed it.
    pub fn forget_configuration_version(&self) {
        self.version.invalidate();
    }

    /// Returns the current version of the cached rows; at most 250 ms old.
    pub async fn configuration_version(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT configuration_version FROM installation WHERE id = 1";
        let invalidations = match self.version.fresh() {
            Ok(version) => return Ok(version),
            Err(invalidations) => invalidations,
        };
        let fetched_at = Instant::now();
        let found: Option<i64> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("read the configuration version"))?;
        let version = found.unwrap_or(0);
        self.version.set(fetched_at, version, invalidations);
        Ok(version)
    }
}

impl Tx {
    /// Increments the version, because this transaction changes cached rows.
    ///
    /// The update also locks the version, so that such transactions run one after the other and what one of them has
    /// checked still holds when it is saved. Call it first.
    pub async fn bump_configuration_version(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE installation SET configuration_version = configuration_version + 1 WHERE id = 1";
        self.has_configuration_change = true;
        with_tx!(self, db => sqlx::query(SQL).execute(db).await.map(drop))
            .map_err(StoreError::failed("increment the configuration version"))
    }
}
