//! The story service: access to stories, reading, listing and editing them, and bookmarks.

mod access;
mod bookmarks;
mod branch;
mod edit;
mod frame_text;
mod list;
mod origin;
mod pages;
mod read;
mod views;
mod wall;

use std::sync::Arc;

pub use access::StorySelector;
pub(in crate::app) use access::{StoryTarget, can_add_frames};
pub use bookmarks::{
    BookmarkListPatch, BookmarkListRequest, FrameBookmarkView, StoryBookmarkOutcome,
    StoryBookmarkView,
};
pub use branch::{BranchOriginView, BranchRequest};
pub(in crate::app) use edit::validate_title;
pub use list::{NumberedFrame, StoryCursor, StoryDetail, StoryListPage, StoryStatus};
pub(in crate::app) use list::{frame_not_found, parse_frame_number};
pub use origin::StoryOrigin;
pub use pages::{CurrentStory, PageReader};
pub use read::ReadOptions;
pub use views::{
    AudioView, FrameView, ImageView, StoryListView, StoryResponse, StoryView, VideoView,
};
pub(in crate::app) use views::{generation_date, with_newline};
pub use wall::{Wall, WallContent};

use super::config::Config;
use super::jobs::Jobs;
use super::{AppError, ErrorKind};
use crate::domain::Clock;
use crate::store::Store;

/// The service for stories and bookmarks.
#[derive(Debug)]
pub struct Stories {
    store: Store,
    clock: Arc<dyn Clock>,
    config: Arc<Config>,
    jobs: Arc<Jobs>,
}

impl Stories {
    pub(in crate::app) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        config: Arc<Config>,
        jobs: Arc<Jobs>,
    ) -> Self {
        Self { store, clock, config, jobs }
    }
}

fn story_not_found() -> AppError {
    AppError::new(ErrorKind::NotFound, "There is no such story; check its id or slug.")
}
