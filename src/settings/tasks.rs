//! How work is done: how much at once, for how long, how often again.

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The workers.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskSettings {
    /// Tasks that run at once in this process.
    pub concurrency: usize,
    /// How long a worker that says nothing keeps its task, in seconds; it says something three times as often.
    pub lease_seconds: u64,
    /// How long one attempt at a frame may take, and how long a v1 client waits for it, in seconds.
    pub frame_deadline_seconds: u64,
    /// Attempts that may fail before a task is given up.
    pub max_attempts: u32,
    /// Tasks that may wait before further ones are refused with 429.
    pub max_waiting: u32,
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self {
            concurrency: 16,
            lease_seconds: 15,
            frame_deadline_seconds: 180,
            max_attempts: 5,
            max_waiting: 1000,
        }
    }
}

impl TaskSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        let bounds = [
            ("tasks.concurrency", self.concurrency as u64, 1, 1000),
            ("tasks.lease_seconds", self.lease_seconds, 1, 600),
            ("tasks.frame_deadline_seconds", self.frame_deadline_seconds, 1, 3600),
            ("tasks.max_attempts", u64::from(self.max_attempts), 1, 100),
            ("tasks.max_waiting", u64::from(self.max_waiting), 1, 1_000_000),
        ];
        for (key, value, low, high) in bounds {
            if !(low..=high).contains(&value) {
                return Err((key, format!("must be a whole number from {low} to {high}")));
            }
        }
        Ok(())
    }
}
