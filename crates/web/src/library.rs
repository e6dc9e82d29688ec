//! The library: the covers of stories, by day.

use askama::Template;

use crate::{Picture, Shell};

/// The cover of a story.
#[derive(Debug, Clone, Default)]
pub struct Cover {
    /// Address of the story below the service's root.
    pub address: String,
    /// Start of the title.
    pub title: String,
    /// The first illustration, small.
    pub picture: Option<Picture>,
    /// The Sparrow of the story.
    pub client: String,
    /// The storyteller.
    pub storyteller: String,
    /// Number of frames.
    pub count: i32,
}

/// The stories whose last frame was told on one day.
#[derive(Debug, Clone, Default)]
pub struct LibraryDay {
    /// The day as people write it, such as `Monday, 30 November 2026`.
    pub name: String,
    /// The stories, last told first.
    pub covers: Vec<Cover>,
}

/// The page at `/library`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "library.html")]
pub struct LibraryPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// The days, the latest first.
    pub days: Vec<LibraryDay>,
    /// Address of the page with older stories.
    pub older: Option<String>,
}
