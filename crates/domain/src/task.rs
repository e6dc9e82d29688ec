//! Durable work: what a task is, and how long a failed one waits.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a task does. One line here, one arm in `worker`, one use case in `app`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Tell the next frame of a story.
    TellFrame,
    /// Make a frame's illustration anew.
    IllustrateFrame,
    /// Speak a frame's text.
    #[serde(rename = "speak_frame")]
    #[sqlx(rename = "speak_frame")]
    NarrateFrame,
    /// Make a film of a frame's illustration.
    #[serde(rename = "film_frame")]
    #[sqlx(rename = "film_frame")]
    GenerateVideo,
    /// Remove files whose rows are gone.
    RemoveFiles,
    /// Put into the bucket what it lacks.
    SyncMedia,
    /// Remove media that need not be kept.
    #[serde(rename = "clean_media")]
    #[sqlx(rename = "clean_media")]
    ApplyRetention,
    /// Remove everything that is held about a client.
    EraseClient,
    /// Keep what a frame teaches about its client.
    #[serde(rename = "remember")]
    #[sqlx(rename = "remember")]
    LearnFromFrame,
    /// Put a frame into the index for semantic search.
    IndexFrame,
    /// Put every frame into it that is not there.
    IndexFrames,
    /// Take frames that are gone out of it.
    #[serde(rename = "forget_frames")]
    #[sqlx(rename = "forget_frames")]
    UnindexFrames,
}

impl TaskKind {
    /// Its name in rows, in logs and in numbers.
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

    /// How long a run of it may take, where a frame may take `frame`. What works on everything that is kept takes as
    /// long as there is much.
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

/// Where a task is on its road. The last three are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Waits for a worker, or for the time of its next attempt.
    Pending,
    /// A worker holds its lease.
    Running,
    /// Done, with a result.
    Completed,
    /// Given up, with an error.
    Failed,
    /// Called off before it was done.
    Cancelled,
}

/// How long a task waits after its `attempt`th failure (from 1): doubling from a fifth of a second to thirty
/// seconds, between half and all of it by `jitter` (0-1), so that what failed together does not return together.
#[must_use]
pub fn backoff(attempt: u32, jitter: f64) -> Duration {
    let full = 0.2 * 2f64.powi(i32::try_from(attempt.saturating_sub(1)).unwrap_or(30).min(30));
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
    }
}
