//! Kinds and states of tasks, and how long a failed task waits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::text_column::text_column;

/// The work that a task does. Each kind has a job type in `app::jobs` that holds its payload and runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Tells the next frame of a story.
    TellFrame,
    /// Makes a new illustration for a frame.
    IllustrateFrame,
    /// Narrates a frame's text.
    #[serde(rename = "speak_frame")]
    NarrateFrame,
    /// Makes a video of a frame's illustration.
    #[serde(rename = "film_frame")]
    GenerateVideo,
    /// Deletes files whose database rows were deleted.
    RemoveFiles,
    /// Uploads files that the bucket lacks.
    SyncMedia,
    /// Deletes media that retention does not keep.
    #[serde(rename = "clean_media")]
    ApplyRetention,
    /// Deletes everything that is stored about a client.
    EraseClient,
    /// Stores what a frame teaches about its client.
    #[serde(rename = "remember")]
    LearnFromFrame,
    /// Adds a frame to the index for semantic search.
    IndexFrame,
    /// Adds every frame that the index lacks.
    IndexFrames,
    /// Removes deleted frames from the index.
    #[serde(rename = "forget_frames")]
    UnindexFrames,
}

impl TaskKind {
    /// Returns the name of the kind in database rows, logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TellFrame => "tell_frame",
            Self::IllustrateFrame => "illustrate_frame",
            Self::NarrateFrame => "speak_frame",
            Self::GenerateVideo => "film_frame",
            Self::RemoveFiles => "remove_files",
            Self::SyncMedia => "sync_media",
            Self::ApplyRetention => "clean_media",
            Self::EraseClient => "erase_client",
            Self::LearnFromFrame => "remember",
            Self::IndexFrame => "index_frame",
            Self::IndexFrames => "index_frames",
            Self::UnindexFrames => "forget_frames",
        }
    }

    /// The kinds of tasks that a person or a device waits for. The condition of the index `task_waiting_awaited` names
    /// them, so another list needs a migration.
    pub const AWAITED: [Self; 2] = [Self::TellFrame, Self::IllustrateFrame];

    /// Reports whether a person or a device waits for the task.
    #[must_use]
    pub fn is_awaited(self) -> bool {
        Self::AWAITED.contains(&self)
    }

    /// Returns how long one run may take: `frame` for work on one frame, 24 hours for work on everything stored.
    #[must_use]
    pub const fn deadline(self, frame: Duration) -> Duration {
        match self {
            Self::SyncMedia | Self::ApplyRetention | Self::IndexFrames | Self::EraseClient => {
                Duration::from_hours(24)
            }
            _ => frame,
        }
    }
}

text_column!(TaskKind);

/// The status of a task. The last three are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// The task waits for a worker, or for the time of its next attempt.
    Pending,
    /// A worker holds the task's lease.
    Running,
    /// The task ended with a result.
    Completed,
    /// The task ended with an error and is not retried.
    Failed,
    /// The task was cancelled before it ended.
    Cancelled,
}

impl TaskStatus {
    /// Returns the name of the status in database rows and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

text_column!(TaskStatus);

/// Returns how long a task waits after its `attempt`th failure (from 1).
///
/// The time doubles from 0.2 seconds up to 30 seconds, and `jitter` (0-1) scales it to between half and all of it, so
/// that tasks that failed together are not retried together.
#[must_use]
pub fn backoff(attempt: u32, jitter: f64) -> Duration {
    let full = 0.2 * 2f64.powi(i32::try_from(attempt.saturating_sub(1)).unwrap_or(30).min(30));
    Duration::from_secs_f64(full.min(30.0) * (0.5 + 0.5 * jitter.clamp(0.0, 1.0)))
}

/// Returns how long a task waits after its `lost`th run in a row (from 1) that ended without an outcome.
///
/// The time doubles from one second up to 30 seconds, and `jitter` (0-1) scales it to between half and all of it. If one
/// of several tasks ends the process, the others run apart from it the next time.
#[must_use]
pub fn lost_run_backoff(lost: u32, jitter: f64) -> Duration {
    let full = 2f64.powi(i32::try_from(lost.saturating_sub(1)).unwrap_or(30).min(30));
    Duration::from_secs_f64(full.min(30.0) * (0.5 + 0.5 * jitter.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_within_bounds() {
        assert_eq!(backoff(1, 1.0), Duration::from_millis(200));
        assert_eq!(backoff(3, 0.0), Duration::from_millis(400));
        assert_eq!(backoff(u32::MAX, 1.0), Duration::from_secs(30));
        let waits = [1, 2, 4, u32::MAX].map(|lost| lost_run_backoff(lost, 1.0).as_secs());
        assert_eq!(waits, [1, 2, 8, 30]);
        assert_eq!(lost_run_backoff(1, 0.0), Duration::from_millis(500));
    }
}
