//! Reads, adds and removes the stories of a bookmark list.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::frames::check_comments;
use super::lists::list_not_found;
use crate::app::stories::{Stories, story_not_found};
use crate::app::{Actor, AppError, ErrorKind, Page};
use crate::store::{BookmarkList, BookmarkListChange, StoryBookmark};

/// Maximum number of stories in one list.
const MAX_STORIES: i64 = 10_000;

/// A story in a bookmark list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoryBookmarkView {
    /// Id of the story.
    pub story_id: String,
    /// Slug of the story for links; empty until the story has a text.
    pub slug: String,
    /// Title of the story on one line.
    pub title: String,
    /// Comments on the story; null if there are none.
    pub comments: Option<String>,
    /// Time at which the story was added to the list.
    pub date_created: DateTime<Utc>,
}

impl From<StoryBookmark> for StoryBookmarkView {
    fn from(row: StoryBookmark) -> Self {
        Self {
            story_id: row.story_id.to_string(),
            slug: row.slug.unwrap_or_default(),
            title: row.title,
            comments: row.comments,
            date_created: row.date_created,
        }
    }
}

/// The result of adding a story to a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoryBookmarkOutcome {
    /// The story was added.
    Added(StoryBookmarkView),
    /// The story was in the list already; its comments were replaced.
    Updated(StoryBookmarkView),
}

impl Stories {
    /// Returns a list and a page of its stories, last added first. `before` is the id of a bookmark; only earlier ones
    /// are returned.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the list does not exist or the actor may not read it.
    pub async fn read_list(
        &self,
        actor: Actor<'_>,
        id: i64,
        before: Option<i64>,
        limit: i64,
    ) -> Result<(BookmarkList, Page<StoryBookmarkView, i64>), AppError> {
        let list = self.find_readable_list(actor, id).await?;
        let before = before.unwrap_or(i64::MAX);
        let rows = self.store.story_bookmarks(id, before, limit + 1).await?;
        Ok((list, Page::from_rows(rows, limit, |bookmark| bookmark.id)))
    }

    /// Adds a story to a list, or replaces its comments if it is there already.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the list or story is unknown, with [`ErrorKind::Forbidden`] if the list
    /// belongs to another client, with [`ErrorKind::Conflict`] if the list is full, and with [`ErrorKind::Invalid`] if
    /// the comments are too long.
    pub async fn add_story_to_list(
        &self,
        actor: Actor<'_>,
        list_id: i64,
        story_id: &str,
        comments: Option<&str>,
    ) -> Result<StoryBookmarkOutcome, AppError> {
        check_comments(comments)?;
        self.find_changeable_list(actor, list_id).await?;
        let story_id = self.find_story(story_id).await?.id;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.update_bookmark_list(list_id, BookmarkListChange::default(), now)
            .await?
            .ok_or_else(list_not_found)?;
        let is_new = !tx.update_story_bookmark(list_id, story_id, comments, now).await?;
        if is_new {
            if tx.count_story_bookmarks(list_id).await? >= MAX_STORIES {
                let detail =
                    format!("A list holds at most {MAX_STORIES} stories; create another list.");
                return Err(AppError::new(ErrorKind::Conflict, detail));
            }
            if !tx.insert_story_bookmark(list_id, story_id, comments, now).await? {
                return Err(story_not_found());
            }
        }
        tx.save().await?;
        let bookmark =
            self.store.story_bookmark(list_id, story_id).await?.ok_or_else(list_not_found)?;
        let view = bookmark.into();
        Ok(if is_new {
            StoryBookmarkOutcome::Added(view)
        } else {
            StoryBookmarkOutcome::Updated(view)
        })
    }

    /// Removes a story from a list.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the list is unknown or does not contain the story, and with
    /// [`ErrorKind::Forbidden`] if the list belongs to another client.
    pub async fn remove_story_from_list(
        &self,
        actor: Actor<'_>,
        list_id: i64,
        story_id: &str,
    ) -> Result<(), AppError> {
        self.find_changeable_list(actor, list_id).await?;
        let story_id = self.find_story(story_id).await?.id;
        let mut tx = self.store.begin().await?;
        let list = tx
            .update_bookmark_list(list_id, BookmarkListChange::default(), self.clock.now())
            .await?;
        list.ok_or_else(list_not_found)?;
        if !tx.delete_story_bookmark(list_id, story_id).await? {
            let detail = "The list does not hold this story.";
            return Err(AppError::new(ErrorKind::NotFound, detail));
        }
        Ok(tx.save().await?)
    }
}
