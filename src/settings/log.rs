//! What is logged, and how.

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The log, on standard error.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// What passes, in the syntax of `RUST_LOG`: `info`, or `info,calliope=debug`.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { filter: "info,sqlx=warn".to_owned(), format: LogFormat::Text }
    }
}

impl LogSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        match self.filter.parse::<tracing_subscriber::EnvFilter>() {
            Ok(_) => Ok(()),
            Err(error) => Err((
                "log.filter",
                format!(
                    "`{}` is not a filter such as `info,calliope=debug` ({error})",
                    self.filter
                ),
            )),
        }
    }
}
