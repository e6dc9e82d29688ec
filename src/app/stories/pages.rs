//! Stories as pages show them, and who may see which.

use uuid::Uuid;

use super::{Stories, StoryCursor, StoryStatus, story_not_found};
use crate::app::{AppError, Page};
use crate::domain::ClientId;
use crate::store::{
    BookmarkList, BookmarkedFrame, ReadableFrame, ReadableStory, ReaderScope, StoryCover,
};

/// Maximum number of bookmarks on the page of bookmarks.
const MAX_BOOKMARKS: i64 = 200;

/// Maximum number of frames in a feed.
const MAX_FEED_FRAMES: i32 = 50;

/// Who reads a page.
#[derive(Debug, Clone, Copy)]
pub struct PageReader<'a> {
    /// The Sparrow of the reader's browser.
    pub client_id: Option<&'a ClientId>,
    /// Whether the reader is an admin, who sees the stories of private Sparrows too.
    pub is_admin: bool,
}

impl PageReader<'_> {
    fn scope(&self) -> ReaderScope<'_> {
        let client_id = self.client_id.map(ClientId::as_str).unwrap_or_default();
        ReaderScope { sees_all: self.is_admin, client_id }
    }

    fn may_see(&self, story: &ReadableStory) -> bool {
        !story.is_private || self.is_admin || self.owns(story)
    }

    /// Returns whether the story is of the reader's own browser.
    #[must_use]
    pub fn owns(&self, story: &ReadableStory) -> bool {
        self.client_id.is_some_and(|own| own.as_str() == story.client_id)
    }
}

/// The story that a browser is in.
#[derive(Debug)]
pub struct CurrentStory {
    /// The story.
    pub story: ReadableStory,
    /// Slug of the story's strategy.
    pub strategy: String,
    /// Its last frame.
    pub frame: Option<ReadableFrame>,
    /// Whether a frame is being told.
    pub status: StoryStatus,
}

impl Stories {
    /// Returns the story with this slug or id.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`](crate::app::ErrorKind::NotFound) if there is none, or it is of a private
    /// Sparrow and the reader is neither its browser nor an admin.
    pub async fn readable_story(
        &self,
        reader: PageReader<'_>,
        slug: &str,
    ) -> Result<ReadableStory, AppError> {
        // PostgreSQL rejects text with a NUL.
        if slug.contains('\0') {
            return Err(story_not_found());
        }
        let story = match self.store.readable_story(slug).await? {
            Some(story) => Some(story),
            // A story without a text has no slug.
            None => match slug.parse() {
                Ok(id) => self.store.readable_story_by_id(id).await?,
                Err(_) => None,
            },
        };
        story.filter(|story| reader.may_see(story)).ok_or_else(story_not_found)
    }

    /// Returns the story with this id, under the same conditions as [`Stories::readable_story`].
    ///
    /// # Errors
    ///
    /// As [`Stories::readable_story`].
    pub async fn readable_story_by_id(
        &self,
        reader: PageReader<'_>,
        id: Uuid,
    ) -> Result<ReadableStory, AppError> {
        let story = self.store.readable_story_by_id(id).await?;
        story.filter(|story| reader.may_see(story)).ok_or_else(story_not_found)
    }

    /// Returns the list with this id, for a share of it; `None` if it does not exist.
    pub async fn shared_list(&self, id: i64) -> Result<Option<BookmarkList>, AppError> {
        Ok(self.store.bookmark_list(id).await?)
    }

    /// Returns whether a list holds a story.
    pub async fn is_in_list(&self, list_id: i64, story_id: Uuid) -> Result<bool, AppError> {
        Ok(self.store.story_bookmark(list_id, story_id).await?.is_some())
    }

    /// Returns the frames with the numbers from `first` to `last`, those that exist.
    pub async fn readable_frames(
        &self,
        story_id: Uuid,
        first: i32,
        last: i32,
    ) -> Result<Vec<ReadableFrame>, AppError> {
        let first = first.max(0);
        let limit = i64::from(last) - i64::from(first) + 1;
        Ok(self.store.readable_frames(story_id, first, limit.max(0)).await?)
    }

    /// Returns the newest frames of a story for its feed, the newest first.
    pub async fn feed_frames(&self, story: &ReadableStory) -> Result<Vec<ReadableFrame>, AppError> {
        let first = (story.frame_count - MAX_FEED_FRAMES).max(0);
        let mut frames = self.readable_frames(story.id, first, story.frame_count).await?;
        frames.reverse();
        Ok(frames)
    }

    /// Returns the id of a client's bookmark of a frame; `None` if it has none.
    pub async fn bookmark_id(
        &self,
        client_id: &ClientId,
        story_id: Uuid,
        number: i32,
    ) -> Result<Option<i64>, AppError> {
        let found = self.store.frame_bookmark(client_id.as_str(), story_id, number).await?;
        Ok(found.map(|bookmark| bookmark.id))
    }

    /// Returns the story that a client is in, without creating one.
    pub async fn current_story(
        &self,
        client_id: &ClientId,
    ) -> Result<Option<CurrentStory>, AppError> {
        let client_id = client_id.as_str();
        let levels = self.config.levels(client_id).await?;
        let strategy = self.config.resolve_current(client_id, &levels).await?.resolved.strategy;
        let current = self.find_current_story(client_id, &levels, &strategy.slug).await?;
        let Some(current) = current else { return Ok(None) };
        let last = current.frame_count - 1;
        let frames = self.readable_frames(current.id, last, last).await?;
        let status = self.story_status(current.id).await?;
        let story = ReadableStory {
            id: current.id,
            client_id: current.client_id,
            title: current.title,
            slug: current.slug,
            frame_count: current.frame_count,
            is_private: false,
            date_updated: current.date_updated,
            branched_from_id: current.branched_from_id,
        };
        let frame = frames.into_iter().next();
        Ok(Some(CurrentStory { story, strategy: current.strategy, frame, status }))
    }

    /// Returns a page of the stories that a reader may see, last updated first.
    pub async fn library(
        &self,
        reader: PageReader<'_>,
        before: Option<StoryCursor>,
        limit: i64,
    ) -> Result<Page<StoryCover, StoryCursor>, AppError> {
        let rows = self.store.story_covers(reader.scope(), before, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |cover: &StoryCover| (cover.date_updated, cover.id)))
    }

    /// Returns a page of the stories of a list that a reader may see, the latest added first.
    pub async fn covers_in_list(
        &self,
        reader: PageReader<'_>,
        list_id: i64,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Page<StoryCover, i64>, AppError> {
        let before = before.unwrap_or(i64::MAX);
        let rows = self.store.covers_in_list(list_id, reader.scope(), before, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |cover: &StoryCover| cover.bookmark_id))
    }

    /// Returns a client's newest bookmarks of frames, newest first.
    pub async fn bookmarked_frames(
        &self,
        client_id: &ClientId,
    ) -> Result<Vec<BookmarkedFrame>, AppError> {
        Ok(self.store.bookmarked_frames(client_id.as_str(), MAX_BOOKMARKS).await?)
    }
}
