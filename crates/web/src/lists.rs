//! Bookmarks of frames, and lists of stories.

use askama::Template;

use crate::{Cover, Picture, Shell};

/// A bookmarked frame.
#[derive(Debug, Clone, Default)]
pub struct BookmarkCard {
    /// Id of the bookmark.
    pub id: i64,
    /// Address of the frame's page below the service's root.
    pub address: String,
    /// Start of the frame's words.
    pub words: String,
    /// What its reader noted.
    pub comments: String,
    /// The illustration.
    pub picture: Option<Picture>,
}

/// The page at `/bookmarks`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "bookmarks.html")]
pub struct BookmarksPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// The bookmarks, the newest first.
    pub bookmarks: Vec<BookmarkCard>,
    /// The reader's lists of stories: address and name.
    pub lists: Vec<(String, String)>,
}

/// The stories of a list: the page at `/lists/{id}`, and that of a share.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "list.html")]
pub struct ListPage {
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
