//! Commands that admins send to devices.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::text_column::text_column;

/// What an admin tells a device to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceCommand {
    /// Ask for the next frame now.
    Next,
    /// Show which device this is.
    Identify,
    /// Be black until [`DeviceCommand::Resume`].
    Blackout,
    /// End a blackout.
    Resume,
}

impl DeviceCommand {
    /// Returns the name of the command in database rows, requests and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Identify => "identify",
            Self::Blackout => "blackout",
            Self::Resume => "resume",
        }
    }

    /// Returns the earlier commands that this one replaces if a device has not received them: itself, and for one of
    /// blackout and resume also the other.
    #[must_use]
    pub const fn replaces(self) -> [Self; 2] {
        match self {
            Self::Next => [Self::Next, Self::Next],
            Self::Identify => [Self::Identify, Self::Identify],
            Self::Blackout | Self::Resume => [Self::Blackout, Self::Resume],
        }
    }
}

text_column!(DeviceCommand);
