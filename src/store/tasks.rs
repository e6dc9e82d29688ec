//! The task table: durable work, claimed by lease.
//!
//! A task is enqueued in the transaction that accepts the work, and completed in the transaction that saves its
//! outcome. Each pair commits together, so that work is neither lost nor done twice. What a worker may do with a task
//! that it has claimed is in [`Lease`].
//!
//! Every method that changes a task's status also publishes the event for it.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::types::Json;
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Lease, Store, StoreError, TaskNotice, Tx, dialect, with_read_pool, with_tx};
use crate::domain::{EventKind, TaskKind, TaskStatus};

/// Kinds of tasks that a worker may claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskKinds {
    /// Every kind.
    All,
    /// Those that a person or a device waits for ([`TaskKind::is_awaited`]).
    Awaited,
}

/// A statement about tasks `t` of the kinds that it is run for.
pub(super) struct StatementOfKinds {
    all: String,
    awaited: String,
}

impl StatementOfKinds {
    /// Builds the statement around a condition on the kind, which is empty for all kinds. The kinds are literals, because a
    /// database uses a partial index only for a condition that it knows when it plans.
    pub(super) fn new(with_condition: impl Fn(&str) -> String) -> Self {
        let kinds = TaskKind::AWAITED.map(|kind| format!("'{}'", kind.name()));
        let awaited = format!("AND t.kind IN ({})", kinds.join(", "));
        Self { all: with_condition(""), awaited: with_condition(&awaited) }
    }

    /// Returns the statement for these kinds.
    pub(super) fn sql(&self, kinds: TaskKinds) -> &str {
        match kinds {
            TaskKinds::All => &self.all,
            TaskKinds::Awaited => &self.awaited,
        }
    }
}

/// A task and its current status.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Task {
    /// Task id, a UUIDv7.
    pub id: Uuid,
    /// What the task does.
    pub kind: TaskKind,
    /// Current status.
    pub status: TaskStatus,
    /// The client that the task is for.
    pub client_id: Option<String>,
    /// The story that the task is for.
    pub story_id: Option<Uuid>,
    /// The task's input; its form depends on the kind.
    #[sqlx(json)]
    pub payload: Value,
    /// The step that a running task is at.
    pub step: Option<String>,
    /// Number of times the task was claimed.
    pub attempts: i32,
    /// Number of attempts that ended in an explicit retry. An attempt whose process was killed does not count.
    pub failures: i32,
    /// The task's result; its form depends on the kind.
    #[sqlx(json(nullable))]
    pub result: Option<Value>,
    /// The error of the last failed attempt.
    #[sqlx(json(nullable))]
    pub error: Option<Value>,
    /// When the task was enqueued.
    pub date_created: DateTime<Utc>,
    /// When the task was first claimed.
    pub date_started: Option<DateTime<Utc>>,
    /// When the task reached a final status.
    pub date_completed: Option<DateTime<Utc>>,
}

/// The most tasks of one client that run at the same time, so that a client cannot occupy all workers.
const MAX_RUNNING_PER_CLIENT: i64 = 8;

/// A task to enqueue.
#[derive(Debug)]
pub struct NewTask<'a> {
    /// Task id, a UUIDv7, which determines the order within the lane.
    pub id: Uuid,
    /// What the task does.
    pub kind: TaskKind,
    /// The task's lane. Tasks of a lane run one at a time, in order; a task without a lane runs alongside all others.
    pub lane: Option<String>,
    /// The client that the task is for.
    pub client_id: Option<&'a str>,
    /// The story that the task is for.
    pub story_id: Option<Uuid>,
    /// The task's input; its form depends on the kind.
    pub payload: &'a Value,
    /// Current time; the task is due from then on.
    pub now: DateTime<Utc>,
}

impl Store {
    /// Returns the task with this id.
    pub async fn task(&self, id: Uuid) -> Result<Option<Task>, StoreError> {
        const SQL: &str = "SELECT * FROM task WHERE id = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a task"))
    }

    /// Returns the number of pending tasks, counted up to `at_most`.
    pub async fn count_pending_tasks(&self, at_most: i64) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM \
             (SELECT 1 FROM task WHERE status = 'pending' LIMIT $1) AS waiting";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(at_most).fetch_one(db).await)
            .map_err(StoreError::failed("count pending tasks"))
    }

    /// Returns the number of pending tasks, counted up to `at_most`, and how many of a client's are among all of
    /// them, counted up to `at_most_of_client`.
    pub async fn count_pending_tasks_of(
        &self,
        client_id: &str,
        at_most: i64,
        at_most_of_client: i64,
    ) -> Result<(i64, i64), StoreError> {
        const SQL: &str = "SELECT (SELECT COUNT(*) FROM \
             (SELECT 1 FROM task WHERE status = 'pending' LIMIT $2) AS waiting), \
             (SELECT COUNT(*) FROM (SELECT 1 FROM task \
             WHERE client_id = $1 AND status = 'pending' LIMIT $3) AS waiting)";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(at_most)
            .bind(at_most_of_client)
            .fetch_one(db)
            .await)
        .map_err(StoreError::failed("count a client's pending tasks"))
    }

    /// Returns when the first pending task of these kinds becomes due that is due after `after`; `None` if there is none.
    pub async fn next_due(
        &self,
        kinds: TaskKinds,
        after: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        static SQL: LazyLock<StatementOfKinds> = LazyLock::new(|| {
            StatementOfKinds::new(|condition| {
                format!(
                    "SELECT t.run_at FROM task t WHERE t.status = 'pending' {condition} \
                     AND t.run_at > $1 ORDER BY t.run_at LIMIT 1"
                )
            })
        });
        let sql = SQL.sql(kinds);
        with_read_pool!(self, db => sqlx::query_scalar(sql).bind(after).fetch_optional(db).await)
            .map_err(StoreError::failed("find the next task"))
    }
}

