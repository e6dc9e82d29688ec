//! What shares show.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text_column::text_column;

/// What a share shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShareKind {
    /// The pages of a story.
    Story,
    /// The stories of a bookmark list.
    List,
    /// The last frame of a client or of a flock.
    Wall,
    /// A camera for visitors.
    Give,
}

impl ShareKind {
    /// Returns the name of the kind in database rows and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::List => "list",
            Self::Wall => "wall",
            Self::Give => "give",
        }
    }
}

text_column!(ShareKind);
