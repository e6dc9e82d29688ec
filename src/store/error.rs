//! How the database can fail.

/// A statement that failed. What was asked for and not found is `None`, not this.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused, broke off, or could not be reached, or a row in it could not be read.
    #[error("the database failed to {action}")]
    Failed {
        /// What was attempted, in the words of the function that did.
        action: &'static str,
        /// The driver's account; for a row that cannot be read it names the column.
        source: sqlx::Error,
    },
    /// The migrations could not be applied.
    #[error("the database's tables could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Another process serves from the same SQLite file.
    #[error("{0} is in use by another calliope; stop that one, or give this one its own database")]
    InUse(String),
    /// The SQLite file's folder or lock file could not be made.
    #[error("{path} cannot be written")]
    NotWritable {
        /// The path in question.
        path: String,
        /// The system's account.
        source: std::io::Error,
    },
}

impl StoreError {
    /// Wraps a driver's error with what was attempted.
    pub(super) fn failed(action: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Failed { action, source }
    }

    /// Whether a unique index refused the statement: someone else was first.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        let Self::Failed { source: sqlx::Error::Database(error), .. } = self else { return false };
        error.is_unique_violation()
    }
}
