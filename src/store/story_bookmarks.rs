//! The stories in a bookmark list.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A story in a list, with its name.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct StoryBookmark {
    /// The bookmark's id.
    pub id: i64,
    /// The story.
    pub story_id: Uuid,
    /// The story's slug, when it has one.
    pub slug: Option<String>,
    /// The story's title; empty until it has one.
    pub title: String,
    /// What is noted about it.
    pub comments: Option<String>,
    /// When it was first kept.
    pub date_created: DateTime<Utc>,
}

impl Store {
    /// The stories in a list, the last kept first, those kept earlier than `before`, at most `limit`.
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

    /// A story in a list.
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
    /// How many stories a list holds.
    pub async fn count_story_bookmarks(&mut self, list_id: i64) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM story_bookmark WHERE list_id = $1";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(list_id).fetch_one(db).await)
            .map_err(StoreError::failed("count the stories in a bookmark list"))
    }

    /// Puts a story into a list, locked before; `false` when one of the two is gone.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_conflict`] when it is there already; [`StoreError`] when the database fails.
    pub async fn add_story_bookmark(
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
        .map_err(StoreError::failed("put a story into a bookmark list"))?;
        Ok(added > 0)
    }

    /// Renews what is noted about a story in a list; `false` when it is not there.
    pub async fn update_story_bookmark(
        &mut self,
        list_id: i64,
        story_id: Uuid,
        comments: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE story_bookmark SET comments = $3, date_updated = $4 \
             WHERE list_id = $1 AND story_id = $2";
        let renewed = with_tx!(self, db => sqlx::query(SQL)
            .bind(list_id)
            .bind(story_id)
            .bind(comments)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("renew a story in a bookmark list"))?;
        Ok(renewed > 0)
    }

    /// Takes a story out of a list; `false` when it is not there.
    pub async fn remove_story_bookmark(
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
        .map_err(StoreError::failed("take a story out of a bookmark list"))?;
        Ok(removed > 0)
    }
}
