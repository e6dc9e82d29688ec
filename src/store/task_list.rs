//! Listing, cancelling and restarting tasks.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Store, StoreError, Task, TaskNotice, Tx, with_read_pool, with_tx};
use crate::domain::TaskStatus;

/// Restricts which tasks are listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct TaskFilter<'a> {
    /// Only tasks of this story.
    pub story_id: Option<Uuid>,
    /// Only tasks of this client.
    pub client_id: Option<&'a str>,
    /// Only tasks with this status.
    pub status: Option<TaskStatus>,
    /// Only tasks with an id below this one, that is, older ones.
    pub before: Option<Uuid>,
}

impl Store {
    /// Returns tasks, newest first, at most `limit`.
    pub async fn tasks(&self, filter: TaskFilter<'_>, limit: i64) -> Result<Vec<Task>, StoreError> {
        const BY_STORY: &str = "SELECT * FROM task WHERE story_id = $1 \
             AND ($2 IS NULL OR client_id = $2) AND ($3 IS NULL OR status = $3) AND id < $4 \
             ORDER BY id DESC LIMIT $5";
        const BY_CLIENT: &str = "SELECT * FROM task WHERE ($1 IS NULL OR story_id = $1) \
             AND client_id = $2 AND ($3 IS NULL OR status = $3) AND id < $4 \
             ORDER BY id DESC LIMIT $5";
        const ALL: &str = "SELECT * FROM task WHERE ($1 IS NULL OR story_id = $1) \
             AND ($2 IS NULL OR client_id = $2) AND ($3 IS NULL OR status = $3) AND id < $4 \
             ORDER BY id DESC LIMIT $5";
        let sql = match filter {
            TaskFilter { story_id: Some(_), .. } => BY_STORY,
            TaskFilter { client_id: Some(_), .. } => BY_CLIENT,
            TaskFilter { .. } => ALL,
        };
        with_read_pool!(self, db => sqlx::query_as(sql)
            .bind(filter.story_id)
            .bind(filter.client_id)
            .bind(filter.status)
            .bind(filter.before.unwrap_or(Uuid::max()))
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list tasks"))
    }

    /// Returns the last task of a story that runs in a lane.
    pub async fn last_task_of_story(&self, story_id: Uuid) -> Result<Option<Task>, StoreError> {
        const SQL: &str =
            "SELECT * FROM task WHERE story_id = $1 AND lane IS NOT NULL ORDER BY id DESC LIMIT 1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(story_id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a story's last task"))
    }

    /// Returns the task of a lane that is running or runs next.
    pub async fn open_task(&self, lane: &str) -> Result<Option<Task>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(OPEN).bind(lane).fetch_optional(db).await)
            .map_err(StoreError::failed("read a lane's task"))
    }
}

const OPEN: &str = "SELECT * FROM task WHERE lane = $1 AND status IN ('pending', 'running') \
     ORDER BY id LIMIT 1";

impl Tx {
    /// Returns the task of a lane that is running or runs next.
    pub async fn open_task(&mut self, lane: &str) -> Result<Option<Task>, StoreError> {
        with_tx!(self, db => sqlx::query_as(OPEN).bind(lane).fetch_optional(db).await)
            .map_err(StoreError::failed("read a lane's task"))
    }

    /// Cancels a task. Returns `None` if it has ended already or does not exist.
    ///
    /// A run in progress finds that its lease is lost.
    pub async fn cancel_task(
        &mut self,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<Task>, StoreError> {
        const SQL: &str = "UPDATE task SET status = 'cancelled', step = NULL, lease_owner = NULL, \
             lease_until = NULL, date_completed = $2 \
             WHERE id = $1 AND status IN ('pending', 'running') RETURNING *";
        let cancelled: Option<Task> = with_tx!(self, db => sqlx::query_as(SQL)
            .bind(id)
            .bind(now)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("cancel a task"))?;
        if let Some(task) = &cancelled {
            self.publish_task(task.id, task.into(), task.status, now);
        }
        self.notify_ended(id);
        Ok(cancelled)
    }

    /// Restarts a task that failed or was cancelled, as if it were new. Returns `None` if it has another status or
    /// does not exist.
    pub async fn restart_task(
        &mut self,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<Task>, StoreError> {
        const SQL: &str = "UPDATE task SET status = 'pending', attempts = 0, failures = 0, lost_runs = 0, \
             error = NULL, run_at = $2, date_started = NULL, date_completed = NULL \
             WHERE id = $1 AND status IN ('failed', 'cancelled') RETURNING *";
        let restarted: Option<Task> = with_tx!(self, db => sqlx::query_as(SQL)
            .bind(id)
            .bind(now)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("restart a task"))?;
        if let Some(task) = &restarted {
            self.publish_task(task.id, task.into(), task.status, now);
        }
        self.notify(TaskNotice::TaskReady);
        Ok(restarted)
    }
}
