//! Kinds of entries in the event log.

use serde::{Deserialize, Serialize};

use crate::text_column::text_column;

/// The kind of an entry in the event log. Its name is the event name in event streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A task's status or step changed.
    Task,
    /// A frame was added.
    Frame,
    /// A story was created, or received its title and slug.
    Story,
    /// An admin sent a command to a Sparrow or a flock.
    Command,
}

impl EventKind {
    /// Returns the name of the kind in database rows and event streams.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Frame => "frame",
            Self::Story => "story",
            Self::Command => "command",
        }
    }
}

text_column!(EventKind);
