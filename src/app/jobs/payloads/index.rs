//! Jobs that keep the index for semantic search.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::jobs::{Job, Subject};
use crate::domain::TaskKind;

/// Puts one frame into the index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IndexFrame {
    /// The frame's story.
    pub story_id: Uuid,
    /// The frame's number.
    pub number: i32,
}

impl Job for IndexFrame {
    const KIND: TaskKind = TaskKind::IndexFrame;

    /// Two changes of one frame are indexed in their order.
    fn lane(&self, _: Subject<'_>) -> Option<String> {
        Some(format!("index {} {}", self.story_id, self.number))
    }
}

/// Puts every frame into the index that is not there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IndexFrames {
    /// Whether to empty the index first.
    pub force: bool,
}

impl IndexFrames {
    /// The lane of such tasks: one at a time.
    pub const LANE: &str = "index";
}

impl Job for IndexFrames {
    const KIND: TaskKind = TaskKind::IndexFrames;

    fn lane(&self, _: Subject<'_>) -> Option<String> {
        Some(Self::LANE.to_owned())
    }
}

/// Takes frames that are gone out of the remote index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnindexFrames {
    /// The frames' story.
    pub story_id: Uuid,
    /// The first frame's number.
    pub from: i32,
    /// The last frame's number.
    pub to: i32,
    /// Whether they were taken out once already.
    #[serde(default)]
    pub is_second: bool,
}

impl Job for UnindexFrames {
    const KIND: TaskKind = TaskKind::UnindexFrames;
}
