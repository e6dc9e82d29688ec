//! Connection pools: one for PostgreSQL; for SQLite one with a single writer and one with several readers.

use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::broadcast;

use super::{Store, StoreError, with_read_pool};
use crate::settings::DatabaseSettings;

/// How long a request waits for a connection before it fails because the database is busy.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the attempt may take that asks why PostgreSQL cannot be reached.
const LAST_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, Clone)]
pub(crate) enum Pools {
    Postgres(PgPool),
    Sqlite { read: SqlitePool, write: SqlitePool },
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
        let pools = if settings.is_postgres() {
            Pools::Postgres(postgres(settings).await?)
        } else {
            sqlite(settings).await?
        };
        let (notices, _) = broadcast::channel(4096);
        Ok(Self { pools, notices, version: super::version::ConfigurationVersion::default() })
    }

    /// Reports whether the database is SQLite.
    #[must_use]
    pub const fn is_sqlite(&self) -> bool {
        matches!(self.pools, Pools::Sqlite { .. })
    }

    /// Runs a minimal query to check that the database responds.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        with_read_pool!(self, db => sqlx::query("SELECT 1").execute(db).await.map(drop))
            .map_err(StoreError::failed("answer"))
    }

    /// Returns the usage of each pool.
    #[must_use]
    pub fn pool_statuses(&self) -> Vec<PoolStatus> {
        match &self.pools {
            Pools::Postgres(pool) => vec![PoolStatus::from_pool("postgres", pool)],
            Pools::Sqlite { read, write } => {
                vec![PoolStatus::from_pool("read", read), PoolStatus::from_pool("write", write)]
            }
        }
    }

    /// Closes all connections after their running statements have finished.
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
    let names_certificate =
        settings.url.as_ref().is_some_and(|url| url.expose_secret().contains("sslrootcert"));
    let certificates = settings.certificates.pem();
    let options = if certificates.is_empty() || names_certificate {
        options
    } else {
        options.ssl_root_cert_from_pem(certificates.to_vec())
    };
    let options = options.application_name("calliope");
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options.clone())
        .await;
    match pool {
        Ok(pool) => Ok(pool),
        Err(error) => Err(unreachable(&options, error).await),
    }
}

/// Explains why no connection came about. The pool keeps trying and then reports only that its time is over, so one more attempt
/// asks for the reason.
async fn unreachable(options: &PgConnectOptions, error: sqlx::Error) -> StoreError {
    let (host, port, user) = (options.get_host(), options.get_port(), options.get_username());
    let database = options.get_database().unwrap_or(user);
    let address = format!("{host}:{port} (database {database}, user {user})");
    let source = match error {
        sqlx::Error::PoolTimedOut => {
            let attempt =
                tokio::time::timeout(LAST_ATTEMPT_TIMEOUT, PgConnection::connect_with(options));
            match attempt.await {
                Ok(Err(reason)) => reason,
                Ok(Ok(_)) | Err(_) => error,
            }
        }
        other => other,
    };
    StoreError::Unreachable { address, source }
}

async fn sqlite(settings: &DatabaseSettings) -> Result<Pools, StoreError> {
    if let Some(directory) =
        settings.path.parent().filter(|directory| !directory.as_os_str().is_empty())
    {
        std::fs::create_dir_all(directory).map_err(|source| StoreError::NotWritable {
            path: directory.display().to_string(),
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
    // The writer connects first because it creates the file, which a read-only connection cannot.
    let write = pool.clone().max_connections(1).connect_with(options.clone()).await;
    let write = write.map_err(&failed)?;
    let readers = pool.max_connections(settings.connections.min(8));
    let read = readers.connect_with(options.read_only(true)).await.map_err(&failed)?;
    Ok(Pools::Sqlite { read, write })
}
