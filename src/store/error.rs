//! Database errors.

use super::connections::ACQUIRE_TIMEOUT;
use super::database_file::FileReplaced;
use crate::http_client::CertificateProblem;

/// A database operation failed. A row that does not exist is reported as `None`, not as an error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement failed, the connection was lost, or a row could not be decoded.
    #[error("the database failed to {action}")]
    Failed {
        /// What was attempted: a verb phrase that completes "failed to …".
        action: &'static str,
        /// The driver's error. For a row that cannot be decoded, it names the column.
        source: sqlx::Error,
    },
    /// No connection of the pool became free in time.
    #[error("the database failed to {action}: no connection was free within {} seconds", ACQUIRE_TIMEOUT.as_secs())]
    NoConnection {
        /// What was attempted: a verb phrase that completes "failed to …".
        action: &'static str,
    },
    /// The PostgreSQL server did not accept a connection.
    #[error("PostgreSQL at {address} cannot be reached")]
    Unreachable {
        /// Host and port, and what was asked for there: `db:5432 (database calliope, user postgres)`.
        address: String,
        /// The driver's error of the last attempt.
        source: sqlx::Error,
    },
    /// The PostgreSQL server has a certificate that is refused.
    #[error("the certificate of PostgreSQL at {address} is refused: {problem}")]
    CertificateRefused {
        /// Host and port, and what was asked for there.
        address: String,
        /// Why it is refused.
        problem: CertificateProblem,
    },
    /// A pooler in statement mode is in between, which refuses transactions.
    #[error(
        "PostgreSQL at {address} is behind a pooler that refuses transactions; set PgBouncer's pool_mode to transaction or session"
    )]
    StatementPooler {
        /// Host and port, and what was asked for there.
        address: String,
        /// The pooler's error.
        source: sqlx::Error,
    },
    /// The SQLite file does not exist; holds its path.
    #[error("{0} does not exist; `calliope migrate` or `calliope serve` creates it")]
    NoFile(String),
    /// The SQLite file was removed or replaced while the process uses it; holds its path.
    #[error(
        "the database file {0} was removed or replaced while the service was running, so nothing can be read or written; restart the service with the right file"
    )]
    FileReplaced(String),
    /// The migrations could not be applied.
    #[error("the database's tables could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Another process holds the lock of the same SQLite file; holds the file's path.
    #[error("{0} is in use by another calliope; stop that one, or give this one its own database")]
    InUse(String),
    /// The SQLite file's directory or lock file could not be created.
    #[error("{path} cannot be written")]
    NotWritable {
        /// The path that could not be written.
        path: String,
        /// The operating system's error.
        source: std::io::Error,
    },
}

impl StoreError {
    /// Returns a function that wraps a driver error with what was attempted.
    pub(super) fn failed(action: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| match source {
            sqlx::Error::PoolTimedOut => Self::NoConnection { action },
            sqlx::Error::Configuration(source) if source.is::<FileReplaced>() => {
                let path = source.downcast::<FileReplaced>().map(|replaced| replaced.0);
                Self::FileReplaced(path.unwrap_or_default())
            }
            source => Self::Failed { action, source },
        }
    }

    /// Reports whether the PostgreSQL server does not answer or is still starting, so that a later attempt may succeed.
    #[must_use]
    pub fn is_server_away(&self) -> bool {
        let Self::Unreachable { source, .. } = self else { return false };
        match source {
            // What breaks the rules of TLS does so again.
            sqlx::Error::Io(error) => error.kind() != std::io::ErrorKind::InvalidData,
            sqlx::Error::PoolTimedOut => true,
            // Connection failures, too many connections, and a server that starts or stops.
            sqlx::Error::Database(error) => error.code().is_some_and(|code| {
                code.starts_with("08") || code == "53300" || code.starts_with("57P")
            }),
            _ => false,
        }
    }

    /// Reports whether a unique index rejected the statement, because a row with the same key exists.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        let Self::Failed { source: sqlx::Error::Database(error), .. } = self else { return false };
        error.is_unique_violation()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_without_a_free_connection_is_reported_in_plain_words() {
        let error = StoreError::failed("read a story")(sqlx::Error::PoolTimedOut);
        let expected =
            "the database failed to read a story: no connection was free within 10 seconds";
        assert_eq!(error.to_string(), expected);
        let error = StoreError::failed("read a story")(sqlx::Error::PoolClosed);
        assert!(matches!(error, StoreError::Failed { .. }), "{error:?}");
    }
}
