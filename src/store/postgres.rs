//! Connects to PostgreSQL: waits for a server that starts later, and recognises a pooler in between.

use std::io;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Row};

use super::StoreError;
use super::connections::ConnectionPool;
use super::unnamed::PgDatabase;
use crate::http_client;
use crate::settings::DatabaseSettings;

/// How long one of several attempts to connect may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an attempt may take that is the only one.
const ONLY_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a service waits for a server that does not answer yet.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The first pause between two attempts. Each pause is twice as long as the one before, up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Number of times that two connections are compared to recognise a pooler.
const POOLER_PROBES: usize = 3;

/// Connects, and asks again while the server does not answer. `on_retry` is told each failure that is followed by another
/// attempt; without it, there is one attempt.
pub(super) async fn connect(
    settings: &DatabaseSettings,
    on_retry: Option<&(dyn Fn(&StoreError) + Sync)>,
) -> Result<PgDatabase, StoreError> {
    let options = settings.connect_options().map_err(|reason| {
        StoreError::failed("connect to PostgreSQL")(sqlx::Error::Configuration(reason.into()))
    })?;
    let options = options.application_name("calliope").extra_float_digits(None);
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    let timeout = if on_retry.is_some() { ATTEMPT_TIMEOUT } else { ONLY_ATTEMPT_TIMEOUT };
    let is_pooled = loop {
        let error = match attempt(&options, timeout).await {
            Ok(is_pooled) => break is_pooled,
            Err(error) => error,
        };
        let Some(on_retry) = on_retry else { return Err(error) };
        if !error.is_server_away() || start.elapsed() + pause > MAX_WAIT {
            return Err(error);
        }
        on_retry(&error);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    };
    let capacity = if is_pooled { 0 } else { 100 };
    let options = options.statement_cache_capacity(capacity);
    let pool = ConnectionPool::new(options, settings.connections);
    Ok(PgDatabase { pool, is_pooled })
}

/// Connects once. Returns whether a pooler gives each transaction another server connection.
async fn attempt(options: &PgConnectOptions, timeout: Duration) -> Result<bool, StoreError> {
    let probe = tokio::time::timeout(timeout, has_transaction_pooler(options));
    let source = match probe.await {
        Ok(Ok(is_pooled)) => return Ok(is_pooled),
        Ok(Err(ProbeError::TransactionRefused(source))) => {
            return Err(StoreError::StatementPooler { address: address(options), source });
        }
        Ok(Err(ProbeError::Failed(source))) => source,
        Err(_) => {
            let reason = format!("no answer within {} seconds", timeout.as_secs());
            sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, reason))
        }
    };
    let address = address(options);
    Err(match http_client::certificate_problem(&source) {
        Some(problem) => StoreError::CertificateRefused { address, problem },
        None => StoreError::Unreachable { address, source },
    })
}

/// Describes where a server is and what is asked for there: `db:5432 (database calliope, user postgres)`.
pub(super) fn address(options: &PgConnectOptions) -> String {
    let (port, user) = (options.get_port(), options.get_username());
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    let database = options.get_database().unwrap_or(user);
    format!("{host}:{port} (database {database}, user {user})")
}

enum ProbeError {
    Failed(sqlx::Error),
    /// The server or a pooler does not begin transactions.
    TransactionRefused(sqlx::Error),
}

impl From<sqlx::Error> for ProbeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

/// Reports whether two connections of ours share one process of the server, or one connection changes its process. Both
/// happen only behind a pooler that lends server connections for one transaction.
async fn has_transaction_pooler(options: &PgConnectOptions) -> Result<bool, ProbeError> {
    let mut idle = PgConnection::connect_with(options).await?;
    let mut busy = PgConnection::connect_with(options).await?;
    let mut is_pooled = false;
    for _ in 0..POOLER_PROBES {
        let process = process_id(&mut idle).await?;
        let begun = sqlx::raw_sql("BEGIN").execute(&mut busy).await;
        begun.map_err(|error| match error {
            sqlx::Error::Database(_) => ProbeError::TransactionRefused(error),
            error => ProbeError::Failed(error),
        })?;
        let other = process_id(&mut busy).await?;
        let again = process_id(&mut idle).await?;
        sqlx::raw_sql("ROLLBACK").execute(&mut busy).await?;
        is_pooled |= process == other || process != again;
        if is_pooled {
            break;
        }
    }
    // The answer counts, even if a connection does not close well.
    let _ = tokio::join!(idle.close(), busy.close());
    Ok(is_pooled)
}

/// Returns the process of the server that serves a connection, by a query that needs no preparation.
async fn process_id(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?.try_get(0)
}
