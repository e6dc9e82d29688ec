//! Shares: the page that makes them, and what a link shows that leads nowhere.

use askama::Template;

use crate::{Shell, qr_svg};

/// A share of a story in the list of those that exist.
#[derive(Debug, Clone, Default)]
pub struct ShareCard {
    /// Id of the share.
    pub id: i64,
    /// What the share is for.
    pub comment: String,
    /// Until when it lasts, and how often it was opened, in words.
    pub summary: String,
    /// Whether its link works.
    pub is_open: bool,
}

/// The page at `/s/{slug}/share`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "share.html")]
pub struct SharePage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Start of the story's title.
    pub title: String,
    /// Slug of the story.
    pub slug: String,
    /// Whether the story's Sparrow is private.
    pub is_private: bool,
    /// The link that was made just now. It is shown once.
    pub link: Option<String>,
    /// What went wrong.
    pub problem: Option<String>,
    /// The shares of the story, the newest first.
    pub shares: Vec<ShareCard>,
}

impl SharePage {
    fn qr(&self) -> String {
        self.link.as_deref().map(qr_svg).unwrap_or_default()
    }
}

/// What a link shows that leads nowhere any more.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "gone.html")]
pub struct GonePage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Address below the service's root where a visitor can have everything erased; empty for others.
    pub forget: String,
}
