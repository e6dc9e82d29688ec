//! Statistics of the whole installation, for admins.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Ops;
use crate::app::models::INSTALLATION_SCOPE;
use crate::app::{AppError, Page};
use crate::store::{CallCount, StoryOverview};

/// Statistics of an installation.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstallationStats {
    /// Time at which the installation's database was created; null if unknown.
    pub date_created: Option<DateTime<Utc>>,
    /// Number of stories, including those without frames.
    pub stories: i64,
    /// Number of frames.
    pub frames: i64,
    /// Number of Sparrows that have ever connected.
    pub sparrows: i64,
    /// Number of stored files.
    pub media_objects: i64,
    /// Number of tasks by status.
    pub tasks: BTreeMap<String, i64>,
    /// Cost of model calls today (UTC) in US dollars, including the amounts reserved for running calls.
    pub spent_today: f64,
    /// Model calls in the last 24 hours, by provider, model, capability and outcome.
    pub calls: Vec<ModelCallsView>,
}

/// The calls of one model for one capability that had the same outcome.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelCallsView {
    /// Provider's name in configurations.
    pub provider: String,
    /// Model's name at the provider.
    pub model: String,
    /// `text`, `structured`, `image`, `vision` or `transcription`.
    pub capability: String,
    /// `done`, or the name of a failure.
    pub outcome: String,
    /// Number of calls.
    pub calls: i64,
    /// Mean duration of a call in milliseconds, including all attempts.
    pub mean_milliseconds: i64,
    /// Total cost of the calls in US dollars.
    pub cost: f64,
}

impl Ops {
    /// Returns the names of the companies and servers whose models frames use, in sentences. None means that the words and
    /// pictures are made by the built-in provider.
    #[must_use]
    pub fn provider_names(&self) -> Vec<String> {
        self.models.provider_names()
    }

    /// Returns the statistics of the installation.
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

    /// Returns a page of all clients' stories whose title, slug or client id contains `q`, newest first. `before` is
    /// the id of a story; only older stories are returned.
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
