//! Connections: one pool to PostgreSQL; for SQLite one writer, as it has, and several readers beside it.

use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::broadcast;

use super::{Store, StoreError, with_read_pool};
use crate::settings::DatabaseSettings;

/// How long a request waits for a connection before it is told that the database is busy.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub(crate) enum Pools {
    Postgres(PgPool),
    Sqlite { read: SqlitePool, write: SqlitePool },
}

/// How a pool stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// Which pool: `postgres`, or SQLite's `read` or `write`.
    pub pool: &'static str,
    /// Connections that are open.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
    /// Connections that may be open.
    pub max: u32,
}

impl PoolStatus {
    fn from_pool<DB: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<DB>) -> Self {
        let most = pool.options().get_max_connections();
        Self { pool: name, open: pool.size(), idle: pool.num_idle() as u32, max: most }
    }
}

impl Store {
    /// Connects, and makes the SQLite file when there is none. Tables are [`Store::migrate`]'s work.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot be reached or its folder not be made.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let pools = if settings.is_postgres() {
            Pools::Postgres(postgres(settings).await?)
        } else {
            sqlite(settings).await?
        };
        let (news, _) = broadcast::channel(4096);
        Ok(Self { pools, notices: news, version: super::version::ConfigurationVersion::default() })
    }

    /// Whether this is the embedded database.
    #[must_use]
    pub const fn is_sqlite(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
    }

    /// Asks the database for the smallest answer there is.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when none comes.
    pub async fn ping(&self) -> Result<(), StoreError> {
        with_read_pool!(self, db => sqlx::query("SELECT 1").execute(db).await.map(drop))
            .map_err(StoreError::failed("answer"))
    }

    /// How each pool stands.
    #[must_use]
    pub fn pool_statuses(&self) -> Vec<PoolStatus> {
        match &self.pools {
            Pools::Postgres(pool) => vec![PoolStatus::from_pool("postgres", pool)],
            Pools::Sqlite { read, write } => {
                vec![PoolStatus::from_pool("read", read), PoolStatus::from_pool("write", write)]
            }
        }
    }

    /// Closes every connection, after what runs on them has ended.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Postgres(pool) => pool.close().await,
            Pools::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}

async fn postgres(settings: &DatabaseSettings) -> Result<PgPool, StoreError> {
    let failed = StoreError::failed("connect to PostgreSQL");
    let options = if let Some(url) = &settings.url {
        PgConnectOptions::from_str(url.expose_secret()).map_err(&failed)?
    } else {
        let host = settings.hostname.as_deref().unwrap_or("localhost");
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(host)
            .port(settings.port)
            .username(&settings.username)
            .database(&settings.database);
        if let Some(password) = &settings.password {
            options = options.password(password.expose_secret());
        }
        options
    };
    PgPoolOptions::new()
        .max_connections(settings.connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options.application_name("calliope"))
        .await
        .map_err(&failed)
}

async fn sqlite(settings: &DatabaseSettings) -> Result<Pools, StoreError> {
    if let Some(folder) = settings.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|source| StoreError::NotWritable {
            path: folder.display().to_string(),
            source,
        })?;
    }
    let options = SqliteConnectOptions::new()
        .filename(&settings.path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10));
    let pool = SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT);
    let failed = StoreError::failed("open the SQLite file");
    // The writer goes first: it makes the file, and a reader could not.
    let write = pool.clone().max_connections(1).connect_with(options.clone()).await;
    let write = write.map_err(&failed)?;
    let readers = pool.max_connections(settings.connections.min(8));
    let read = readers.connect_with(options.read_only(true)).await.map_err(&failed)?;
    Ok(Pools::Sqlite { read, write })
}
