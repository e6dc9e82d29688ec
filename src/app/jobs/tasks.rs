//! Tasks in the API: reading, listing, cancelling and retrying them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Jobs;
use crate::app::{Actor, AppError, ErrorKind, Page};
use crate::domain::{TaskKind, TaskStatus};
use crate::store::{Task, TaskFilter};

/// A unit of durable background work.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskView {
    /// Id of the task.
    pub task_id: Uuid,
    /// Kind of work, for example `tell_frame` or `illustrate_frame`.
    #[schema(value_type = String)]
    pub task_type: TaskKind,
    /// Status: `pending`, `running`, `completed`, `failed` or `cancelled`.
    #[schema(value_type = String)]
    pub status: TaskStatus,
    /// Current step of a running task, for example `illustrate`; `null` if it has recorded none.
    pub step: Option<String>,
    /// Number of times that a worker started the task.
    pub attempts: i32,
    /// Id of the client that the task is for; `null` if it is for no client.
    pub client_id: Option<String>,
    /// Id of the story that the task is for; `null` if it is for no story.
    pub story_id: Option<Uuid>,
    /// When the task was enqueued.
    pub created_at: DateTime<Utc>,
    /// When a worker first started the task; `null` if none has yet.
    pub started_at: Option<DateTime<Utc>>,
    /// When the task ended; `null` if it has not ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// Result of a completed task, by kind of task; `null` before completion.
    #[schema(value_type = Value)]
    pub result: Option<Value>,
    /// Reason why the last attempt failed, as one sentence; `null` if no attempt failed.
    pub error: Option<String>,
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        Self {
            task_id: task.id,
            task_type: task.kind,
            status: task.status,
            step: task.step,
            attempts: task.attempts,
            client_id: task.client_id,
            story_id: task.story_id,
            created_at: task.date_created,
            started_at: task.date_started,
            completed_at: task.date_completed,
            result: task.result,
            error: failure_detail(task.error.as_ref()),
        }
    }
}

/// Returns the sentence for people of a stored failure.
pub(in crate::app) fn failure_detail(error: Option<&Value>) -> Option<String> {
    error?.get("detail")?.as_str().map(str::to_owned)
}

impl Jobs {
    /// Returns a task of a client that the actor may act for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is no such task, or the actor may not act for its client.
    pub async fn task(&self, actor: Actor<'_>, id: &str) -> Result<TaskView, AppError> {
        self.find_permitted_task(actor, id).await.map(TaskView::from)
    }

    /// Lists the tasks that match the filter, newest first.
    pub async fn list_tasks(
        &self,
        filter: TaskFilter<'_>,
        limit: i64,
    ) -> Result<Page<TaskView, Uuid>, AppError> {
        let rows = self.store.tasks(filter, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |task| task.id))
    }

    /// Cancels a task that has not ended.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] as for [`Jobs::task`]; [`ErrorKind::Conflict`] if the task has ended.
    pub async fn cancel_task(&self, actor: Actor<'_>, id: &str) -> Result<TaskView, AppError> {
        let task = self.find_permitted_task(actor, id).await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let Some(task) = tx.cancel_task(task.id, now).await? else {
            let detail = "The task has ended already; there is nothing to cancel.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        };
        tx.save().await?;
        Ok(task.into())
    }

    /// Returns a failed or cancelled task to the queue.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] as for [`Jobs::task`]; [`ErrorKind::Conflict`] if the task neither failed nor was
    /// cancelled; [`ErrorKind::Busy`] if the queue is full.
    pub async fn retry_task(&self, actor: Actor<'_>, id: &str) -> Result<TaskView, AppError> {
        let task = self.find_permitted_task(actor, id).await?;
        self.check_capacity(task.client_id.as_deref()).await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let Some(task) = tx.restart_task(task.id, now).await? else {
            let detail = "Only a task that failed or was cancelled can be tried again.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        };
        tx.save().await?;
        Ok(task.into())
    }

    async fn find_permitted_task(&self, actor: Actor<'_>, id: &str) -> Result<Task, AppError> {
        let task_not_found =
            || AppError::new(ErrorKind::NotFound, "There is no such task; check its id.");
        let id: Uuid = id.parse().map_err(|_| task_not_found())?;
        let task = self.store.task(id).await?.ok_or_else(task_not_found)?;
        let is_permitted = match &task.client_id {
            Some(client_id) => actor.principal.can_act_for(client_id),
            None => actor.principal.is_admin(),
        };
        if is_permitted { Ok(task) } else { Err(task_not_found()) }
    }
}
