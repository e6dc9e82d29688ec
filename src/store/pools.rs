//! Connection pools: one for PostgreSQL; for SQLite one with a single writer and one with several readers.

use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::broadcast;

use super::database_file::DatabaseFile;
use super::unnamed::PgDatabase;
use super::{Store, StoreError, postgres, with_read_pool, with_tx};
use crate::settings::DatabaseSettings;

/// How long a request waits for a connection before it fails because the database is busy.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub(crate) enum Pools {
    Postgres(PgDatabase),
    Sqlite { read: SqlitePool, write: SqlitePool, file: DatabaseFile },
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
    fn from_pool<DB: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<DB>) -> Self {
        let max = pool.options().get_max_connections();
        Self { pool: name, open: pool.size(), idle: pool.num_idle() as u32, max }
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
            sqlite(settings, creates_file).await?
        };
        let (notices, _) = broadcast::channel(4096);
        let instance = std::sync::Arc::default();
        Ok(Self {
            pools,
            notices,
            instance,
            version: super::version::ConfigurationVersion::default(),
        })
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
        matches!(self.pools, Pools::Sqlite { .. })
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
            Pools::Sqlite { read, write, .. } => {
                vec![PoolStatus::from_pool("read", read), PoolStatus::from_pool("write", write)]
            }
        }
    }

    /// Closes all connections after their running statements have finished.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Postgres(database) => database.pool.close().await,
            Pools::Sqlite { read, write, .. } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}

async fn sqlite(settings: &DatabaseSettings, creates_file: bool) -> Result<Pools, StoreError> {
    let path = &settings.path;
    if !creates_file && !path.exists() {
        return Err(StoreError::NoFile(path.display().to_string()));
    }
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory).map_err(|source| StoreError::NotWritable {
            path: directory.display().to_string(),
            source,
        })?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(creates_file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10));
    let pool = SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT);
    let failed = StoreError::failed("open the SQLite file");
    // The writer connects first because it creates the file, which a read-only connection cannot.
    let write = pool.clone().max_connections(1).connect_with(options.clone()).await;
    let write = write.map_err(&failed)?;
    // A later connection must not create another file if this one is removed.
    let options = options.create_if_missing(false);
    write.set_connect_options(options.clone());
    let file = DatabaseFile::open(path);
    let readers = pool.max_connections(settings.connections.min(8));
    let read = readers.connect_with(options.read_only(true)).await.map_err(&failed)?;
    Ok(Pools::Sqlite { read, write, file })
}
