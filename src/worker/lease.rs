//! Renewing a task's lease while it runs, and recording its current step.

use std::error::Error;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Worker;
use crate::store::{Lease, LeaseError, TaskNotice};

/// Minimum duration of a step that is recorded. A frame that takes a few milliseconds records none.
const MIN_RECORDED_STEP: Duration = Duration::from_millis(200);

impl Worker {
    /// Renews the lease, and records each new step, until the lease is lost.
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
                // Another process may have cancelled the task.
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
                    tracing::warn!(error, "lease could not be renewed");
                    if renewed_at.elapsed() >= duration {
                        return;
                    }
                }
            }
        }
    }
}
