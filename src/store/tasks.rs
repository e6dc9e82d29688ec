//! The task table: durable work, claimed by lease.
//!
//! A task is enqueued in the transaction that accepts the work, and ended in the transaction that keeps its
//! outcome; both can only happen together, so work is neither lost nor done twice. What a worker may do with a task
//! that it has claimed is in [`Lease`].
//!
//! Every function that changes how a task stands also publishes the event that says so.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Lease, Store, StoreError, TaskNotice, Tx, dialect, with_read_pool, with_tx};
use crate::domain::{EventKind, TaskKind, TaskStatus};

/// A task as it stands.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Task {
    /// UUIDv7.
    pub id: Uuid,
    /// What it does.
    pub kind: TaskKind,
    /// Where it is on its road.
    pub status: TaskStatus,
    /// For whom.
    pub client_id: Option<String>,
    /// For which story.
    pub story_id: Option<Uuid>,
    /// What it needs to know, as its kind has it.
    #[sqlx(json)]
    pub payload: Value,
    /// Where a running one is.
    pub step: Option<String>,
    /// How often it was claimed.
    pub attempts: i32,
    /// How often an attempt ended in an explicit retry; a kill is nobody's failure.
    pub failures: i32,
    /// What came of it, as its kind has it.
    #[sqlx(json(nullable))]
    pub result: Option<Value>,
    /// Why its last attempt failed.
    #[sqlx(json(nullable))]
    pub error: Option<Value>,
    /// When it was enqueued.
    pub date_created: DateTime<Utc>,
    /// When it was first claimed.
    pub date_started: Option<DateTime<Utc>>,
    /// When it reached a final status.
    pub date_completed: Option<DateTime<Utc>>,
}

/// A task to be enqueued.
#[derive(Debug)]
pub struct NewTask<'a> {
    /// UUIDv7: its order within its lane.
    pub id: Uuid,
    /// What it does.
    pub kind: TaskKind,
    /// Tasks of one lane run one at a time, in order; without a lane it runs beside all others.
    pub lane: Option<String>,
    /// For whom.
    pub client_id: Option<&'a str>,
    /// For which story.
    pub story_id: Option<Uuid>,
    /// What it needs to know.
    pub payload: &'a Value,
    /// When it was enqueued, which is when it may first run.
    pub now: DateTime<Utc>,
}

impl Store {
    /// The task with this id.
    pub async fn task(&self, id: Uuid) -> Result<Option<Task>, StoreError> {
        const SQL: &str = "SELECT * FROM task WHERE id = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a task"))
    }

    /// How many tasks wait, counted up to `at_most`.
    pub async fn count_pending_tasks(&self, at_most: i64) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM \
             (SELECT 1 FROM task WHERE status = 'pending' LIMIT $1) AS waiting";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(at_most).fetch_one(db).await)
            .map_err(StoreError::failed("count waiting tasks"))
    }

    /// When the next pending task is due: in the past when one waits for its lane.
    pub async fn next_due(
        &self,
        after: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        const SQL: &str = "SELECT run_at FROM task WHERE status = 'pending' AND run_at > $1 ORDER BY run_at LIMIT 1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(after).fetch_optional(db).await)
            .map_err(StoreError::failed("look for the next task"))
    }
}

/// Whom and which story a task is for: who hears how it stands.
#[derive(Debug, Clone, FromRow)]
pub(super) struct TaskSubject {
    pub(super) client_id: Option<String>,
    pub(super) story_id: Option<Uuid>,
}

impl From<&Task> for TaskSubject {
    fn from(task: &Task) -> Self {
        Self { client_id: task.client_id.clone(), story_id: task.story_id }
    }
}

impl Tx {
    /// Enqueues a task.
    pub async fn enqueue(&mut self, task: NewTask<'_>) -> Result<(), StoreError> {
        self.insert_task(&task, TaskStatus::Pending, None)
            .await
            .map_err(StoreError::failed("enqueue a task"))?;
        let subject =
            TaskSubject { client_id: task.client_id.map(str::to_owned), story_id: task.story_id };
        self.publish_task(task.id, subject, TaskStatus::Pending, task.now);
        self.notify(TaskNotice::TaskReady);
        Ok(())
    }

