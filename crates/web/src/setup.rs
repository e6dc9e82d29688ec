//! The first start: the first user, the place, and the first frame.

use askama::Template;

use crate::{FramePart, Shell};

/// The page at `/setup`, while there is no user.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "setup.html")]
pub struct SetupPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// The code in the address, or the one that was typed.
    pub code: String,
    /// The name that was typed.
    pub username: String,
    /// The place that was typed.
    pub place: String,
    /// The companies and servers whose models make words and pictures, in words; empty if the built-in ones do.
    pub providers: String,
    /// What went wrong.
    pub problem: Option<String>,
}

/// The page at `/setup/ready`: the first frame, and how to go on.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "setup_ready.html")]
pub struct SetupReadyPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// The frame; `None` while it is told.
    pub frame: Option<FramePart>,
    /// Slug of the story; empty while there is none.
    pub slug: String,
    /// Whether the frame is being told, so that the page loads itself again.
    pub is_pending: bool,
    /// What became of a code that was typed, or why the frame could not be told.
    pub notice: Option<String>,
}
