//! Tasks as people look at them, and what people do with them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Store, StoreError, Task, TaskNotice, Tx, with_read_pool, with_tx};
use crate::domain::TaskStatus;

/// Which tasks.
#[derive(Debug, Clone, Copy, Default)]
pub struct TaskFilter<'a> {
    /// Those of a story.
    pub story_id: Option<Uuid>,
    /// Those of a client.
    pub client_id: Option<&'a str>,
    /// Those that stand so.
    pub status: Option<TaskStatus>,
    /// Those older than this one.
    pub before: Option<Uuid>,
}

impl Store {
    /// Tasks, the newest first, at most `limit`.
    pub async fn tasks(&self, filter: TaskFilter<'_>, limit: i64) -> Result<Vec<Task>, StoreError> {
        const OF_STORY: &str = "SELECT * FROM task WHERE story_id = $1 \
             AND ($2 IS NULL OR client_id = $2) AND ($3 IS NULL OR status = $3) AND id < $4 \
             ORDER BY id DESC LIMIT $5";
        const OF_CLIENT: &str = "SELECT * FROM task WHERE ($1 IS NULL OR story_id = $1) \
             AND client_id = $2 AND ($3 IS NULL OR status = $3) AND id < $4 \
             ORDER BY id DESC LIMIT $5";
        const ALL: &str = "SELECT * FROM task WHERE ($1 IS NULL OR story_id = $1) \
             AND ($2 IS NULL OR client_id = $2) AND ($3 IS NULL OR status = $3) AND id < $4 \
             ORDER BY id DESC LIMIT $5";
        let sql = match filter {
            TaskFilter { story_id: Some(_), .. } => OF_STORY,
            TaskFilter { client_id: Some(_), .. } => OF_CLIENT,
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

    /// The last task that was ordered for a story.
    pub async fn last_task_of_story(&self, story_id: Uuid) -> Result<Option<Task>, StoreError> {
        const SQL: &str =
            "SELECT * FROM task WHERE story_id = $1 AND lane IS NOT NULL ORDER BY id DESC LIMIT 1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(story_id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a story's last task"))
    }

    /// The task of a lane that runs, or runs next.
    pub async fn open_task(&self, lane: &str) -> Result<Option<Task>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(OPEN).bind(lane).fetch_optional(db).await)
            .map_err(StoreError::failed("read a lane's task"))
    }
}

const OPEN: &str = "SELECT * FROM task WHERE lane = $1 AND status IN ('pending', 'running') \
     ORDER BY id LIMIT 1";

impl Tx {
    /// The task of a lane that runs, or runs next.
    pub async fn open_task(&mut self, lane: &str) -> Result<Option<Task>, StoreError> {
        with_tx!(self, db => sqlx::query_as(OPEN).bind(lane).fetch_optional(db).await)
            .map_err(StoreError::failed("read a lane's task"))
    }

    /// Calls a task off; none when it has ended already. A run that is under way finds its lease lost.
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

    /// Has a task that failed or was called off done after all, as if it were new; none when it stands otherwise.
    pub async fn restart_task(
        &mut self,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<Task>, StoreError> {
        const SQL: &str = "UPDATE task SET status = 'pending', attempts = 0, failures = 0, \
             error = NULL, run_at = $2, date_started = NULL, date_completed = NULL \
             WHERE id = $1 AND status IN ('failed', 'cancelled') RETURNING *";
        let revived: Option<Task> = with_tx!(self, db => sqlx::query_as(SQL)
            .bind(id)
            .bind(now)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("revive a task"))?;
        if let Some(task) = &revived {
            self.publish_task(task.id, task.into(), task.status, now);
        }
        self.notify(TaskNotice::TaskReady);
        Ok(revived)
    }
}
