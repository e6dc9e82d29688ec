//! The Atom feed of a story (RFC 4287).

use askama::Template;

use crate::Picture;

/// A frame in a feed.
#[derive(Debug, Clone, Default)]
pub struct FeedEntry {
    /// Complete address of the frame's page.
    pub address: String,
    /// Number of the frame as people count, from 1.
    pub number: i32,
    /// Start of the words.
    pub title: String,
    /// The words, one paragraph each.
    pub paragraphs: Vec<String>,
    /// The language of the words, as a BCP 47 tag.
    pub language: String,
    /// The illustration, by its complete address.
    pub picture: Option<Picture>,
    /// When the frame was told (RFC 3339).
    pub updated: String,
}

/// A story as a feed.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "feed.xml", escape = "html")]
pub struct Feed {
    /// Identifier of the feed that never changes.
    pub id: String,
    /// Title of the story.
    pub title: String,
    /// The Sparrow of the story.
    pub author: String,
    /// Complete address of the story.
    pub address: String,
    /// Complete address of the feed.
    pub feed_address: String,
    /// When the last frame was told (RFC 3339).
    pub updated: String,
    /// The frames, the newest first.
    pub entries: Vec<FeedEntry>,
}
