//! The whole installation at a glance, for admins.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::Page;
use super::{App, AppError};
use crate::store::StoryOverview;

/// How much there is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stats {
    /// Since when the installation is used.
    pub date_created: Option<DateTime<Utc>>,
    /// Stories, those that have no frame yet included.
    pub stories: i64,
    /// Frames.
    pub frames: i64,
    /// Sparrows that were ever seen.
    pub sparrows: i64,
    /// Files that are kept.
    pub media_objects: i64,
    /// Tasks by how they stand.
    pub tasks: BTreeMap<String, i64>,
}

/// A story as an admin looks for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoryOverviewView {
    /// The story's id.
    pub story_id: Uuid,
    /// The Sparrow that it was made for.
    pub client_id: String,
    /// The strategy's slug.
    pub strategy: String,
    /// Its first text on one line, or what it was named.
    pub title: String,
    /// Its name in links.
    pub slug: Option<String>,
    /// How many frames it has.
    pub story_frame_count: i32,
    /// When it was begun.
    pub date_created: DateTime<Utc>,
    /// When its last frame was added.
    pub date_updated: DateTime<Utc>,
}

impl App {
    /// How much there is.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database fails.
    pub async fn stats(&self) -> Result<Stats, AppError> {
        let counts = self.store.counts().await?;
        Ok(Stats {
            date_created: self.store.installed_at().await?,
            stories: counts.stories,
            frames: counts.frames,
            sparrows: counts.sparrows,
            media_objects: counts.media_objects,
            tasks: self.store.tasks_by_status().await?.into_iter().collect(),
        })
    }

    /// Everyone's stories whose title, slug or client contains `q`, the newest first, those begun before `before`.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database fails.
    pub async fn all_stories(
        &self,
        q: &str,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Page<StoryOverviewView, Uuid>, AppError> {
        let before = before.unwrap_or(Uuid::max());
        let rows = self.store.all_stories(q, before, limit + 1).await?;
        Ok(Page::of(rows, limit, |row| row.id))
    }
}

impl From<StoryOverview> for StoryOverviewView {
    fn from(row: StoryOverview) -> Self {
        Self {
            story_id: row.id,
            client_id: row.client_id,
            strategy: row.strategy,
            title: row.title,
            slug: row.slug,
            story_frame_count: row.frame_count,
            date_created: row.date_created,
            date_updated: row.date_updated,
        }
    }
}
