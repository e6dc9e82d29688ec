//! Client memory: whether Calliope learns about clients, and how much of it storytellers get.

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The settings of client memory.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemorySettings {
    /// Whether Calliope learns about clients. If `true`, flocks and Sparrows can forbid it for themselves; if `false`,
    /// they cannot allow it. Default: `true`.
    pub learning: bool,
    /// How much of what is known about a client a prompt contains, in tokens of about four characters, 0-10000; 0 for
    /// nothing. Default: 200.
    pub prompt_tokens: u32,
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self { learning: true, prompt_tokens: 200 }
    }
}

impl MemorySettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        if self.prompt_tokens > 10_000 {
            let reason = "must be a whole number from 0 to 10000".to_owned();
            return Err(("memory.prompt_tokens", reason));
        }
        Ok(())
    }
}
