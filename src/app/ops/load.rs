//! How much there is to do, and on what: read when someone asks, so that nothing runs for it in between.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Ops;
use crate::app::AppError;
use crate::app::files::BucketHealth;
use crate::store::{PoolStatus, SyncBacklog};

/// How long to wait for the database: whoever asks for numbers wants to know, above all, when it hangs.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What there is to do, and on what.
#[derive(Debug)]
pub struct SystemLoad {
    /// `None` when the database does not tell.
    pub queue: Option<QueueStats>,
    /// The database's pools.
    pub connections: Vec<PoolStatus>,
    /// Files on their way into the bucket; `None` where there is no bucket, or the database does not tell.
    pub sync_backlog: Option<SyncBacklog>,
    /// Whether the bucket answers as it should; `None` where there is none.
    pub is_bucket_up: Option<bool>,
    /// The time by which the oldest are old.
    pub measured_at: DateTime<Utc>,
}

/// Tasks that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueStats {
    /// How many: for a worker, for their lane, or for the time of their next attempt.
    pub tasks: i64,
    /// How long the one that has been due longest waits; zero when none is due.
    pub oldest_wait: TimeDelta,
}

impl Ops {
    /// Looks at the queue and the pools.
    pub async fn system_load(&self) -> SystemLoad {
        let waiting = match tokio::time::timeout(TIMEOUT, self.queue_stats()).await {
            Ok(Ok(waiting)) => Some(waiting),
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn Error, "waiting tasks cannot be counted");
                None
            }
            Err(_elapsed) => {
                tracing::warn!("waiting tasks cannot be counted, for the database is busy");
                None
            }
        };
        let (unsynced, bucket_answers) = match self.files.bucket_health().await {
            Some(health) => {
                let unsynced = tokio::time::timeout(TIMEOUT, self.store.sync_backlog()).await;
                let answers = matches!(health, BucketHealth::Ok);
                (unsynced.ok().and_then(Result::ok), Some(answers))
            }
            None => (None, None),
        };
        let (connections, now) = (self.store.pool_statuses(), self.clock.now());
        SystemLoad {
            queue: waiting,
            connections,
            sync_backlog: unsynced,
            is_bucket_up: bucket_answers,
            measured_at: now,
        }
    }

    async fn queue_stats(&self) -> Result<QueueStats, AppError> {
        let tasks = self.store.count_pending_tasks(i64::MAX).await?;
        let due = self.store.next_due(DateTime::UNIX_EPOCH).await?;
        let oldest = due.map_or(TimeDelta::zero(), |due| self.clock.now() - due);
        Ok(QueueStats { tasks, oldest_wait: oldest.max(TimeDelta::zero()) })
    }
}
