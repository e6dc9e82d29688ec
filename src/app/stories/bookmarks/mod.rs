//! Bookmarks: frames that a client keeps, and lists of stories.

mod entries;
mod frames;
mod lists;

pub use entries::{StoryBookmarkOutcome, StoryBookmarkView};
pub use frames::FrameBookmarkView;
pub use lists::{BookmarkListPatch, BookmarkListRequest};
