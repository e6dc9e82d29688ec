//! The door for background work: claims tasks, runs each under a lease, and ends each with an explicit retry or
//! failure when its use case did not end it. It decides nothing about the work itself.

mod lease;
mod run;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::settings::Tasks;
use crate::store::{Announcement, Lease};

/// How often to look for tasks without being told: news from another process may be lost.
const LOOK: Duration = Duration::from_secs(1);

/// The tasks of one process.
#[derive(Debug, Clone)]
pub struct Worker {
    app: Arc<App>,
    limits: Tasks,
    /// Says that what still runs must be put back.
    halt: CancellationToken,
    running: TaskTracker,
}

impl Worker {
    /// A worker that has not begun; `limits` bound its work.
    #[must_use]
    pub fn new(app: Arc<App>, limits: Tasks) -> Self {
        let (halt, running) = (CancellationToken::new(), TaskTracker::new());
        Self { app, limits, halt, running }
    }

    /// Works until the app stops, then waits `drain` for what still runs, then puts the rest back.
    pub async fn run(self, drain: Duration) {
        self.take_over().await;
        tokio::join!(
            self.claim_until_stopped(),
            self.release_until_stopped(),
            self.sweep_until_stopped(),
            self.sync_until_stopped(),
            self.tidy_until_stopped()
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
        let turns = Arc::new(Semaphore::new(self.limits.concurrency));
        let mut news = self.app.jobs().announcements();
        while let Some(turn) = self.next_turn(&turns).await {
            // What was announced so far is what the claim below looks for.
            while !matches!(news.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
            match self.app.jobs().claim().await {
                Ok(Some(lease)) => self.start(lease, turn),
                Ok(None) => self.wait_for_work(&mut news).await,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "no task can be claimed"
                    );
                    self.wait(LOOK).await;
                }
            }
        }
    }

    /// `None` once the app stops.
    async fn next_turn(&self, turns: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.app.stopping().cancelled() => None,
            turn = Arc::clone(turns).acquire_owned() => turn.ok(),
        }
    }

    fn start(&self, lease: Lease, turn: OwnedSemaphorePermit) {
        let worker = self.clone();
        self.running.spawn(async move {
            worker.run_task(&lease).await;
            drop(turn);
        });
    }

    /// Returns when a task may be ready.
    async fn wait_for_work(&self, news: &mut Receiver<Announcement>) {
        let until_due = self.app.jobs().next_due().await.ok().flatten().unwrap_or(LOOK);
        let look_at = Instant::now() + until_due.min(LOOK);
        let ready = async {
            // Anything but other news is a reason to look, lost news above all.
            use Announcement::{EventLogged, TaskEnded};
            while let Ok(TaskEnded(_) | EventLogged) = news.recv().await {}
        };
        tokio::select! {
            () = self.app.stopping().cancelled() => {}
            () = ready => {}
            () = tokio::time::sleep_until(look_at) => {}
        }
    }

    async fn wait(&self, time: Duration) {
        let _ = tokio::time::timeout(time, self.app.stopping().cancelled()).await;
    }
}
