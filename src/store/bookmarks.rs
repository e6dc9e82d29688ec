//! Frames that clients have bookmarked.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A client's bookmark of a frame, with the frame's text and illustration.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct FrameBookmark {
    /// Bookmark id.
    pub id: i64,
    /// The frame's story.
    pub story_id: Uuid,
    /// The frame's number, from 0.
    pub frame_number: i32,
    /// Frame id.
    pub frame_id: i64,
    /// The client's comments on the frame.
    pub comments: Option<String>,
    /// When the bookmark was created.
    pub date_created: DateTime<Utc>,
    /// When the bookmark was last saved.
    pub date_updated: DateTime<Utc>,
    /// The frame's text.
    pub frame_text: Option<String>,
    /// Media key of the frame's original illustration.
    pub image_key: Option<String>,
}

impl Store {
    /// Returns a client's bookmark of a frame.
    pub async fn frame_bookmark(
        &self,
        client_id: &str,
        story_id: Uuid,
        frame_number: i32,
    ) -> Result<Option<FrameBookmark>, StoreError> {
        const SQL: &str = "SELECT b.id, b.story_id, b.frame_number, b.frame_id, b.comments, \
             b.date_created, b.date_updated, f.text AS frame_text, i.media_key AS image_key \
             FROM story_frame_bookmark b JOIN story_frame f ON f.id = b.frame_id \
             LEFT JOIN image i ON i.id = f.image_id \
             WHERE b.client_id = $1 AND b.story_id = $2 AND b.frame_number = $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(story_id)
            .bind(frame_number)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read a frame's bookmark"))
    }

    /// Returns the newest bookmarks of a client, newest first, at most `limit`.
    pub async fn frame_bookmarks(
        &self,
        client_id: &str,
        limit: i64,
    ) -> Result<Vec<FrameBookmark>, StoreError> {
        const SQL: &str = "SELECT b.id, b.story_id, b.frame_number, b.frame_id, b.comments, \
             b.date_created, b.date_updated, f.text AS frame_text, i.media_key AS image_key \
             FROM story_frame_bookmark b JOIN story_frame f ON f.id = b.frame_id \
             LEFT JOIN image i ON i.id = f.image_id \
             WHERE b.client_id = $1 ORDER BY b.id DESC LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(client_id).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("list a client's frame bookmarks"))
    }

    /// Returns the newest bookmarks of a client in a story, newest first, at most `limit`.
    pub async fn frame_bookmarks_in_story(
        &self,
        client_id: &str,
        story_id: Uuid,
        limit: i64,
    ) -> Result<Vec<FrameBookmark>, StoreError> {
        const SQL: &str = "SELECT b.id, b.story_id, b.frame_number, b.frame_id, b.comments, \
             b.date_created, b.date_updated, f.text AS frame_text, i.media_key AS image_key \
             FROM story_frame_bookmark b JOIN story_frame f ON f.id = b.frame_id \
             LEFT JOIN image i ON i.id = f.image_id \
             WHERE b.client_id = $1 AND b.story_id = $2 ORDER BY b.id DESC LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(story_id)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list a client's frame bookmarks in a story"))
    }
}

impl Tx {
    /// Bookmarks a frame for a client, or replaces the comments on an existing bookmark. Returns `false` if the frame
    /// does not exist.
    pub async fn upsert_frame_bookmark(
        &mut self,
        client_id: &str,
        story_id: Uuid,
        frame_number: i32,
        comments: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO story_frame_bookmark \
             (client_id, story_id, frame_id, frame_number, comments, date_created, date_updated) \
             SELECT $1, f.story_id, f.id, f.number, $4, $5, $5 FROM story_frame f \
             WHERE f.story_id = $2 AND f.number = $3 \
             ON CONFLICT (client_id, story_id, frame_number) DO UPDATE SET \
             comments = excluded.comments, date_updated = excluded.date_updated";
        let saved = with_tx!(self, db => sqlx::query(SQL)
            .bind(client_id)
            .bind(story_id)
            .bind(frame_number)
            .bind(comments)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("save a frame's bookmark"))?;
        Ok(saved > 0)
    }

    /// Deletes a client's bookmark. Returns `false` if the client has none with this id.
    pub async fn delete_frame_bookmark(
        &mut self,
        client_id: &str,
        id: i64,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "DELETE FROM story_frame_bookmark WHERE id = $1 AND client_id = $2";
        let removed = with_tx!(self, db => sqlx::query(SQL)
            .bind(id)
            .bind(client_id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("remove a frame's bookmark"))?;
        Ok(removed > 0)
    }
}
