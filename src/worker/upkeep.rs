//! What a process does beside its tasks: takes back those of processes that died, and sweeps up after kills.

use std::error::Error;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::Worker;
use crate::app::Cleaned;

/// How often to sweep.
const SWEEP: Duration = Duration::from_hours(1);

/// How often to look for files that are to be in the bucket.
const SYNC: Duration = Duration::from_secs(10);

/// How often to look for inputs past their time and for a disk that is too full.
const TIDY: Duration = Duration::from_mins(1);

/// Looks between two warnings of files that wait too long.
const WARN_EVERY: u32 = 30;

impl Worker {
    /// Takes back what the last process on a SQLite file was at when it ended. This comes before the first claim.
    pub(super) async fn take_over(&self) {
        self.logged("release leases", self.app.jobs().take_over()).await;
    }

    pub(super) async fn release_until_stopped(&self) {
        let mut tick = tokio::time::interval(Duration::from_secs(self.limits.lease_seconds) / 3);
        let release = async {
            loop {
                tick.tick().await;
                self.logged("release leases", self.app.jobs().release_expired()).await;
            }
        };
        tokio::select! {
            () = self.app.stopping().cancelled() => {}
            () = release => {}
        }
    }

    pub(super) async fn sweep_until_stopped(&self) {
        let mut tick = tokio::time::interval(SWEEP);
        let sweep = async {
            loop {
                tick.tick().await;
                self.logged("sweep", self.app.ops().sweep(self.app.started())).await;
            }
        };
        tokio::select! {
            () = self.app.stopping().cancelled() => {}
            () = sweep => {}
        }
    }

    /// Puts into the bucket what could not be put when it was made.
    pub(super) async fn sync_until_stopped(&self) {
        if !self.app.files().has_bucket() {
            return;
        }
        let mut tick = tokio::time::interval(SYNC);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let sync = async {
            let mut ticks = 0_u32;
            loop {
                tick.tick().await;
                self.logged("look at the bucket", self.app.files().forget_other_buckets()).await;
                self.logged("sync", self.app.files().sync(|_| ())).await;
                if ticks.is_multiple_of(WARN_EVERY) {
                    self.logged("look for old files", self.app.files().warn_of_old()).await;
                }
                ticks = ticks.wrapping_add(1);
            }
        };
        tokio::select! {
            () = self.app.stopping().cancelled() => {}
            () = sync => {}
        }
    }

    /// Removes inputs past their time, has the disk give up what is beyond its share, and asks for retention's turn.
    pub(super) async fn tidy_until_stopped(&self) {
        let mut tick = tokio::time::interval(TIDY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let tidy = async {
            loop {
                tick.tick().await;
                self.logged("remove inputs", self.app.files().clean_inputs()).await;
                let mut trimmed = Cleaned::default();
                self.logged("trim the cache", self.app.files().trim_cache(false, &mut trimmed))
                    .await;
                self.logged("purge context", self.app.clients().purge_context()).await;
                self.logged("order retention", self.app.ops().order_retention()).await;
                self.logged("order indexing", self.app.search().order_overdue_indexing()).await;
            }
        };
        tokio::select! {
            () = self.app.stopping().cancelled() => {}
            () = tidy => {}
        }
    }

    async fn logged<T, E: Error + 'static>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, E>>,
    ) {
        if let Err(error) = work.await {
            tracing::warn!(error = &error as &dyn Error, what, "upkeep failed; it is tried again");
        }
    }
}
