//! A client's stories as lists show them.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, with_read_pool};

/// A story as lists show it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct StoryListing {
    /// The story's id.
    pub id: Uuid,
    /// The strategy's slug.
    pub strategy: String,
    /// The first text on one line.
    pub title: String,
    /// The story's slug, when it has one.
    pub slug: Option<String>,
    /// How many frames it has.
    pub frame_count: i32,
    /// The story that the client is in, which may be this one.
    pub current_story_id: Option<Uuid>,
    /// Whether the client keeps a frame of it, or has it in a list of its own.
    pub is_bookmarked: bool,
    /// The key of its thumbnail's file.
    pub thumbnail_key: Option<String>,
    /// The thumbnail's width in pixels.
    pub thumbnail_width: Option<i32>,
    /// The thumbnail's height in pixels.
    pub thumbnail_height: Option<i32>,
    /// When it was begun.
    pub date_created: DateTime<Utc>,
    /// When its last frame was added.
    pub date_updated: DateTime<Utc>,
}

/// Which part of a client's stories.
#[derive(Debug, Clone, Copy)]
pub struct StoryPage {
    /// Only those behind the story that was last updated then and has this id.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// How many of these are passed over.
    pub offset: i64,
    /// How many at most.
    pub limit: i64,
}

impl StoryPage {
    /// The first `limit` of all.
    #[must_use]
    pub const fn first(limit: i64) -> Self {
        Self { after: None, offset: 0, limit }
    }
}

impl Store {
    /// A part of a client's stories in which something was told or ordered, last updated first.
    pub async fn stories_of_client(
        &self,
        client_id: &str,
        page: StoryPage,
    ) -> Result<Vec<StoryListing>, StoreError> {
        const SQL: &str = "SELECT s.id, s.strategy, s.title, s.slug, s.frame_count, \
             i.media_key AS thumbnail_key, i.width AS thumbnail_width, i.height AS thumbnail_height, \
             (SELECT current_story_id FROM sparrow_state WHERE client_id = $1) AS current_story_id, \
             (EXISTS (SELECT 1 FROM story_frame_bookmark b \
             WHERE b.client_id = $1 AND b.story_id = s.id) \
             OR EXISTS (SELECT 1 FROM story_bookmark b \
             WHERE b.client_id = $1 AND b.story_id = s.id)) AS is_bookmarked, \
             s.date_created, s.date_updated \
             FROM story s LEFT JOIN image i ON i.id = s.thumbnail_id \
             WHERE s.client_id = $1 AND (s.date_updated, s.id) < ($2, $3) \
             AND (s.frame_count > 0 OR EXISTS (SELECT 1 FROM task t WHERE t.story_id = s.id)) \
             ORDER BY s.date_updated DESC, s.id DESC LIMIT $4 OFFSET $5";
        let (time, id) = page.after.unwrap_or((MAX_TIME, Uuid::max()));
        // A database cannot tell of every time that a made-up cursor may hold.
        let time = time.clamp(DateTime::UNIX_EPOCH, MAX_TIME);
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(time)
            .bind(id)
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list a client's stories"))
    }

    /// How many stories a client has in which something was told or ordered.
    pub async fn count_stories(&self, client_id: &str) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM story s WHERE s.client_id = $1 \
             AND (s.frame_count > 0 OR EXISTS (SELECT 1 FROM task t WHERE t.story_id = s.id))";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(client_id).fetch_one(db).await)
            .map_err(StoreError::failed("count a client's stories"))
    }
}

/// Later than any story.
const MAX_TIME: DateTime<Utc> = match DateTime::from_timestamp(253_370_764_800, 0) {
    Some(time) => time,
    None => DateTime::UNIX_EPOCH,
};
