//! Figures and lists across the whole installation.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx_macros::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Store, StoreError, like, with_read_pool};

/// Numbers of rows in the installation.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct InstallationCounts {
    /// Number of stories.
    pub stories: i64,
    /// Number of frames.
    pub frames: i64,
    /// Number of Sparrows.
    pub sparrows: i64,
    /// Number of files.
    pub media_objects: i64,
}

/// A story in the list of all stories.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = StoryOverviewView)]
pub struct StoryOverview {
    /// Story id.
    #[serde(rename = "story_id")]
    pub id: Uuid,
    /// Client id of the Sparrow that the story belongs to.
    pub client_id: String,
    /// The strategy's slug.
    pub strategy: String,
    /// The story's title: its first text on a single line, unless it was renamed.
    pub title: String,
    /// The story's name in links; `null` until it has a title.
    pub slug: Option<String>,
    /// Number of frames.
    #[serde(rename = "story_frame_count")]
    pub frame_count: i32,
    /// When the story was created.
    pub date_created: DateTime<Utc>,
    /// When the story's last frame was added.
    pub date_updated: DateTime<Utc>,
}

impl Store {
    /// Returns the numbers of stories, frames, Sparrows and files.
    pub async fn installation_counts(&self) -> Result<InstallationCounts, StoreError> {
        const SQL: &str = "SELECT (SELECT COUNT(*) FROM story) AS stories, \
             (SELECT COUNT(*) FROM story_frame) AS frames, \
             (SELECT COUNT(*) FROM sparrow_state) AS sparrows, \
             (SELECT COUNT(*) FROM media_object) AS media_objects";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_one(db).await)
            .map_err(StoreError::failed("count the installation's rows"))
    }

    /// Returns the number of tasks by status.
    pub async fn task_counts_by_status(&self) -> Result<Vec<(String, i64)>, StoreError> {
        const SQL: &str = "SELECT status, COUNT(*) FROM task GROUP BY status ORDER BY status";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_all(db).await)
            .map_err(StoreError::failed("count tasks"))
    }

    /// Returns when the installation's database was first used; `None` before the first start.
    pub async fn installed_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        const SQL: &str = "SELECT date_created FROM installation WHERE id = 1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
            .map_err(StoreError::failed("read the installation's start time"))
    }

    /// Returns stories with an id below `before` whose title, slug or client contains `text`, newest first, at most
    /// `limit`.
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
