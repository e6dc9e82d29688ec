//! Kinds of entries in the event log.

use serde::{Deserialize, Serialize};

/// The kind of an entry in the event log. Its name is the event name in event streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A task's status or step changed.
    Task,
    /// A frame was added.
    Frame,
    /// A story was created, or received its title and slug.
    Story,
}
