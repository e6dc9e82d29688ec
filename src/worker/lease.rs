//! Keeping a lease while a task runs, and saying where the task is.

use std::error::Error;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Worker;
use crate::store::{Lease, LeaseError, TaskNotice};

/// How long a step must last before it is worth a row: a frame of a few milliseconds writes none.
const MIN_RECORDED_STEP: Duration = Duration::from_millis(200);

impl Worker {
    /// Returns when the lease is lost.
    pub(super) async fn renew_lease(
        &self,
        lease: &Lease,
        receiver: watch::Receiver<Option<&'static str>>,
    ) {
        let duration = Duration::from_secs(self.limits.lease_seconds);
        let (mut renewed_at, mut recorded) = (Instant::now(), None);
        let mut notices = self.app.jobs().subscribe();
        loop {
            let is_ended = tokio::select! {
                () = tokio::time::sleep(MIN_RECORDED_STEP.min(duration / 4)) => false,
                // Someone cancelled it, perhaps.
                () = TaskNotice::recv_ended(&mut notices, lease.task().id) => true,
            };
            let step = *receiver.borrow();
            if step == recorded && renewed_at.elapsed() < duration / 3 && !is_ended {
                continue;
            }
            match self.app.jobs().extend(lease, step, step != recorded).await {
                Ok(()) => (renewed_at, recorded) = (Instant::now(), step),
                Err(LeaseError::Lost(_)) => return,
                Err(LeaseError::Store(error)) => {
                    let error = &error as &dyn Error;
                    tracing::warn!(error, "a lease could not be kept");
                    if renewed_at.elapsed() >= duration {
                        return;
                    }
                }
            }
        }
    }
}
