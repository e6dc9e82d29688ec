//! Whether Calliope can do its work.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::Ops;
use crate::app::files::BucketHealth;
use crate::app::search::IndexHealth;

/// How one part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// It works.
    Ok,
    /// Some of it works.
    Degraded,
    /// It does not work.
    Down,
}

/// One part, with a reason where it is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ComponentHealth {
    /// How it is.
    pub status: HealthStatus,
    /// Why, in plain words.
    pub reason: Option<String>,
}

/// Every part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Readiness {
    /// The worst of the parts; `down` only when the database is.
    pub status: HealthStatus,
    /// Rows.
    pub database: ComponentHealth,
    /// Files: the disk, and the bucket where there is one.
    pub object_store: ComponentHealth,
    /// Semantic search.
    pub vector_index: ComponentHealth,
    /// Models.
    pub providers: ComponentHealth,
}

impl Ops {
    /// Looks at every part.
    pub async fn readiness(&self) -> Readiness {
        let database = match self.store.ping().await {
            Ok(()) => ComponentHealth { status: HealthStatus::Ok, reason: None },
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the database is down");
                let reason = Some("The database does not answer.".to_owned());
                ComponentHealth { status: HealthStatus::Down, reason }
            }
        };
        let object_store = match self.files.check_disk().await {
            Ok(()) => ComponentHealth { status: HealthStatus::Ok, reason: None },
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the media folder is down"
                );
                let reason = format!("The media folder cannot be written ({}).", error.source);
                ComponentHealth { status: HealthStatus::Degraded, reason: Some(reason) }
            }
        };
        let object_store = match object_store.status {
            HealthStatus::Ok => self.object_store_health().await.unwrap_or(object_store),
            _ => object_store,
        };
        let providers = match self.models.open_circuits() {
            resting if !resting.is_empty() => {
                let all = resting.join(", ");
                let reason = format!("{all} failed again and again; others do its work meanwhile.");
                ComponentHealth { status: HealthStatus::Degraded, reason: Some(reason) }
            }
            _ if self.models.has_any() => {
                ComponentHealth { status: HealthStatus::Ok, reason: None }
            }
            _ => not_configured("None is configured; the offline provider tells and paints."),
        };
        let vector_index = self.vector_index_health().await;
        let parts = [database.status, object_store.status, vector_index.status, providers.status];
        let worst = |health| parts.contains(&health).then_some(health);
        Readiness {
            status: worst(HealthStatus::Down)
                .or(worst(HealthStatus::Degraded))
                .unwrap_or(HealthStatus::Ok),
            database,
            object_store,
            vector_index,
            providers,
        }
    }

    /// Whether frames can be found by meaning, if they are to be.
    async fn vector_index_health(&self) -> ComponentHealth {
        match self.search.index_health().await {
            IndexHealth::Disabled => {
                not_configured("No model for vectors is configured; search is by words alone.")
            }
            IndexHealth::Ok => ComponentHealth { status: HealthStatus::Ok, reason: None },
            IndexHealth::Degraded(reason) => {
                ComponentHealth { status: HealthStatus::Degraded, reason: Some(reason) }
            }
        }
    }

    /// Whether the bucket answers, and how far behind it is; `None` if there is no bucket.
    async fn object_store_health(&self) -> Option<ComponentHealth> {
        let health = self.files.bucket_health().await?;
        let unsynced = self.store.sync_backlog().await;
        let (files, seconds) = unsynced.map_or((0, 0), |unsynced| {
            let waits = |oldest: DateTime<Utc>| (self.clock.now() - oldest).num_seconds();
            (unsynced.files, unsynced.oldest.map_or(0, waits))
        });
        let behind = format!("{files} files wait for it, the oldest for {seconds} s");
        let (status, reason) = match health {
            BucketHealth::Ok if files == 0 => (HealthStatus::Ok, None),
            BucketHealth::Ok => (HealthStatus::Ok, Some(format!("The bucket answers; {behind}."))),
            BucketHealth::Failing(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the bucket is down");
                let reason = format!("The bucket does not answer as it should; {behind}.");
                (HealthStatus::Degraded, Some(reason))
            }
            BucketHealth::TimedOut => {
                (HealthStatus::Degraded, Some(format!("The bucket does not answer; {behind}.")))
            }
        };
        Some(ComponentHealth { status, reason })
    }
}

/// A part that is not there, and need not be.
fn not_configured(reason: &str) -> ComponentHealth {
    ComponentHealth { status: HealthStatus::Ok, reason: Some(reason.to_owned()) }
}
