//! The entries of bookmark lists.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A story in a bookmark list.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoryBookmark {
    /// Bookmark id.
    pub id: i64,
    /// Story id.
    pub story_id: Uuid,
    /// The story's slug; `None` until it has a title.
    pub slug: Option<String>,
    /// The story's title; empty until it has one.
    pub title: String,
    /// The client's comments on the story.
    pub comments: Option<String>,
    /// When the story was added to the list.
    pub date_created: DateTime<Utc>,
}

impl Store {
    /// Returns the entries of a list with an id below `before`, newest first, at most `limit`.
    pub async fn story_bookmarks(
        &self,
        list_id: i64,
        before: i64,
        limit: i64,
    ) -> Result<Vec<StoryBookmark>, StoreError> {
        const SQL: &str = "SELECT b.id, b.story_id, s.slug, s.title, b.comments, b.date_created \
             FROM story_bookmark b JOIN story s ON s.id = b.story_id \
             WHERE b.list_id = $1 AND b.id < $2 ORDER BY b.id DESC LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(list_id)
            .bind(before)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list the stories in a bookmark list"))
    }

    /// Returns the entry of a list for a story.
    pub async fn story_bookmark(
        &self,
        list_id: i64,
        story_id: Uuid,
    ) -> Result<Option<StoryBookmark>, StoreError> {
        const SQL: &str = "SELECT b.id, b.story_id, s.slug, s.title, b.comments, b.date_created \
             FROM story_bookmark b JOIN story s ON s.id = b.story_id \
             WHERE b.list_id = $1 AND b.story_id = $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(list_id).bind(story_id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a story in a bookmark list"))
    }
}

impl Tx {
    /// Returns the number of entries of a list.
    pub async fn count_story_bookmarks(&mut self, list_id: i64) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM story_bookmark WHERE list_id = $1";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(list_id).fetch_one(db).await)
            .map_err(StoreError::failed("count the stories in a bookmark list"))
    }

    /// Adds a story to a list. Returns `false` if the list or the story does not exist.
    ///
    /// The list must be locked by [`Tx::update_bookmark_list`].
    ///
    /// # Errors
    ///
    /// [`StoreError::is_conflict`] is true if the list has the story already.
    pub async fn insert_story_bookmark(
        &mut self,
        list_id: i64,
        story_id: Uuid,
        comments: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO story_bookmark \
             (list_id, client_id, story_id, comments, date_created, date_updated) \
             SELECT l.id, l.client_id, s.id, $3, $4, $4 FROM bookmark_list l, story s \
             WHERE l.id = $1 AND s.id = $2";
        let added = with_tx!(self, db => sqlx::query(SQL)
            .bind(list_id)
            .bind(story_id)
            .bind(comments)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("add a story to a bookmark list"))?;
        Ok(added > 0)
    }

    /// Replaces the comments on a story in a list. Returns `false` if the list does not have the story.
    pub async fn update_story_bookmark(
        &mut self,
        list_id: i64,
        story_id: Uuid,
        comments: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE story_bookmark SET comments = $3, date_updated = $4 \
             WHERE list_id = $1 AND story_id = $2";
        let updated = with_tx!(self, db => sqlx::query(SQL)
            .bind(list_id)
            .bind(story_id)
            .bind(comments)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("update a story in a bookmark list"))?;
        Ok(updated > 0)
    }

    /// Removes a story from a list. Returns `false` if the list does not have the story.
    pub async fn delete_story_bookmark(
        &mut self,
        list_id: i64,
        story_id: Uuid,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "DELETE FROM story_bookmark WHERE list_id = $1 AND story_id = $2";
        let removed = with_tx!(self, db => sqlx::query(SQL)
            .bind(list_id)
            .bind(story_id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("remove a story from a bookmark list"))?;
        Ok(removed > 0)
    }
}
