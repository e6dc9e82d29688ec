//! Load of the system: queue, database pools and bucket. Measured on each request, so that nothing runs in between.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Ops;
use crate::app::AppError;
use crate::app::files::BucketHealth;
use crate::store::{DatabaseActivity, PoolStatus, SyncBacklog, TaskKinds};

/// How long to wait for the database. The metrics must stay available above all when it hangs.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The load of the system at one moment.
#[derive(Debug)]
pub struct SystemLoad {
    /// The task queue; `None` if the database does not respond.
    pub queue: Option<QueueStats>,
    /// The database's connection pools.
    pub connections: Vec<PoolStatus>,
    /// What this process has asked of the database so far.
    pub database: DatabaseActivity,
    /// Files that are not in the bucket yet; `None` if no bucket is configured or the database does not respond.
    pub sync_backlog: Option<SyncBacklog>,
    /// Whether the bucket responds without an error; `None` if no bucket is configured.
    pub is_bucket_up: Option<bool>,
    /// Time of the measurement, from which ages are computed.
    pub measured_at: DateTime<Utc>,
}

/// Statistics of the pending tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueStats {
    /// Number of tasks that wait for a worker, for their lane, or for the time of their next attempt.
    pub tasks: i64,
    /// Time since the oldest due task became due; zero if none is due.
    pub oldest_wait: TimeDelta,
}

impl Ops {
    /// Measures the queue, the pools and the bucket.
    pub async fn system_load(&self) -> SystemLoad {
        let queue = match tokio::time::timeout(TIMEOUT, self.queue_stats()).await {
            Ok(Ok(stats)) => Some(stats),
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn Error, "pending tasks cannot be counted");
                None
            }
            Err(_elapsed) => {
                tracing::warn!("pending tasks cannot be counted in time; the database is busy");
                None
            }
        };
        let (sync_backlog, is_bucket_up) = match self.files.bucket_health().await {
            Some(health) => {
                let backlog = tokio::time::timeout(TIMEOUT, self.store.sync_backlog()).await;
                let is_up = matches!(health, BucketHealth::Ok);
                (backlog.ok().and_then(Result::ok), Some(is_up))
            }
            None => (None, None),
        };
        let (connections, database) = (self.store.pool_statuses(), self.store.activity());
        let measured_at = self.clock.now();
        SystemLoad { queue, connections, database, sync_backlog, is_bucket_up, measured_at }
    }

    async fn queue_stats(&self) -> Result<QueueStats, AppError> {
        let tasks = self.store.count_pending_tasks(i64::MAX).await?;
        let due = self.store.next_due(TaskKinds::All, DateTime::UNIX_EPOCH).await?;
        let oldest = due.map_or(TimeDelta::zero(), |due| self.clock.now() - due);
        Ok(QueueStats { tasks, oldest_wait: oldest.max(TimeDelta::zero()) })
    }
}
