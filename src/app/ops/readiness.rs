//! The readiness check behind `/readyz`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::Ops;
use crate::app::files::BucketHealth;
use crate::app::search::IndexHealth;
use crate::store::StoreError;

/// How long the database may take to answer before it counts as down.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// The health of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// The component works.
    Ok,
    /// The component works in part.
    Degraded,
    /// The component does not work.
    Down,
}

/// The health of one component, with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ComponentHealth {
    /// Health of the component.
    pub status: HealthStatus,
    /// Reason for the status as a sentence; null if the component works without restrictions.
    pub reason: Option<String>,
}

/// The health of the installation and of each component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Readiness {
    /// The worst status of all components. It is `down` only if the database is down.
    pub status: HealthStatus,
    /// Database that stores all rows.
    pub database: ComponentHealth,
    /// File storage: the disk, and the bucket if one is configured.
    pub object_store: ComponentHealth,
    /// Vector index for semantic search.
    pub vector_index: ComponentHealth,
    /// Providers of the configured models.
    pub providers: ComponentHealth,
}

impl Ops {
    /// Checks every component.
    pub async fn readiness(&self) -> Readiness {
        let database = self.database_health().await;
        let object_store = match self.files.check_disk().await {
            Ok(()) => ComponentHealth { status: HealthStatus::Ok, reason: None },
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a folder is not writable"
                );
                let folder = error.folder.as_ref();
                let name = folder.map_or_else(
                    || "disk".to_owned(),
                    |folder| format!("{} folder ({})", folder.name, folder.path.display()),
                );
                let reason = format!("The {name} cannot be written: {}.", error.source);
                ComponentHealth { status: HealthStatus::Degraded, reason: Some(reason) }
            }
        };
        let object_store = match object_store.status {
            HealthStatus::Ok if self.files.has_bucket() => {
                self.object_store_health().await.unwrap_or(object_store)
            }
            HealthStatus::Ok => self.unshared_folder_health().await.unwrap_or(object_store),
            _ => object_store,
        };
        let providers = match self.models.open_circuits() {
            open if !open.is_empty() => {
                let models = open.join(", ");
                let reason =
                    format!("{models} failed repeatedly; other models are used in the meantime.");
                ComponentHealth { status: HealthStatus::Degraded, reason: Some(reason) }
            }
            _ if self.models.has_any() => {
                ComponentHealth { status: HealthStatus::Ok, reason: None }
            }
            _ => {
                not_configured("No provider is configured; the offline provider writes and paints.")
            }
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

    /// Checks the database in the way in which frames use it: it must answer and accept changes.
    async fn database_health(&self) -> ComponentHealth {
        let health =
            |status, reason: &str| ComponentHealth { status, reason: Some(reason.to_owned()) };
        let no_answer = health(HealthStatus::Down, "The database does not respond.");
        let (reads, writes) = tokio::join!(
            tokio::time::timeout(DATABASE_TIMEOUT, self.store.check_reads()),
            tokio::time::timeout(DATABASE_TIMEOUT, self.store.check_writes()),
        );
        match (reads, writes) {
            (_, Ok(Err(error @ StoreError::FileReplaced(_)))) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "database is down");
                health(
                    HealthStatus::Down,
                    "The database file was removed or replaced; restart the service with the right file.",
                )
            }
            (Ok(Err(error)), _) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "database is down");
                no_answer
            }
            (Err(_), _) => {
                tracing::warn!("database does not answer in time");
                no_answer
            }
            (_, Ok(Err(error))) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "database refuses changes"
                );
                health(HealthStatus::Down, "The database accepts no changes; the log says why.")
            }
            (_, Err(_)) => health(
                HealthStatus::Degraded,
                "The database is busy: a change waited for more than two seconds.",
            ),
            (_, Ok(Ok(()))) => ComponentHealth { status: HealthStatus::Ok, reason: None },
        }
    }

    /// Checks the vector index.
    async fn vector_index_health(&self) -> ComponentHealth {
        match self.search.index_health().await {
            IndexHealth::Disabled => {
                not_configured("No embedding model is configured; search matches words only.")
            }
            IndexHealth::Ok => ComponentHealth { status: HealthStatus::Ok, reason: None },
            IndexHealth::Degraded(reason) => {
                ComponentHealth { status: HealthStatus::Degraded, reason: Some(reason) }
            }
        }
    }

    /// Checks that all instances share the folders. Returns `None` if they do, or if that cannot be found out, because the
    /// database is down.
    async fn unshared_folder_health(&self) -> Option<ComponentHealth> {
        let looking = tokio::time::timeout(DATABASE_TIMEOUT, self.files.unshared_folder());
        let folder = looking.await.ok()?.ok()??;
        let reason = format!(
            "The {} folder ({}) is not shared with the other instances; use a bucket or a shared folder.",
            folder.name,
            folder.path.display()
        );
        Some(ComponentHealth { status: HealthStatus::Degraded, reason: Some(reason) })
    }

    /// Checks the bucket and reports how many files are not uploaded yet. Returns `None` if no bucket is configured.
    async fn object_store_health(&self) -> Option<ComponentHealth> {
        let health = self.files.bucket_health().await?;
        let backlog = self.store.sync_backlog().await;
        let (files, seconds) = backlog.map_or((0, 0), |backlog| {
            let age = |oldest: DateTime<Utc>| (self.clock.now() - oldest).num_seconds();
            (backlog.files, backlog.oldest.map_or(0, age))
        });
        let behind =
            format!("{files} files are waiting to be uploaded, the oldest for {seconds} s");
        let (status, reason) = match health {
            BucketHealth::Ok if files == 0 => (HealthStatus::Ok, None),
            BucketHealth::Ok => (HealthStatus::Ok, Some(format!("The bucket responds; {behind}."))),
            BucketHealth::Failing(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "bucket is down");
                let reason = format!("The bucket returns an error; {behind}.");
                (HealthStatus::Degraded, Some(reason))
            }
            BucketHealth::TimedOut => {
                (HealthStatus::Degraded, Some(format!("The bucket does not respond; {behind}.")))
            }
        };
        Some(ComponentHealth { status, reason })
    }
}

/// Returns the health of an optional component that is not configured.
fn not_configured(reason: &str) -> ComponentHealth {
    ComponentHealth { status: HealthStatus::Ok, reason: Some(reason.to_owned()) }
}
