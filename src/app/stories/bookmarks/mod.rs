//! Bookmarks: bookmarked frames, and lists of bookmarked stories.

mod entries;
mod frames;
mod lists;

pub use entries::{StoryBookmarkOutcome, StoryBookmarkView};
pub use frames::FrameBookmarkView;
pub use lists::{BookmarkListPatch, BookmarkListRequest};
