//! The periodic work of a process besides its tasks: releases expired leases, removes orphans, uploads files to the
//! bucket, and maintains the local disk.

use std::error::Error;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior};

use super::Worker;
use crate::app::CleanupSummary;

/// Time between two searches for orphans.
const ORPHAN_INTERVAL: Duration = Duration::from_hours(1);

/// Time between two uploads of files that are not in the bucket yet.
const SYNC_INTERVAL: Duration = Duration::from_secs(10);

/// Time between two renewals of the row that tells other instances that this one runs.
const ANNOUNCEMENT_INTERVAL: Duration = Duration::from_secs(10);

/// Time between two removals of expired inputs and evictions from the local cache.
const MAINTENANCE_INTERVAL: Duration = Duration::from_mins(1);

/// Number of sync ticks between two warnings about files that wait too long for their upload.
const TICKS_PER_WARNING: u32 = 30;

impl Worker {
    /// Releases the tasks that an earlier process left running. This must run before the first claim.
    pub(super) async fn release_abandoned(&self) {
        self.log_error("release leases", self.app.jobs().release_abandoned()).await;
    }

    /// Releases expired leases. After this process was frozen, its own leases are expired too, so the tasks that still run
    /// get the time until the next tick to renew theirs.
    pub(super) async fn release_expired_until_stopped(&self) {
        let period = Duration::from_secs(self.limits.lease_seconds) / 3;
        let mut tick = tokio::time::interval(period);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let release = async {
            let mut last = Instant::now();
            loop {
                tick.tick().await;
                let was_frozen = last.elapsed() > period * 2;
                last = Instant::now();
                if !was_frozen {
                    self.log_error("release leases", self.app.jobs().release_expired()).await;
                }
            }
        };
        tokio::select! {
            () = self.app.shutdown().cancelled() => {}
            () = release => {}
        }
    }

    pub(super) async fn remove_orphans_until_stopped(&self) {
        let mut tick = tokio::time::interval(ORPHAN_INTERVAL);
        let remove = async {
            loop {
                tick.tick().await;
                let maintenance = self.app.ops().run_maintenance(self.app.started_at());
                self.log_error("remove orphans", maintenance).await;
                let in_bucket = self.app.files().remove_input_orphans();
                self.log_error("remove orphans in the bucket", in_bucket).await;
            }
        };
        tokio::select! {
            () = self.app.shutdown().cancelled() => {}
            () = remove => {}
        }
    }

    /// Tells other instances that this one runs, until it stops. Without a bucket, warns if they do not share its folders.
    pub(super) async fn announce_until_stopped(&self) {
        let files = self.app.files();
        let mut tick = tokio::time::interval(ANNOUNCEMENT_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let announce = async {
            let (mut has_others, mut is_warned) = (false, false);
            loop {
                tick.tick().await;
                let others = files.announce_instance().await.unwrap_or_default();
                if others > 0 && !has_others && !files.has_bucket() {
                    tracing::warn!(
                        others,
                        "other instances use this database; without a bucket, all instances must share their folders"
                    );
                }
                has_others = others > 0;
                let unshared = if has_others { files.unshared_folder().await } else { Ok(None) };
                let unshared = unshared.ok().flatten();
                if let Some(folder) = unshared.as_ref().filter(|_| !is_warned) {
                    let (folder, path) = (folder.name, folder.path.display());
                    tracing::warn!(
                        folder,
                        %path,
                        "folder is not shared with the other instances; set CLOUD_ENV and CALLIOPE_BUCKET_NAME to use a bucket"
                    );
                }
                is_warned = unshared.is_some();
            }
        };
        tokio::select! {
            () = self.app.shutdown().cancelled() => {}
            () = announce => {}
        }
    }

    /// Removes this machine's copies of files that other instances remove.
    pub(super) async fn remove_with_others_until_stopped(&self) {
        tokio::select! {
            () = self.app.shutdown().cancelled() => {}
            () = self.app.files().remove_with_other_instances() => {}
        }
    }

    /// Uploads files to the bucket that could not be uploaded when they were written.
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
                let check = self.app.files().reset_sync_after_bucket_change();
                self.log_error("check the bucket", check).await;
                self.log_error("sync", self.app.files().sync(|_| ())).await;
                if ticks.is_multiple_of(TICKS_PER_WARNING) {
                    self.log_error("check sync lag", self.app.files().warn_about_sync_lag()).await;
                }
                ticks = ticks.wrapping_add(1);
            }
        };
        tokio::select! {
            () = self.app.shutdown().cancelled() => {}
            () = sync => {}
        }
    }

    /// Removes expired inputs and context, evicts files from the local cache, and enqueues retention and overdue
    /// indexing.
    pub(super) async fn maintain_until_stopped(&self) {
        let mut tick = tokio::time::interval(MAINTENANCE_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let maintain = async {
            loop {
                tick.tick().await;
                self.log_error("remove inputs", self.app.files().remove_expired_inputs()).await;
                let mut evicted = CleanupSummary::default();
                self.log_error("evict files", self.app.files().evict_cache(false, &mut evicted))
                    .await;
                self.log_error("delete context", self.app.clients().delete_expired_context()).await;
                self.log_error("enqueue retention", self.app.ops().enqueue_retention()).await;
                self.log_error("enqueue indexing", self.app.search().enqueue_overdue_indexing())
                    .await;
            }
        };
        tokio::select! {
            () = self.app.shutdown().cancelled() => {}
            () = maintain => {}
        }
    }

    async fn log_error<T, E: Error + 'static>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, E>>,
    ) {
        if let Err(error) = work.await {
            let error = &error as &dyn Error;
            tracing::warn!(error, what, "maintenance failed; trying again later");
        }
    }
}