    /// Adds a task that is done already, for those who wait for its result or ask for it again. Nobody waited for it
    /// to be done, so no event says so.
    pub async fn insert_completed_task(
        &mut self,
        task: NewTask<'_>,
        result: &Value,
    ) -> Result<(), StoreError> {
        self.insert_task(&task, TaskStatus::Completed, Some(result))
            .await
            .map_err(StoreError::failed("add a task that is done"))
    }

    async fn insert_task(
        &mut self,
        task: &NewTask<'_>,
        status: TaskStatus,
        result: Option<&Value>,
    ) -> Result<(), sqlx::Error> {
        const SQL: &str = "INSERT INTO task (id, kind, status, lane, client_id, story_id, payload, result, \
             attempts, failures, run_at, date_created, date_started, date_completed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, $9, $10, $10)";
        let ended = (status == TaskStatus::Completed).then_some(task.now);
        with_tx!(self, db => sqlx::query(SQL)
            .bind(task.id)
            .bind(task.kind)
            .bind(status)
            .bind(&task.lane)
            .bind(task.client_id)
            .bind(task.story_id)
            .bind(Json(task.payload))
            .bind(result.map(Json))
            .bind(task.now)
            .bind(ended)
            .execute(db)
            .await
            .map(drop))
    }

    /// Whether a story has ever been worked on.
    pub async fn story_has_tasks(&mut self, story_id: Uuid) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT 1 FROM task WHERE story_id = $1 LIMIT 1";
        let found: Option<i32> =
            with_tx!(self, db => sqlx::query_scalar(SQL).bind(story_id).fetch_optional(db).await)
                .map_err(StoreError::failed("look for a story's tasks"))?;
        Ok(found.is_some())
    }

    /// Leases the next due task to `owner` until `until`; `None` when there is none, or another worker was first.
    /// Drop the transaction on `None`.
    ///
    /// Each claim needs an owner of its own, so that a run which lost its lease cannot end the run that took over, not
    /// even in one process.
    pub async fn claim_task(
        &mut self,
        owner: Uuid,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Lease>, StoreError> {
        let sql = dialect::claim_sql(&self.open);
        let claimed: Result<Option<Task>, StoreError> = with_tx!(self, db => sqlx::query_as(sql)
            .bind(owner)
            .bind(until)
            .bind(now)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("claim a task"));
        match claimed {
            // The index on running lanes decided between two workers.
            Err(error) if error.is_conflict() => Ok(None),
            claimed => Ok(claimed?.map(|task| Lease::new(task, owner))),
        }
    }

    /// Takes back the tasks whose workers have been silent for longer than their lease; how many there were.
    pub async fn release_expired_leases(&mut self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        const SQL: &str = "UPDATE task SET status = 'pending', step = NULL, lease_owner = NULL, \
             lease_until = NULL WHERE status = 'running' AND lease_until < $1";
        let released = with_tx!(self, db => sqlx::query(SQL)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("release expired leases"))?;
        if released > 0 {
            self.notify(TaskNotice::TaskReady);
        }
        Ok(released)
    }

    /// Publishes how a task stands to those who listen to its story or its client.
    pub(super) fn publish_task(
        &mut self,
        id: Uuid,
        subject: TaskSubject,
        status: TaskStatus,
        now: DateTime<Utc>,
    ) {
        self.publish_task_fields(subject, json!({"id": id, "status": status}), now);
    }

    /// Publishes the step that a running task is at.
    pub(super) fn publish_step(
        &mut self,
        id: Uuid,
        subject: TaskSubject,
        step: Option<&str>,
        now: DateTime<Utc>,
    ) {
        let fields = json!({"id": id, "status": TaskStatus::Running, "step": step});
        self.publish_task_fields(subject, fields, now);
    }

    fn publish_task_fields(&mut self, subject: TaskSubject, fields: Value, now: DateTime<Utc>) {
        let TaskSubject { client_id, story_id } = subject;
        if client_id.is_some() || story_id.is_some() {
            self.publish(EventKind::Task, client_id.as_deref(), story_id, fields, now);
        }
    }

    pub(super) fn notify_ended(&mut self, id: Uuid) {
        self.notify(TaskNotice::TaskEnded(id));
        // The next one in the lane may go.
        self.notify(TaskNotice::TaskReady);
    }
}
