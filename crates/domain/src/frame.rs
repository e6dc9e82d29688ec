//! Where a frame is.

use uuid::Uuid;

/// The place of a frame: no two frames share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameKey {
    /// The frame's story.
    pub story_id: Uuid,
    /// The frame's number in its story, from 0.
    pub number: i32,
}
