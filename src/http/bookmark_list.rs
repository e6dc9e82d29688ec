//! The response for one bookmark list with its stories. `/v2` and `/admin/api` share it.

use serde::Serialize;
use utoipa::ToSchema;

use super::page::List;
use crate::app::{BookmarkList, Page, StoryBookmarkView};

/// The largest body of a list, in bytes: room for the longest name and description with every character escaped.
pub(super) const MAX_LIST_BODY: usize = 32 << 10;

/// A bookmark list with one page of its stories, the most recently added first.
#[derive(Serialize, ToSchema)]
pub(super) struct BookmarkListWithStories {
    /// The bookmark list.
    #[serde(flatten)]
    list: BookmarkList,
    /// One page of the list's stories.
    #[serde(flatten)]
    stories: List<StoryBookmarkView>,
}

impl BookmarkListWithStories {
    /// Builds the response from a list and one page of its stories.
    pub(super) fn from_page((list, page): (BookmarkList, Page<StoryBookmarkView, i64>)) -> Self {
        Self { list, stories: List::from_page(page) }
    }
}
