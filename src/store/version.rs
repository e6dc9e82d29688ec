//! A number that grows with every change of what is cached: configurations, tokens, users.
//!
//! A cached value carries the version that it was read under, and is good while that is the newest. This process
//! sees its own changes at once; those of others, be it another instance or a command beside a SQLite file, after
//! [`FRESH`] at the latest.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Store, StoreError, Tx, read, within};

/// How long the version may be believed without a look.
const FRESH: Duration = Duration::from_millis(250);

/// What is known of the version. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Version(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    at: Option<(Instant, i64)>,
    /// How often the version was forgotten: a look that began before must not count.
    forgotten: u64,
}

impl Version {
    /// Has the next look go to the database.
    pub(super) fn forget(&self) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.at = None;
        seen.forgotten += 1;
    }

    fn fresh(&self) -> Result<i64, u64> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = seen.at.filter(|(at, _)| at.elapsed() < FRESH);
        fresh.map(|(_, version)| version).ok_or(seen.forgotten)
    }

    fn note(&self, looked: Instant, version: i64, forgotten: u64) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.forgotten == forgotten {
            seen.at = Some((looked, version));
        }
    }
}

impl Store {
    /// The version of what may be cached.
    pub async fn configuration_version(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT configuration_version FROM installation WHERE id = 1";
        let forgotten = match self.version.fresh() {
            Ok(version) => return Ok(version),
            Err(forgotten) => forgotten,
        };
        let looked = Instant::now();
        let found: Option<i64> =
            read!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("read the configuration's version"))?;
        let version = found.unwrap_or(0);
        self.version.note(looked, version, forgotten);
        Ok(version)
    }
}

impl Tx {
    /// Says that this transaction changes what is cached. It also makes such changes wait for each other, so that
    /// what one of them has checked still holds when it is saved: call it first.
    pub async fn change_configuration(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE installation SET configuration_version = configuration_version + 1 WHERE id = 1";
        self.changes_configuration = true;
        within!(self, db => sqlx::query(SQL).execute(db).await.map(drop))
            .map_err(StoreError::failed("count a change of the configuration"))
    }
}
