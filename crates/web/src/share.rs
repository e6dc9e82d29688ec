//! Shares: the page that makes them, and what those see who open one.

use askama::Template;

use crate::{Cover, FramePart, Neighbour, Shell, qr_svg};

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

/// A frame of a story that somebody shared.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "shared_story.html")]
pub struct SharedStoryPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Address of the share below the service's root, such as `/x/Zm9vYmFy`.
    pub base: String,
    /// Address of the story's pages below the service's root, with a slash at its end.
    pub pages: String,
    /// Start of the story's title.
    pub title: String,
    /// Start of the frame's words, for links.
    pub description: String,
    /// Number of frames in the story.
    pub count: i32,
    /// The frame; `None` if the story has none yet.
    pub frame: Option<FramePart>,
    /// The frame before.
    pub previous: Option<Neighbour>,
    /// The frame after.
    pub next: Option<Neighbour>,
    /// Scheme and authority of the service as the reader addresses it, such as `https://stories.example`.
    pub origin: String,
    /// Whether the story is one of a list, to which the page leads back.
    pub is_in_list: bool,
}

impl SharedStoryPage {
    fn absolute(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.shell.root)
    }

    fn page_address(&self) -> String {
        let number = self.frame.as_ref().map_or(1, |frame| frame.number);
        format!("{}{number}", self.pages)
    }
}

/// The stories of a list that somebody shared.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "shared_list.html")]
pub struct SharedListPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Name of the list.
    pub name: String,
    /// What the list is about.
    pub description: String,
    /// The stories, the latest added first.
    pub covers: Vec<Cover>,
    /// Address of the page with further stories.
    pub more: Option<String>,
}

/// The last frame of a client or a flock that somebody shared. The page loads itself again.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "shared_wall.html")]
pub struct SharedWallPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Start of the story's title.
    pub title: String,
    /// The frame; `None` if there is none yet.
    pub frame: Option<FramePart>,
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