/// The client and story that a task is for, whose subscribers receive the task's events.
#[derive(Debug, Clone, FromRow)]
pub(super) struct TaskSubject {
    pub(super) client_id: Option<String>,
    pub(super) story_id: Option<Uuid>,
}

/// A running task whose worker stopped renewing its lease.
#[derive(Debug, Clone, FromRow)]
pub struct ExpiredLease {
    /// Task id.
    pub id: Uuid,
    /// Number of runs in a row that ended without an outcome, without this one.
    pub lost_runs: i32,
    #[sqlx(flatten)]
    subject: TaskSubject,
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

    /// Inserts a task that is completed already, for callers that wait for its result or request it again.
    ///
    /// No event is published, because nobody waited for the completion.
    pub async fn insert_completed_task(
        &mut self,
        task: NewTask<'_>,
        result: &Value,
    ) -> Result<(), StoreError> {
        self.insert_task(&task, TaskStatus::Completed, Some(result))
            .await
            .map_err(StoreError::failed("insert a completed task"))
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

    /// Reports whether a story has or had a task.
    pub async fn story_has_tasks(&mut self, story_id: Uuid) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT 1 FROM task WHERE story_id = $1 LIMIT 1";
        let found: Option<i32> =
            with_tx!(self, db => sqlx::query_scalar(SQL).bind(story_id).fetch_optional(db).await)
                .map_err(StoreError::failed("look for a story's tasks"))?;
        Ok(found.is_some())
    }

    /// Leases the next due task of these kinds to `owner` until `until`. Returns `None` if no task is due or another worker claimed
    /// it first; drop the transaction in that case.
    ///
    /// Each claim needs its own owner id, so that a run that lost its lease cannot complete the task of the run that
    /// took over, even within one process.
    pub async fn claim_task(
        &mut self,
        kinds: TaskKinds,
        owner: Uuid,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Lease>, StoreError> {
        let sql = dialect::claim_sql(&self.open, kinds);
        let claimed: Result<Option<Task>, StoreError> = with_tx!(self, db => sqlx::query_as(sql)
            .bind(owner)
            .bind(until)
            .bind(now)
            .bind(MAX_RUNNING_PER_CLIENT)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("claim a task"));
        match claimed {
            // The unique index on running lanes rejected one of two concurrent workers.
            Err(error) if error.is_conflict() => Ok(None),
            claimed => Ok(claimed?.map(|task| Lease::new(task, owner))),
        }
    }

    /// Returns the running tasks whose lease ended before `until`, because their workers stopped renewing it.
    pub async fn expired_leases(
        &mut self,
        until: DateTime<Utc>,
    ) -> Result<Vec<ExpiredLease>, StoreError> {
        const SQL: &str = "SELECT id, lost_runs, client_id, story_id FROM task \
             WHERE status = 'running' AND lease_until < $1 ORDER BY lease_until";
        with_tx!(self, db => sqlx::query_as(SQL).bind(until).fetch_all(db).await)
            .map_err(StoreError::failed("find expired leases"))
    }

    /// Puts a task whose lease ended before `until` back in the queue, due at `run_at`, and counts a lost run. Returns
    /// `false` if another process was first.
    pub async fn release_expired_lease(
        &mut self,
        task_id: Uuid,
        until: DateTime<Utc>,
        run_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE task SET status = 'pending', lost_runs = lost_runs + 1, run_at = $3, \
             step = NULL, lease_owner = NULL, lease_until = NULL \
             WHERE id = $1 AND status = 'running' AND lease_until < $2";
        let released = with_tx!(self, db => sqlx::query(SQL)
            .bind(task_id)
            .bind(until)
            .bind(run_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected() > 0))
        .map_err(StoreError::failed("release an expired lease"))?;
        if released {
            self.notify(TaskNotice::TaskReady);
        }
        Ok(released)
    }

    /// Marks a task whose lease ended before `until` as failed, and publishes the event. Returns `false` if another
    /// process was first.
    pub async fn fail_expired_lease(
        &mut self,
        lease: ExpiredLease,
        until: DateTime<Utc>,
        error: &Value,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE task SET status = 'failed', lost_runs = lost_runs + 1, error = $3, \
             step = NULL, lease_owner = NULL, lease_until = NULL, date_completed = $4 \
             WHERE id = $1 AND status = 'running' AND lease_until < $2";
        let failed = with_tx!(self, db => sqlx::query(SQL)
            .bind(lease.id)
            .bind(until)
            .bind(Json(error))
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() > 0))
        .map_err(StoreError::failed("give up a task"))?;
        if failed {
            self.publish_task(lease.id, lease.subject, TaskStatus::Failed, now);
            self.notify_ended(lease.id);
        }
        Ok(failed)
    }

    /// Publishes a task's status to subscribers of its story and its client.
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

    /// Publishes the words of a frame whose picture is not painted yet.
    pub fn publish_words(&mut self, task: &Task, words: &str, now: DateTime<Utc>) {
        let subject = TaskSubject { client_id: task.client_id.clone(), story_id: task.story_id };
        let status = TaskStatus::Running;
        let fields = json!({"id": task.id, "status": status, "step": "words", "text": words});
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
        self.notify(TaskNotice::LaneFree);
    }
}
