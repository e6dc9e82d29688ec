//! The whole installation at a glance.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Store, StoreError, like, with_read_pool};

/// How much there is.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct InstallationCounts {
    /// Stories.
    pub stories: i64,
    /// Frames.
    pub frames: i64,
    /// Sparrows.
    pub sparrows: i64,
    /// Files.
    pub media_objects: i64,
}

/// A story as an admin looks for it.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = StoryOverviewView)]
pub struct StoryOverview {
    /// The story's id.
    #[serde(rename = "story_id")]
    pub id: Uuid,
    /// The Sparrow that it was made for.
    pub client_id: String,
    /// The strategy's slug.
    pub strategy: String,
    /// Its first text on one line, or what it was named.
    pub title: String,
    /// Its name in links.
    pub slug: Option<String>,
    /// How many frames it has.
    #[serde(rename = "story_frame_count")]
    pub frame_count: i32,
    /// When it was begun.
    pub date_created: DateTime<Utc>,
    /// When its last frame was added.
    pub date_updated: DateTime<Utc>,
}

impl Store {
    /// How much there is.
    pub async fn installation_counts(&self) -> Result<InstallationCounts, StoreError> {
        const SQL: &str = "SELECT (SELECT COUNT(*) FROM story) AS stories, \
             (SELECT COUNT(*) FROM story_frame) AS frames, \
             (SELECT COUNT(*) FROM sparrow_state) AS sparrows, \
             (SELECT COUNT(*) FROM media_object) AS media_objects";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_one(db).await)
            .map_err(StoreError::failed("count what there is"))
    }

    /// How many tasks stand how.
    pub async fn task_counts_by_status(&self) -> Result<Vec<(String, i64)>, StoreError> {
        const SQL: &str = "SELECT status, COUNT(*) FROM task GROUP BY status ORDER BY status";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_all(db).await)
            .map_err(StoreError::failed("count tasks"))
    }

    /// Since when this database is used.
    pub async fn installed_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        const SQL: &str = "SELECT date_created FROM installation WHERE id = 1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
            .map_err(StoreError::failed("read the installation's age"))
    }

    /// Stories begun before the one with id `before`, whose title, slug or client contains `text`, the newest first, at
    /// most `limit`.
    pub async fn all_stories(
        &self,
        text: &str,
        before: Uuid,
        limit: i64,
    ) -> Result<Vec<StoryOverview>, StoreError> {
        const SQL: &str = "SELECT id, client_id, strategy, title, slug, frame_count, date_created, \
             date_updated FROM story WHERE id < $1 AND (lower(title) LIKE lower($2) ESCAPE '!' \
             OR slug LIKE lower($2) ESCAPE '!' OR lower(client_id) LIKE lower($2) ESCAPE '!') \
             ORDER BY id DESC LIMIT $3";
        let pattern = like::containing(text);
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(before)
            .bind(&pattern)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list stories"))
    }
}
