//! The whole installation at a glance, for admins.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Ops;
use crate::app::models::INSTALLATION_SCOPE;
use crate::app::{AppError, Page};
use crate::store::{CallCount, StoryOverview};

/// How much there is.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstallationStats {
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
    /// US dollars that models have cost today (UTC), what is set aside for running calls included.
    pub spent_today: f64,
    /// Calls of models in the last 24 hours.
    pub calls: Vec<ModelCallsView>,
}

/// Calls of one model for one thing that ended in the same way.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelCallsView {
    /// The provider's name in configurations.
    pub provider: String,
    /// The model's name at the provider.
    pub model: String,
    /// `text`, `structured`, `image`, `vision` or `transcription`.
    pub capability: String,
    /// `done`, or a failure's name.
    pub outcome: String,
    /// How many there were.
    pub calls: i64,
    /// How long one took on average, in milliseconds, all attempts together.
    pub mean_milliseconds: i64,
    /// What they cost together, in US dollars.
    pub cost: f64,
}

impl Ops {
    /// How much there is.
    pub async fn stats(&self) -> Result<InstallationStats, AppError> {
        let counts = self.store.installation_counts().await?;
        let now = self.clock.now();
        let calls = self.store.call_counts_since(now - TimeDelta::hours(24)).await?;
        Ok(InstallationStats {
            date_created: self.store.installed_at().await?,
            stories: counts.stories,
            frames: counts.frames,
            sparrows: counts.sparrows,
            media_objects: counts.media_objects,
            tasks: self.store.task_counts_by_status().await?.into_iter().collect(),
            spent_today: dollars(self.store.spent_on(INSTALLATION_SCOPE, now.date_naive()).await?),
            calls: calls.into_iter().map(ModelCallsView::from).collect(),
        })
    }

    /// Everyone's stories whose title, slug or client contains `q`, the newest first, those begun before `before`.
    pub async fn all_stories(
        &self,
        q: &str,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Page<StoryOverview, Uuid>, AppError> {
        let before = before.unwrap_or(Uuid::max());
        let rows = self.store.all_stories(q, before, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |row| row.id))
    }
}

fn dollars(micro_usd: i64) -> f64 {
    micro_usd as f64 / 1e6
}

impl From<CallCount> for ModelCallsView {
    fn from(row: CallCount) -> Self {
        Self {
            mean_milliseconds: row.milliseconds / row.calls.max(1),
            cost: dollars(row.micro_usd),
            provider: row.provider,
            model: row.model,
            capability: row.capability,
            outcome: row.outcome,
            calls: row.calls,
        }
    }
}
