//! The entry point for background work. It claims tasks, runs each under a lease, and records a retry or failure if the
//! use case did not complete the task. It decides nothing about the work itself.

mod lease;
mod maintenance;
mod run;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::app::jobs::NextTask;
use crate::settings::TaskSettings;
use crate::store::{Lease, TaskKinds, TaskNotice};

/// Poll interval for due tasks. Polling is needed because a notice from another process may be lost.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Claims and runs the tasks of one process.
#[derive(Debug, Clone)]
pub struct Worker {
    app: Arc<App>,
    limits: TaskSettings,
    /// Cancelled to return the tasks that still run to the queue.
    halt: CancellationToken,
    running: TaskTracker,
}

impl Worker {
    /// Creates a worker that is not running yet.
    #[must_use]
    pub fn new(app: Arc<App>, limits: TaskSettings) -> Self {
        let (halt, running) = (CancellationToken::new(), TaskTracker::new());
        Self { app, limits, halt, running }
    }

    /// Runs tasks until the app stops. Then waits up to `drain` for the running tasks, and returns the rest to the
    /// queue.
    pub async fn run(self, drain: Duration) {
        self.release_abandoned().await;
        tokio::join!(
            self.claim_until_stopped(),
            self.release_expired_until_stopped(),
            self.remove_orphans_until_stopped(),
            self.sync_until_stopped(),
            self.maintain_until_stopped(),
            self.announce_until_stopped(),
            self.remove_with_others_until_stopped()
        );
        self.running.close();
        if tokio::time::timeout(drain, self.running.wait()).await.is_err() {
            let tasks = self.running.len();
            tracing::warn!(tasks, "tasks did not end in time; returning them to the queue");
            self.halt.cancel();
            self.running.wait().await;
        }
        if let Err(error) = self.app.files().withdraw_instance().await {
            let error = &error as &dyn Error;
            tracing::debug!(error, "other instances notice later that this one stopped");
        }
    }

    /// Claims and starts tasks. At most half of those that run at once are tasks that nobody waits for, so that an
    /// embedder that does not answer, or a thousand uploads, keep no frame waiting.
    async fn claim_until_stopped(&self) {
        let permits = Arc::new(Semaphore::new(self.limits.concurrency));
        let unawaited = Arc::new(Semaphore::new((self.limits.concurrency / 2).max(1)));
        let mut notices = self.app.jobs().subscribe();
        let mut is_announced = false;
        while let Some(permit) = self.acquire_permit(&permits).await {
            self.app.jobs().set_idle(true);
            // The claim below finds everything that was announced so far, so drop those notices.
            while !matches!(notices.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
            let has_room = unawaited.available_permits() > 0;
            let kinds = if has_room { TaskKinds::All } else { TaskKinds::Awaited };
            match self.app.jobs().next_task(kinds, std::mem::take(&mut is_announced)).await {
                Ok(NextTask::Claimed(lease)) => {
                    self.app.jobs().set_idle(permits.available_permits() > 0);
                    let is_awaited = lease.task().kind.is_awaited();
                    // Only this loop takes permits, so there still is one.
                    let share =
                        (!is_awaited).then(|| Arc::clone(&unawaited).try_acquire_owned().ok());
                    self.spawn_task(*lease, (permit, share.flatten()));
                }
                Ok(NextTask::Wait { due_in, is_blocked }) => {
                    tokio::select! {
                        told = self.wait_for_work(&mut notices, due_in, is_blocked) => is_announced = told,
                        _ = unawaited.acquire(), if !has_room => {}
                    }
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn Error, "tasks cannot be claimed");
                    self.sleep_until_stopped(POLL_INTERVAL).await;
                }
            }
        }
        self.app.jobs().set_idle(false);
    }

    /// Waits until the worker may run another task; `None` once the app stops.
    async fn acquire_permit(&self, permits: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.app.shutdown().cancelled() => None,
            permit = Arc::clone(permits).acquire_owned() => permit.ok(),
        }
    }

    fn spawn_task(
        &self,
        lease: Lease,
        permits: (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
    ) {
        let worker = self.clone();
        self.running.spawn(async move {
            // Boxed because the future is large.
            Box::pin(worker.run_task(&lease)).await;
            drop(permits);
        });
    }

    /// Waits until a task may be ready, for at most [`POLL_INTERVAL`], or until the app stops. Returns whether this process
    /// announced a task.
    async fn wait_for_work(
        &self,
        notices: &mut Receiver<TaskNotice>,
        due_in: Option<Duration>,
        is_blocked: bool,
    ) -> bool {
        let next_poll = Instant::now() + due_in.unwrap_or(POLL_INTERVAL).min(POLL_INTERVAL);
        let ready = async {
            loop {
                match notices.recv().await {
                    Ok(TaskNotice::TaskEnded(_) | TaskNotice::EventLogged) => {}
                    Ok(TaskNotice::LaneFree) if !is_blocked => {}
                    Ok(TaskNotice::TaskReady) => return true,
                    Ok(TaskNotice::LaneFree | TaskNotice::RemoteTaskReady) | Err(_) => {
                        return false;
                    }
                }
            }
        };
        tokio::select! {
            () = self.app.shutdown().cancelled() => false,
            is_announced = ready => is_announced,
            () = tokio::time::sleep_until(next_poll) => false,
        }
    }

    async fn sleep_until_stopped(&self, time: Duration) {
        let _ = tokio::time::timeout(time, self.app.shutdown().cancelled()).await;
    }
}
