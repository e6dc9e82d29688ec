//! How much there is to do, and on what: read when someone asks, so that nothing runs for it in between.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Ops;
use crate::app::AppError;
use crate::app::files::BucketHealth;
use crate::store::{Connections, Unsynced};

/// How long to wait for the database: whoever asks for numbers wants to know, above all, when it hangs.
const PATIENCE: Duration = Duration::from_secs(2);

/// What there is to do, and on what.
#[derive(Debug)]
pub struct Load {
    /// `None` when the database does not tell.
    pub waiting: Option<Waiting>,
    /// The database's pools.
    pub connections: Vec<Connections>,
    /// Files on their way into the bucket; `None` where there is no bucket, or the database does not tell.
    pub unsynced: Option<Unsynced>,
    /// Whether the bucket answers as it should; `None` where there is none.
    pub bucket_answers: Option<bool>,
    /// The time by which the oldest are old.
    pub now: DateTime<Utc>,
}

/// Tasks that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How many: for a worker, for their lane, or for the time of their next attempt.
    pub tasks: i64,
    /// How long the one that has been due longest waits; zero when none is due.
    pub oldest: TimeDelta,
}

impl Ops {
    /// Looks at the queue and the pools.
    pub async fn load(&self) -> Load {
        let waiting = match tokio::time::timeout(PATIENCE, self.waiting()).await {
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
                let unsynced = tokio::time::timeout(PATIENCE, self.store.unsynced()).await;
                let answers = matches!(health, BucketHealth::Ok);
                (unsynced.ok().and_then(Result::ok), Some(answers))
            }
            None => (None, None),
        };
        let (connections, now) = (self.store.connections(), self.clock.now());
        Load { waiting, connections, unsynced, bucket_answers, now }
    }

    async fn waiting(&self) -> Result<Waiting, AppError> {
        let tasks = self.store.waiting_tasks(i64::MAX).await?;
        let due = self.store.next_due(DateTime::UNIX_EPOCH).await?;
        let oldest = due.map_or(TimeDelta::zero(), |due| self.clock.now() - due);
        Ok(Waiting { tasks, oldest: oldest.max(TimeDelta::zero()) })
    }
}
