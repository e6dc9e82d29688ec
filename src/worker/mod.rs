//! The door for background work: claims tasks, runs each under a lease, and ends each with an explicit retry or
//! failure when its use case did not end it. It decides nothing about the work itself.

mod lease;
mod maintenance;
mod run;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::settings::TaskSettings;
use crate::store::{Lease, TaskNotice};

/// How often to look for tasks without being told: news from another process may be lost.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The tasks of one process.
#[derive(Debug, Clone)]
pub struct Worker {
    app: Arc<App>,
    limits: TaskSettings,
    /// Says that what still runs must be put back.
    halt: CancellationToken,
    running: TaskTracker,
}

impl Worker {
    /// A worker that has not begun; `limits` bound its work.
    #[must_use]
    pub fn new(app: Arc<App>, limits: TaskSettings) -> Self {
        let (halt, running) = (CancellationToken::new(), TaskTracker::new());
        Self { app, limits, halt, running }
    }

    /// Works until the app stops, then waits `drain` for what still runs, then puts the rest back.
    pub async fn run(self, drain: Duration) {
        self.release_abandoned().await;
        tokio::join!(
            self.claim_until_stopped(),
            self.release_expired_until_stopped(),
            self.remove_orphans_until_stopped(),
            self.sync_until_stopped(),
            self.maintain_until_stopped()
        );
        self.running.close();
        if tokio::time::timeout(drain, self.running.wait()).await.is_err() {
            tracing::warn!(
                tasks = self.running.len(),
                "tasks are put back, for they take too long"
            );
            self.halt.cancel();
            self.running.wait().await;
        }
    }

    async fn claim_until_stopped(&self) {
        let permits = Arc::new(Semaphore::new(self.limits.concurrency));
        let mut notices = self.app.jobs().subscribe();
        while let Some(permit) = self.acquire_permit(&permits).await {
            // What was announced so far is what the claim below looks for.
            while !matches!(notices.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
            match self.app.jobs().claim().await {
                Ok(Some(lease)) => self.spawn_task(lease, permit),
                Ok(None) => self.wait_for_work(&mut notices).await,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "no task can be claimed"
                    );
                    self.sleep_until_stopped(POLL_INTERVAL).await;
                }
            }
        }
    }

    /// `None` once the app stops.
    async fn acquire_permit(&self, permits: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.app.shutdown().cancelled() => None,
            permit = Arc::clone(permits).acquire_owned() => permit.ok(),
        }
    }

    fn spawn_task(&self, lease: Lease, permit: OwnedSemaphorePermit) {
        let worker = self.clone();
        self.running.spawn(async move {
            worker.run_task(&lease).await;
            drop(permit);
        });
    }

    /// Returns when a task may be ready.
    async fn wait_for_work(&self, notices: &mut Receiver<TaskNotice>) {
        let until_due =
            self.app.jobs().time_until_next_due().await.ok().flatten().unwrap_or(POLL_INTERVAL);
        let look_at = Instant::now() + until_due.min(POLL_INTERVAL);
        let ready = async {
            // Anything but other news is a reason to look, lost news above all.
            use TaskNotice::{EventLogged, TaskEnded};
            while let Ok(TaskEnded(_) | EventLogged) = notices.recv().await {}
        };
        tokio::select! {
            () = self.app.shutdown().cancelled() => {}
            () = ready => {}
            () = tokio::time::sleep_until(look_at) => {}
        }
    }

    async fn sleep_until_stopped(&self, time: Duration) {
        let _ = tokio::time::timeout(time, self.app.shutdown().cancelled()).await;
    }
}
