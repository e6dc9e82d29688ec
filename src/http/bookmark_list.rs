//! A bookmark list with its stories, as its readers and admins see it.

use serde::Serialize;
use utoipa::ToSchema;

use super::page::List;
use crate::app::{BookmarkList, Page, StoryBookmarkView};

/// A list with a part of its stories, the last kept first.
#[derive(Serialize, ToSchema)]
pub(super) struct BookmarkListWithStories {
    /// The list.
    #[serde(flatten)]
    list: BookmarkList,
    /// Its stories.
    #[serde(flatten)]
    stories: List<StoryBookmarkView>,
}

impl BookmarkListWithStories {
    /// A list and a part of its stories.
    pub(super) fn from_page((list, page): (BookmarkList, Page<StoryBookmarkView, i64>)) -> Self {
        Self { list, stories: List::from_page(page) }
    }
}
