//! The key of a frame.

use uuid::Uuid;

/// Identifies a frame: its story, and its number in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameKey {
    /// The story's id.
    pub story_id: Uuid,
    /// The frame's number in its story, from 0.
    pub number: i32,
}
