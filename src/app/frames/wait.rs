//! Waiting for a frame. Version 1 of the API orders a frame like version 2, and then waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::pictures::Pictures;
use super::stored::StoredStoryResponse;
use super::{AcceptedOrder, FrameDependencies};
use crate::app::config::Config;
use crate::app::jobs::StoredFailure;
use crate::app::stories::StoryResponse;
use crate::app::{AppError, ErrorKind};
use crate::domain::TaskStatus;
use crate::store::{Store, Task, TaskNotice};

/// Poll interval of the database. Polling is needed because a notice from another process may be lost.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Waits for the results of frame tasks.
#[derive(Debug)]
pub(super) struct FrameWaiter {
    store: Store,
    config: Arc<Config>,
    pictures: Arc<Pictures>,
    deadline: Duration,
    shutdown: CancellationToken,
}

/// The notices since a moment before a frame was ordered, so that the end of its task is not missed.
#[derive(Debug)]
pub struct FrameWait(Receiver<TaskNotice>);

impl FrameWaiter {
    pub(super) fn new(deps: &FrameDependencies, pictures: Arc<Pictures>) -> Self {
        let (store, shutdown) = (deps.store.clone(), deps.shutdown.clone());
        let config = Arc::clone(&deps.config);
        Self { store, config, pictures, deadline: deps.frame_deadline, shutdown }
    }

    /// Starts to take note of tasks that end. Call it before the frame is ordered.
    pub(super) fn start(&self) -> FrameWait {
        FrameWait(self.store.subscribe())
    }

    /// Waits for the result of an ordered frame's task. During a blackout, the frame is kept and a black one returned.
    ///
    /// # Errors
    ///
    /// The task's own failure; [`ErrorKind::Deadline`] if the task takes too long, and [`ErrorKind::Unavailable`] if
    /// the process stops first. In the last two cases the task continues.
    pub(super) async fn wait_for(
        &self,
        ordered: AcceptedOrder,
        wait: FrameWait,
    ) -> Result<StoryResponse, AppError> {
        let deadline = Instant::now() + self.deadline;
        let FrameWait(mut notices) = wait;
        let AcceptedOrder { task_id, is_pending, .. } = ordered;
        let mut may_have_ended = !is_pending || self.shutdown.is_cancelled();
        loop {
            if may_have_ended {
                match self.poll_task(task_id).await? {
                    TaskProgress::Finished(result) => return *result,
                    TaskProgress::Pending if self.shutdown.is_cancelled() => {
                        let detail = "Calliope is restarting; the frame will be told after that, so read the story in a moment.";
                        return Err(AppError::new(ErrorKind::Unavailable, detail));
                    }
                    TaskProgress::Pending | TaskProgress::Running => {}
                }
            }
            may_have_ended = true;
            if Instant::now() >= deadline {
                let detail = "The frame takes too long; it is still being told, so read the story in a moment.";
                return Err(AppError::new(ErrorKind::Deadline, detail));
            }
            let next_poll = deadline.min(Instant::now() + POLL_INTERVAL);
            tokio::select! {
                () = TaskNotice::recv_ended(&mut notices, task_id) => {}
                () = tokio::time::sleep_until(next_poll) => {}
                () = self.shutdown.cancelled(), if !self.shutdown.is_cancelled() => {}
            }
        }
    }

    async fn poll_task(&self, task_id: Uuid) -> Result<TaskProgress, AppError> {
        let Some(task) = self.store.task(task_id).await? else {
            return Err(AppError::new(ErrorKind::NotFound, "The frame's task is gone."));
        };
        let result = match task.status {
            TaskStatus::Pending => return Ok(TaskProgress::Pending),
            TaskStatus::Running => return Ok(TaskProgress::Running),
            TaskStatus::Completed => self.read_answer(task).await,
            TaskStatus::Failed => Err(StoredFailure::from_value(task.error)?.into()),
            TaskStatus::Cancelled => {
                Err(AppError::new(ErrorKind::Conflict, "The frame was cancelled."))
            }
        };
        Ok(TaskProgress::Finished(Box::new(result)))
    }

    /// Returns the answer of a completed task. A frame that was ordered before a blackout must not light the screen up.
    async fn read_answer(&self, task: Task) -> Result<StoryResponse, AppError> {
        let mut answer = StoryResponse::from(StoredStoryResponse::from_value(task.result)?);
        let Some(client_id) = &task.client_id else { return Ok(answer) };
        if self.config.levels(client_id).await?.is_black() {
            for frame in &mut answer.frames {
                *frame = self.pictures.blacken(frame.clone()).await?;
            }
        }
        Ok(answer)
    }
}

/// The state of a frame's task.
enum TaskProgress {
    Pending,
    Running,
    Finished(Box<Result<StoryResponse, AppError>>),
}
