//! The pages for people: who may read, and who runs the service.

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The longest statement about who runs the service, in characters.
const MAX_OPERATOR: usize = 500;

/// The settings of the pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageSettings {
    /// Whether everyone who has the link of a story may read it. If `false`, only browsers that are connected and users
    /// who are logged in may. Stories of private Sparrows stay private. Default: `false`.
    pub public_reading: bool,
    /// Who runs this service and how to reach them, for the page `/about` and for visitors; at most 500 characters.
    /// Default: empty.
    pub operator: String,
}

impl PageSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        if self.operator.chars().count() > MAX_OPERATOR {
            let reason = format!("must have at most {MAX_OPERATOR} characters");
            return Err(("pages.operator", reason));
        }
        Ok(())
    }
}
