//! Tasks as people look at them, and what people do with them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Jobs;
use crate::app::{Actor, AppError, ErrorKind, Page};
use crate::domain::{TaskKind, TaskStatus};
use crate::store::{Task, TaskFilter};

/// A task.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskView {
    /// Its id.
    pub task_id: Uuid,
    /// What it does: `tell_frame`, `illustrate_frame`, …
    #[schema(value_type = String)]
    pub task_type: TaskKind,
    /// `pending`, `running`, `completed`, `failed` or `cancelled`.
    #[schema(value_type = String)]
    pub status: TaskStatus,
    /// Where a running one is.
    pub step: Option<String>,
    /// How often it was begun.
    pub attempts: i32,
    /// For whom.
    pub client_id: Option<String>,
    /// For which story.
    pub story_id: Option<Uuid>,
    /// When it was ordered.
    pub created_at: DateTime<Utc>,
    /// When it was first begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// What came of it.
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// Why its last attempt failed.
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

/// The plain sentence of a failure.
pub(in crate::app) fn failure_detail(error: Option<&Value>) -> Option<String> {
    error?.get("detail")?.as_str().map(str::to_owned)
}

impl Jobs {
    /// A task of a client that the actor speaks for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when there is no such task, or it is another's.
    pub async fn task(&self, actor: Actor<'_>, id: &str) -> Result<TaskView, AppError> {
        self.find_permitted_task(actor, id).await.map(TaskView::from)
    }

    /// Tasks, the newest first.
    pub async fn list_tasks(
        &self,
        filter: TaskFilter<'_>,
        limit: i64,
    ) -> Result<Page<TaskView, Uuid>, AppError> {
        let rows = self.store.tasks(filter, limit + 1).await?;
        Ok(Page::from_rows(rows, limit, |task| task.id))
    }

    /// Calls a task off.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`]; [`ErrorKind::Conflict`] when it has ended.
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

    /// Has a task that failed or was called off done after all.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`]; [`ErrorKind::Conflict`] when it stands otherwise; [`ErrorKind::Busy`] when there is too
    /// much to do.
    pub async fn retry_task(&self, actor: Actor<'_>, id: &str) -> Result<TaskView, AppError> {
        let task = self.find_permitted_task(actor, id).await?;
        self.check_capacity().await?;
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
