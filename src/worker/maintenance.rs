//! What a process does beside its tasks: takes back those of processes that died, and sweeps up after kills.

use std::error::Error;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::Worker;
use crate::app::CleanupSummary;

/// How often to sweep.
const ORPHAN_INTERVAL: Duration = Duration::from_hours(1);

/// How often to look for files that are to be in the bucket.
const SYNC_INTERVAL: Duration = Duration::from_secs(10);

/// How often to look for inputs past their time and for a disk that is too full.
const MAINTENANCE_INTERVAL: Duration = Duration::from_mins(1);

/// Looks between two warnings of files that wait too long.
const TICKS_PER_WARNING: u32 = 30;

impl Worker {
    /// Takes back what the last process on a SQLite file was at when it ended. This comes before the first claim.
    pub(super) async fn release_abandoned(&self) {
        self.log_error("release leases", self.app.jobs().release_abandoned()).await;
    }

    pub(super) async fn release_expired_until_stopped(&self) {
        let mut tick = tokio::time::interval(Duration::from_secs(self.limits.lease_seconds) / 3);
        let release = async {
            loop {
                tick.tick().await;
                self.log_error("release leases", self.app.jobs().release_expired()).await;
            }
        };
        tokio::select! {
            () = self.app.shutdown().cancelled() => {}
            () = release => {}
        }
    }

    pub(super) async fn remove_orphans_until_stopped(&self) {
        let mut tick = tokio::time::interval(ORPHAN_INTERVAL);
        let sweep = async {
            loop {
                tick.tick().await;
                self.log_error("sweep", self.app.ops().run_maintenance(self.app.started_at()))
                    .await;
            }
        };
        tokio::select! {
            () = self.app.shutdown().cancelled() => {}
            () = sweep => {}
        }
    }

    /// Puts into the bucket what could not be put when it was made.
    pub(super) async fn sync_until_stopped(&self) {
        if !self.app.files().has_bucket() {
            return;
        }
        let mut tick = tokio::time::interval(SYNC_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let sync = async {
            let mut ticks = 0_u32;
            loop {
                tick.tick().await;
                self.log_error(
                    "look at the bucket",
                    self.app.files().reset_sync_after_bucket_change(),
                )
                .await;
                self.log_error("sync", self.app.files().sync(|_| ())).await;
                if ticks.is_multiple_of(TICKS_PER_WARNING) {
                    self.log_error("look for old files", self.app.files().warn_about_sync_lag())
                        .await;
                }
                ticks = ticks.wrapping_add(1);
            }
        };
        tokio::select! {
            () = self.app.shutdown().cancelled() => {}
            () = sync => {}
        }
    }

    /// Removes inputs past their time, has the disk give up what is beyond its share, and asks for retention's turn.
    pub(super) async fn maintain_until_stopped(&self) {
        let mut tick = tokio::time::interval(MAINTENANCE_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let tidy = async {
            loop {
                tick.tick().await;
                self.log_error("remove inputs", self.app.files().remove_expired_inputs()).await;
                let mut trimmed = CleanupSummary::default();
                self.log_error("trim the cache", self.app.files().evict_cache(false, &mut trimmed))
                    .await;
                self.log_error("purge context", self.app.clients().delete_expired_context()).await;
                self.log_error("order retention", self.app.ops().enqueue_retention()).await;
                self.log_error("order indexing", self.app.search().enqueue_overdue_indexing())
                    .await;
            }
        };
        tokio::select! {
            () = self.app.shutdown().cancelled() => {}
            () = tidy => {}
        }
    }

    async fn log_error<T, E: Error + 'static>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, E>>,
    ) {
        if let Err(error) = work.await {
            tracing::warn!(error = &error as &dyn Error, what, "upkeep failed; it is tried again");
        }
    }
}
