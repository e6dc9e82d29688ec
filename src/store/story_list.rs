//! The list of a client's stories.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, with_read_pool};

/// A story in a list.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct StoryListing {
    /// Story id.
    pub id: Uuid,
    /// The strategy's slug.
    pub strategy: String,
    /// The story's title: its first text on a single line, unless it was renamed.
    pub title: String,
    /// The story's slug; `None` until it has a title.
    pub slug: Option<String>,
    /// Number of frames.
    pub frame_count: i32,
    /// The story that the client is in, which may be this one.
    pub current_story_id: Option<Uuid>,
    /// Whether the client has bookmarked a frame of the story, or has the story in a list of its own.
    pub is_bookmarked: bool,
    /// Media key of the thumbnail.
    pub thumbnail_key: Option<String>,
    /// Width of the thumbnail in pixels.
    pub thumbnail_width: Option<i32>,
    /// Height of the thumbnail in pixels.
    pub thumbnail_height: Option<i32>,
    /// When the story was created.
    pub date_created: DateTime<Utc>,
    /// When the story's last frame was added.
    pub date_updated: DateTime<Utc>,
}

/// Selects a page of a client's stories.
#[derive(Debug, Clone, Copy)]
pub struct StoryPage {
    /// Time of the last update and id of the story after which the page starts.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// Number of stories to skip from there.
    pub offset: i64,
    /// Maximum number of stories.
    pub limit: i64,
}

impl StoryPage {
    /// Selects the first `limit` stories.
    #[must_use]
    pub const fn first(limit: i64) -> Self {
        Self { after: None, offset: 0, limit }
    }
}

impl Store {
    /// Returns a page of a client's stories that have frames or tasks, last updated first.
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
        // A forged cursor may hold a time that the database cannot represent.
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

    /// Returns the number of a client's stories that have frames or tasks.
    pub async fn count_stories(&self, client_id: &str) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM story s WHERE s.client_id = $1 \
             AND (s.frame_count > 0 OR EXISTS (SELECT 1 FROM task t WHERE t.story_id = s.id))";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(client_id).fetch_one(db).await)
            .map_err(StoreError::failed("count a client's stories"))
    }
}

/// A time later than any story's: the start of the year 9999.
const MAX_TIME: DateTime<Utc> = match DateTime::from_timestamp(253_370_764_800, 0) {
    Some(time) => time,
    None => DateTime::UNIX_EPOCH,
};
