//! The stored form of a task's failure.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::{AppError, ErrorKind};

/// The `error` of a task's row. It is a database format, independent of what the API sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFailure {
    /// The name of the error's kind ([`ErrorKind::name`]).
    pub kind: String,
    /// One sentence for people.
    pub detail: String,
    /// The names of the invalid parameters, with the reason for each.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
    /// Seconds after which to try again; `None` if unknown.
    #[serde(default)]
    pub retry_after_seconds: Option<u64>,
}

impl StoredFailure {
    /// Reads the `error` of a task that failed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if it cannot be read.
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
    /// Converts a stored failure. A kind that this version does not know becomes [`ErrorKind::Internal`] and keeps its
    /// detail.
    fn from(failure: StoredFailure) -> Self {
        let kind = ErrorKind::from_name(&failure.kind).unwrap_or(ErrorKind::Internal);
        Self {
            fields: failure.fields,
            retry_after_seconds: failure.retry_after_seconds,
            ..Self::new(kind, failure.detail)
        }
    }
}
