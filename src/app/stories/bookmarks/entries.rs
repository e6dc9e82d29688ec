//! The stories in a bookmark list.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::frames::check_comments;
use super::lists::list_not_found;
use crate::app::stories::{Stories, story_not_found};
use crate::app::{Actor, AppError, ErrorKind, Page};
use crate::store::{BookmarkList, BookmarkListChange, StoryBookmark};

/// Stories at most in one list.
const MAX_STORIES: i64 = 10_000;

/// A story in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoryBookmarkView {
    /// The story.
    pub story_id: String,
    /// Its name in links; empty until it has a text.
    pub slug: String,
    /// Its first text on one line.
    pub title: String,
    /// What is noted about it.
    pub comments: Option<String>,
    /// When it was first kept.
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

/// How a story came into a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoryBookmarkOutcome {
    /// It was not there before.
    Added(StoryBookmarkView),
    /// It was there; what is noted about it is new.
    Updated(StoryBookmarkView),
}

impl Stories {
    /// A list with its stories, the last kept first, those kept earlier than the bookmark `before`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is no such list, or the actor may not read it.
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
        Ok((list, Page::from_rows(rows, limit, |kept| kept.id)))
    }

    /// Puts a story into a list, or renews what is noted about it there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown list or story; [`ErrorKind::NotYours`] when the list is another's;
    /// [`ErrorKind::Conflict`] when it is full; [`ErrorKind::Invalid`] for comments that are too long.
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
        tx.change_bookmark_list(list_id, BookmarkListChange::default(), now)
            .await?
            .ok_or_else(list_not_found)?;
        let is_new = !tx.update_story_bookmark(list_id, story_id, comments, now).await?;
        if is_new {
            if tx.count_story_bookmarks(list_id).await? >= MAX_STORIES {
                let detail = format!("A list holds at most {MAX_STORIES} stories; begin another.");
                return Err(AppError::new(ErrorKind::Conflict, detail));
            }
            if !tx.add_story_bookmark(list_id, story_id, comments, now).await? {
                return Err(story_not_found());
            }
        }
        tx.save().await?;
        let kept =
            self.store.story_bookmark(list_id, story_id).await?.ok_or_else(list_not_found)?;
        let kept = kept.into();
        Ok(if is_new {
            StoryBookmarkOutcome::Added(kept)
        } else {
            StoryBookmarkOutcome::Updated(kept)
        })
    }

    /// Takes a story out of a list.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown list, or a story that is not in it; [`ErrorKind::NotYours`] when the list
    /// is another's.
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
            .change_bookmark_list(list_id, BookmarkListChange::default(), self.clock.now())
            .await?;
        list.ok_or_else(list_not_found)?;
        if !tx.remove_story_bookmark(list_id, story_id).await? {
            let detail = "The list does not hold this story.";
            return Err(AppError::new(ErrorKind::NotFound, detail));
        }
        Ok(tx.save().await?)
    }
}
