//! Keeping a lease while a task runs, and saying where the task is.

use std::error::Error;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Worker;
use crate::store::{Announcement, Lease, LeaseError};

/// How long a step must last before it is worth a row: a frame of a few milliseconds writes none.
const WORTH_A_ROW: Duration = Duration::from_millis(200);

impl Worker {
    /// Returns when the lease is lost.
    pub(super) async fn hold_lease(
        &self,
        lease: &Lease,
        watched: watch::Receiver<Option<&'static str>>,
    ) {
        let lasts = Duration::from_secs(self.limits.lease_seconds);
        let (mut kept_at, mut noted) = (Instant::now(), None);
        let mut news = self.app.jobs().announcements();
        loop {
            let is_ended = tokio::select! {
                () = tokio::time::sleep(WORTH_A_ROW.min(lasts / 4)) => false,
                // Someone cancelled it, perhaps.
                () = Announcement::ended(&mut news, lease.task().id) => true,
            };
            let step = *watched.borrow();
            if step == noted && kept_at.elapsed() < lasts / 3 && !is_ended {
                continue;
            }
            match self.app.jobs().extend(lease, step, step != noted).await {
                Ok(()) => (kept_at, noted) = (Instant::now(), step),
                Err(LeaseError::Lost(_)) => return,
                Err(LeaseError::Store(error)) => {
                    let error = &error as &dyn Error;
                    tracing::warn!(error, "a lease could not be kept");
                    if kept_at.elapsed() >= lasts {
                        return;
                    }
                }
            }
        }
    }
}
