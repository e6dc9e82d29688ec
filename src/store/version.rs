//! A number that grows with every change of what is cached: configurations, tokens, users.
//!
//! A cached value carries the version that it was read under, and is good while that is the newest. This process
//! sees its own changes at once; those of others, be it another instance or a command beside a SQLite file, after
//! [`MAX_AGE`] at the latest.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// How long the version may be believed without a look.
const MAX_AGE: Duration = Duration::from_millis(250);

/// What is known of the version. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct ConfigurationVersion(Arc<Mutex<CachedVersion>>);

#[derive(Debug, Default)]
struct CachedVersion {
    fetched: Option<(Instant, i64)>,
    /// How often the version was forgotten: a look that began before must not count.
    invalidations: u64,
}

impl ConfigurationVersion {
    /// Has the next look go to the database.
    pub(super) fn invalidate(&self) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.fetched = None;
        seen.invalidations += 1;
    }

    fn fresh(&self) -> Result<i64, u64> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = seen.fetched.filter(|(at, _)| at.elapsed() < MAX_AGE);
        fresh.map(|(_, version)| version).ok_or(seen.invalidations)
    }

    fn set(&self, looked: Instant, version: i64, invalidations: u64) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.invalidations == invalidations {
            seen.fetched = Some((looked, version));
        }
    }
}

impl Store {
    /// The version of what may be cached.
    pub async fn configuration_version(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT configuration_version FROM installation WHERE id = 1";
        let invalidations = match self.version.fresh() {
            Ok(version) => return Ok(version),
            Err(invalidations) => invalidations,
        };
        let looked = Instant::now();
        let found: Option<i64> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("read the configuration's version"))?;
        let version = found.unwrap_or(0);
        self.version.set(looked, version, invalidations);
        Ok(version)
    }
}

impl Tx {
    /// Says that this transaction changes what is cached. It also makes such changes wait for each other, so that
    /// what one of them has checked still holds when it is saved: call it first.
    pub async fn bump_configuration_version(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE installation SET configuration_version = configuration_version + 1 WHERE id = 1";
        self.has_configuration_change = true;
        with_tx!(self, db => sqlx::query(SQL).execute(db).await.map(drop))
            .map_err(StoreError::failed("count a change of the configuration"))
    }
}
