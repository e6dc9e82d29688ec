//! What can be told about a story while it is made.

use serde::{Deserialize, Serialize};

/// The kind of a row in the event log; its name is the event's name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A task changed: its status, or the step that it is at.
    Task,
    /// A frame was added.
    Frame,
    /// A story was begun, or was given its title and slug.
    Story,
}
