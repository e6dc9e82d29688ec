//! A visitor's camera: what happens with a photo, the camera itself, the story to take home, and how to be forgotten.

use askama::Template;

use crate::{FramePart, PendingFrame, Shell, qr_svg};

/// What a visitor agrees to before the camera opens.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Address of the share below the service's root.
    pub base: String,
    /// Who runs the service; empty if it is not stated.
    pub operator: String,
    /// The companies that get what is needed to tell the story, in words; empty if none does.
    pub providers: String,
    /// When photos and sounds are removed, such as `after 1 day`.
    pub photos_removed: String,
    /// Until when stories are kept, such as `30 December 2026`.
    pub stories_kept: String,
    /// When pictures are removed before that, in a sentence; empty if they are not.
    pub pictures_removed: String,
    /// What went wrong.
    pub problem: Option<String>,
}

/// The camera of a visitor who agreed.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "visitor.html")]
pub struct VisitorPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Address of the share below the service's root.
    pub base: String,
    /// Start of the story's title; empty if there is no story.
    pub title: String,
    /// The visitor's last frame.
    pub frame: Option<FramePart>,
    /// Whether a blackout is on, so that nothing is shown.
    pub is_black: bool,
    /// The frame that is being made.
    pub pending: Option<PendingFrame>,
    /// Why the last frame could not be made, or what was wrong with what was sent.
    pub problem: Option<String>,
    /// A value that makes a form that is sent twice one order.
    pub idempotency_key: String,
}

/// The link by which a visitor takes a story home.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "taken_home.html")]
pub struct TakenHomePage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Address of the share below the service's root.
    pub base: String,
    /// The link to the story. It is shown once.
    pub link: String,
    /// Until when the link works, such as `30 December 2026`.
    pub until: String,
}

impl TakenHomePage {
    fn qr(&self) -> String {
        qr_svg(&self.link)
    }
}

/// The page on which a visitor is forgotten.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "forget.html")]
pub struct ForgetPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Address of the share below the service's root.
    pub base: String,
    /// Whether the visitor has requested it.
    pub is_requested: bool,
    /// Whether everything is removed already.
    pub is_done: bool,
}
