//! What is learned of clients, and how much of it storytellers are told.

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The memory of clients.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemorySettings {
    /// Whether anything is learned at all. Flocks and Sparrows may forbid it for themselves; none can allow what is
    /// forbidden here.
    pub learning: bool,
    /// How much of what is known a storyteller is told, in tokens of some four characters; 0 for nothing.
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
