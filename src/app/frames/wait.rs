//! Waiting for a frame: v1 is v2 and a wait.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::FrameDependencies;
use super::stored::StoredStoryResponse;
use crate::app::jobs::StoredFailure;
use crate::app::stories::StoryResponse;
use crate::app::{AppError, ErrorKind};
use crate::domain::TaskStatus;
use crate::store::{Store, TaskNotice};

/// How often to look without being told: news from another process may be lost.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Waits for frames that were ordered.
#[derive(Debug)]
pub(super) struct FrameWaiter {
    store: Store,
    deadline: Duration,
    stopping: CancellationToken,
}

impl FrameWaiter {
    pub(super) fn new(deps: &FrameDependencies) -> Self {
        let (store, stopping) = (deps.store.clone(), deps.stopping.clone());
        Self { store, deadline: deps.frame_deadline, stopping }
    }

    /// The answer of a frame task, when it has one.
    ///
    /// # Errors
    ///
    /// What the task failed with; [`ErrorKind::Deadline`] when it takes too long, [`ErrorKind::Unavailable`] when
    /// the process stops first. The task goes on all the same.
    pub(super) async fn wait_for(&self, task_id: Uuid) -> Result<StoryResponse, AppError> {
        let deadline = Instant::now() + self.deadline;
        // To listen comes before to look, or an end in between would be missed.
        let mut news = self.store.subscribe();
        loop {
            match self.poll_task(task_id).await? {
                TaskProgress::Finished(ended) => return *ended,
                TaskProgress::Pending if self.stopping.is_cancelled() => {
                    let detail = "Calliope is restarting; the frame will be told after that, so read the story in a moment.";
                    return Err(AppError::new(ErrorKind::Unavailable, detail));
                }
                TaskProgress::Pending | TaskProgress::Running => {}
            }
            if Instant::now() >= deadline {
                let detail = "The frame takes too long; it is still being told, so read the story in a moment.";
                return Err(AppError::new(ErrorKind::Deadline, detail));
            }
            let look_at = deadline.min(Instant::now() + POLL_INTERVAL);
            tokio::select! {
                () = TaskNotice::recv_ended(&mut news, task_id) => {}
                () = tokio::time::sleep_until(look_at) => {}
                () = self.stopping.cancelled(), if !self.stopping.is_cancelled() => {}
            }
        }
    }

    async fn poll_task(&self, task_id: Uuid) -> Result<TaskProgress, AppError> {
        let Some(task) = self.store.task(task_id).await? else {
            return Err(AppError::new(ErrorKind::NotFound, "The frame's task is gone."));
        };
        let ended = match task.status {
            TaskStatus::Pending => return Ok(TaskProgress::Pending),
            TaskStatus::Running => return Ok(TaskProgress::Running),
            TaskStatus::Completed => Ok(StoredStoryResponse::from_value(task.result)?.into()),
            TaskStatus::Failed => Err(StoredFailure::from_value(task.error)?.into()),
            TaskStatus::Cancelled => {
                Err(AppError::new(ErrorKind::Conflict, "The frame was called off."))
            }
        };
        Ok(TaskProgress::Finished(Box::new(ended)))
    }
}

/// How a frame's task stands.
enum TaskProgress {
    Pending,
    Running,
    Finished(Box<Result<StoryResponse, AppError>>),
}
