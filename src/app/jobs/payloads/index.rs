//! Jobs that maintain the index for semantic search.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::jobs::{Job, Subject};
use crate::domain::TaskKind;

/// Adds one frame to the index, or updates it there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IndexFrame {
    /// Id of the frame's story.
    pub story_id: Uuid,
    /// The frame's number.
    pub number: i32,
}

impl Job for IndexFrame {
    const KIND: TaskKind = TaskKind::IndexFrame;

    /// Returns a lane of the frame, so that its changes are indexed in order.
    fn lane(&self, _: Subject<'_>) -> Option<String> {
        Some(format!("index {} {}", self.story_id, self.number))
    }
}

/// Adds every frame to the index that is not in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IndexFrames {
    /// Whether to empty the index first.
    pub force: bool,
}

impl IndexFrames {
    /// The lane of all such tasks, which run one at a time.
    pub const LANE: &str = "index";
}

impl Job for IndexFrames {
    const KIND: TaskKind = TaskKind::IndexFrames;

    fn lane(&self, _: Subject<'_>) -> Option<String> {
        Some(Self::LANE.to_owned())
    }
}

/// Removes frames that no longer exist from the remote index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnindexFrames {
    /// Id of the frames' story.
    pub story_id: Uuid,
    /// Number of the first frame.
    pub from: i32,
    /// Number of the last frame, inclusive.
    pub to: i32,
    /// Whether this is the second pass: the frames were removed once already.
    #[serde(default)]
    pub is_second: bool,
}

impl Job for UnindexFrames {
    const KIND: TaskKind = TaskKind::UnindexFrames;
}
