//! Why an attempt at a task failed, as its row keeps it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::{AppError, ErrorKind};

/// The `error` of a task's row. It is a database format, apart from what is sent to clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFailure {
    /// The kind of failure, by its name ([`ErrorKind::name`]).
    pub kind: String,
    /// One plain sentence.
    pub detail: String,
    /// The parameters that are wrong, with the reason for each.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
    /// When to try again, if that is known.
    #[serde(default)]
    pub retry_after_seconds: Option<u64>,
}

impl StoredFailure {
    /// Reads the `error` of a task that failed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] when it cannot be read.
    pub(in crate::app) fn from_value(error: Option<Value>) -> Result<Self, AppError> {
        serde_json::from_value(error.unwrap_or_default()).map_err(AppError::internal)
    }
}

impl From<&AppError> for StoredFailure {
    fn from(error: &AppError) -> Self {
        Self {
            kind: error.kind.name().to_owned(),
            detail: error.detail.clone(),
            fields: error.fields.clone(),
            retry_after_seconds: error.retry_after_seconds,
        }
    }
}

impl From<StoredFailure> for AppError {
    /// A kind of another version counts as an internal failure; its sentence still says what happened.
    fn from(failure: StoredFailure) -> Self {
        let kind = ErrorKind::from_name(&failure.kind).unwrap_or(ErrorKind::Internal);
        Self {
            fields: failure.fields,
            retry_after_seconds: failure.retry_after_seconds,
            ..Self::new(kind, failure.detail)
        }
    }
}
