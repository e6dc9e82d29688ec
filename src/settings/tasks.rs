//! Tasks: how many run at once, how long they may take, and how often they are retried.

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The settings of tasks and workers.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskSettings {
    /// The maximum number of tasks that run at the same time in this process, 1-1000. Default: 16.
    pub concurrency: usize,
    /// How long a worker's lease on a task lasts without renewal, 1-600 seconds. A worker renews it three times in that
    /// time. After the lease another worker takes the task over. Default: 15.
    pub lease_seconds: u64,
    /// How long one attempt at a frame may take, and how long a v1 request waits for its frame, 1-3600 seconds.
    /// Default: 180.
    pub frame_deadline_seconds: u64,
    /// How many attempts may fail before a task fails, 1-100. Default: 5.
    pub max_attempts: u32,
    /// How many runs in a row may end without an outcome, because the process died or lost the task, before the task
    /// fails, 1-1000. It may be what ends the process. Default: 5.
    pub max_lost_runs: u32,
    /// The maximum number of waiting tasks, 1-1000000. Requests for more get status 429. Default: 1000.
    pub max_waiting: u32,
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self {
            concurrency: 16,
            lease_seconds: 15,
            frame_deadline_seconds: 180,
            max_attempts: 5,
            max_lost_runs: 5,
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
            ("tasks.max_lost_runs", u64::from(self.max_lost_runs), 1, 1000),
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
