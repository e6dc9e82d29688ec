//! Connection pools: one for PostgreSQL; for SQLite one with a single writer and one with several readers.

use tokio::sync::broadcast;

use super::connections::{ConnectionPool, PooledDatabase};
use super::sqlite::SqliteDatabase;
use super::unnamed::PgDatabase;
use super::{Store, StoreError, postgres, with_read_pool, with_tx};
use crate::settings::DatabaseSettings;

#[derive(Debug, Clone)]
pub(crate) enum Pools {
    Postgres(PgDatabase),
    Sqlite(SqliteDatabase),
}

/// Usage of a connection pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// Name of the pool: `postgres`, or `read` or `write` for SQLite.
    pub pool: &'static str,
    /// Number of open connections.
    pub open: u32,
    /// Number of open connections that are idle.
    pub idle: u32,
    /// Maximum number of open connections.
    pub max: u32,
}

impl PoolStatus {
    fn from_pool<DB: PooledDatabase>(name: &'static str, pool: &ConnectionPool<DB>) -> Self {
        let idle = pool.idle();
        Self { pool: name, open: pool.busy() + idle, idle, max: pool.max() }
    }
}

impl Store {
    /// Connects to the database and creates a missing SQLite file. Tables are created by [`Store::migrate`].
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database cannot be reached or its directory cannot be created.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        Self::open(settings, None, true).await
    }

    /// Connects to a database that must exist, and creates nothing. Waits like [`Store::connect_patiently`].
    ///
    /// # Errors
    ///
    /// Returns [`StoreError::NoFile`] if the SQLite file does not exist, and [`StoreError`] if the database cannot be
    /// reached.
    pub async fn connect_existing(
        settings: &DatabaseSettings,
        on_retry: &(dyn Fn(&StoreError) + Sync),
    ) -> Result<Self, StoreError> {
        Self::open(settings, Some(on_retry), false).await
    }

    /// Connects like [`Store::connect`], and waits half a minute for a PostgreSQL server that does not answer yet.
    /// `on_retry` is told each failure that is followed by another attempt.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database cannot be reached or its directory cannot be created.
    pub async fn connect_patiently(
        settings: &DatabaseSettings,
        on_retry: &(dyn Fn(&StoreError) + Sync),
    ) -> Result<Self, StoreError> {
        Self::open(settings, Some(on_retry), true).await
    }

    async fn open(
        settings: &DatabaseSettings,
        on_retry: Option<&(dyn Fn(&StoreError) + Sync)>,
        creates_file: bool,
    ) -> Result<Self, StoreError> {
        let pools = if settings.is_postgres() {
            Pools::Postgres(postgres::connect(settings, on_retry).await?)
        } else {
            Pools::Sqlite(SqliteDatabase::open(settings, creates_file).await?)
        };
        let (notices, _) = broadcast::channel(4096);
        let (instance, version, activity) = Default::default();
        Ok(Self { pools, notices, instance, version, activity })
    }

    /// Reports whether the database is PostgreSQL behind a pooler that lends server connections for one transaction.
    /// Notices from other processes do not pass it.
    #[must_use]
    pub const fn is_pooled(&self) -> bool {
        matches!(&self.pools, Pools::Postgres(database) if database.is_pooled)
    }

    /// Reports whether the database is SQLite.
    #[must_use]
    pub const fn is_sqlite(&self) -> bool {
        matches!(self.pools, Pools::Sqlite(_))
    }

    /// Checks that the database answers a statement with a parameter.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if it does not.
    pub async fn check_reads(&self) -> Result<(), StoreError> {
        const SQL: &str = "SELECT configuration_version FROM installation WHERE id = $1";
        with_read_pool!(self, db => sqlx::query(SQL).bind(1_i64).fetch_optional(db).await.map(drop))
            .map_err(StoreError::failed("answer"))
    }

    /// Checks that the database accepts a transaction that writes, as telling a frame does. Changes nothing.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if it does not, for example because it is read-only.
    pub async fn check_writes(&self) -> Result<(), StoreError> {
        // No row has this id, so nothing is locked. A read-only database refuses the statement anyway.
        const SQL: &str = "UPDATE installation SET configuration_version = 0 WHERE id = $1";
        let mut tx = self.begin().await?;
        with_tx!(tx, db => sqlx::query(SQL).bind(-1_i64).execute(db).await.map(drop))
            .map_err(StoreError::failed("accept a change"))
    }

    /// Returns the usage of each pool.
    #[must_use]
    pub fn pool_statuses(&self) -> Vec<PoolStatus> {
        match &self.pools {
            Pools::Postgres(database) => vec![PoolStatus::from_pool("postgres", &database.pool)],
            Pools::Sqlite(database) => vec![
                PoolStatus::from_pool("read", &database.read.pool),
                PoolStatus::from_pool("write", &database.write),
            ],
        }
    }

    /// Closes all connections after their running statements have finished.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Postgres(database) => database.pool.close().await,
            Pools::Sqlite(database) => {
                database.read.pool.close().await;
                database.write.close().await;
            }
        }
    }
}
