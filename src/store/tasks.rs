//! The task table: durable work, claimed by lease.
//!
//! A task is enqueued in the transaction that accepts the work, and ended in the transaction that keeps its
//! outcome; both can only happen together, so work is neither lost nor done twice. A worker that loses its lease
//! finds out when it tries to end the task: every such statement names the owner.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Announcement, Store, StoreError, Tx, dialect, read, within};
use crate::domain::{TaskKind, TaskStatus};

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
        read!(self, db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a task"))
    }

    /// How many tasks wait, counted up to `at_most`.
    pub async fn waiting_tasks(&self, at_most: i64) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM \
             (SELECT 1 FROM task WHERE status = 'pending' LIMIT $1) AS waiting";
        read!(self, db => sqlx::query_scalar(SQL).bind(at_most).fetch_one(db).await)
            .map_err(StoreError::failed("count waiting tasks"))
    }

    /// When the next pending task is due: in the past when one waits for its lane.
    pub async fn next_due(
        &self,
        after: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        const SQL: &str = "SELECT run_at FROM task WHERE status = 'pending' AND run_at > $1 ORDER BY run_at LIMIT 1";
        read!(self, db => sqlx::query_scalar(SQL).bind(after).fetch_optional(db).await)
            .map_err(StoreError::failed("look for the next task"))
    }
}

impl Tx {
    /// Enqueues a task.
    pub async fn enqueue(&mut self, task: NewTask<'_>) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO task (id, kind, status, lane, client_id, story_id, payload, \
             attempts, failures, run_at, date_created) \
             VALUES ($1, $2, 'pending', $3, $4, $5, $6, 0, 0, $7, $7)";
        within!(self, db => sqlx::query(SQL)
            .bind(task.id)
            .bind(task.kind)
            .bind(&task.lane)
            .bind(task.client_id)
            .bind(task.story_id)
            .bind(Json(task.payload))
            .bind(task.now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("enqueue a task"))?;
        self.announce(Announcement::TaskReady);
        Ok(())
    }

    /// Adds a task that is done already, for those who wait for its result or ask for it again.
    pub async fn add_ended_task(
        &mut self,
        task: NewTask<'_>,
        result: &Value,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO task (id, kind, status, client_id, story_id, payload, result, \
             attempts, failures, run_at, date_created, date_started, date_completed) \
             VALUES ($1, $2, 'completed', $3, $4, $5, $6, 0, 0, $7, $7, $7, $7)";
        within!(self, db => sqlx::query(SQL)
            .bind(task.id)
            .bind(task.kind)
            .bind(task.client_id)
            .bind(task.story_id)
            .bind(Json(task.payload))
            .bind(Json(result))
            .bind(task.now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("add a task that is done"))
    }

    /// Whether a story has ever been worked on.
    pub async fn story_has_tasks(&mut self, story_id: Uuid) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT 1 FROM task WHERE story_id = $1 LIMIT 1";
        let found: Option<i32> =
            within!(self, db => sqlx::query_scalar(SQL).bind(story_id).fetch_optional(db).await)
                .map_err(StoreError::failed("look for a story's tasks"))?;
        Ok(found.is_some())
    }

    /// Leases the next due task to `owner` until `until`; `None` when there is none, or another worker was first.
    /// Drop the transaction on `None`.
    pub async fn claim(
        &mut self,
        owner: Uuid,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Task>, StoreError> {
        let sql = dialect::claim(&self.open);
        let claimed = within!(self, db => sqlx::query_as(sql)
            .bind(owner)
            .bind(until)
            .bind(now)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("claim a task"));
        match claimed {
            // The index on running lanes decided between two workers.
            Err(error) if error.is_conflict() => Ok(None),
            claimed => claimed,
        }
    }

    /// Ends a task with what came of it; false when `owner` has lost its lease, and then nothing must be saved.
    pub async fn complete(
        &mut self,
        id: Uuid,
        owner: Uuid,
        result: &Value,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE task SET status = 'completed', result = $3, error = NULL, \
             step = NULL, lease_owner = NULL, lease_until = NULL, date_completed = $4 \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        let ended = within!(self, db => sqlx::query(SQL)
            .bind(id)
            .bind(owner)
            .bind(Json(result))
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("complete a task"))?;
        self.announce_end(id);
        Ok(ended)
    }

    /// Gives a task up; false when `owner` has lost its lease.
    pub async fn fail(
        &mut self,
        id: Uuid,
        owner: Uuid,
        error: &Value,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE task SET status = 'failed', error = $3, step = NULL, \
             lease_owner = NULL, lease_until = NULL, date_completed = $4 \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        let ended = within!(self, db => sqlx::query(SQL)
            .bind(id)
            .bind(owner)
            .bind(Json(error))
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("give a task up"))?;
        self.announce_end(id);
        Ok(ended)
    }

    /// Has a task tried again at `run_at`; false when `owner` has lost its lease.
    pub async fn retry(
        &mut self,
        id: Uuid,
        owner: Uuid,
        error: &Value,
        run_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE task SET status = 'pending', failures = failures + 1, error = $3, \
             step = NULL, lease_owner = NULL, lease_until = NULL, run_at = $4 \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        let retried = within!(self, db => sqlx::query(SQL)
            .bind(id)
            .bind(owner)
            .bind(Json(error))
            .bind(run_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("put a task back"))?;
        self.announce(Announcement::TaskReady);
        Ok(retried)
    }

    /// Puts a task off until `run_at`, with what it knows by then; false when `owner` has lost it. That it got so far
    /// ends a row of failures.
    pub async fn put_off(
        &mut self,
        id: Uuid,
        owner: Uuid,
        payload: &Value,
        run_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE task SET status = 'pending', failures = 0, error = NULL, payload = $3, \
             step = NULL, lease_owner = NULL, lease_until = NULL, run_at = $4 \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        within!(self, db => sqlx::query(SQL)
            .bind(id)
            .bind(owner)
            .bind(Json(payload))
            .bind(run_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("put a task off"))
    }

    /// Keeps a lease until `until`, and says at which step the task is; false when `owner` has lost it.
    pub async fn keep_lease(
        &mut self,
        id: Uuid,
        owner: Uuid,
        until: DateTime<Utc>,
        step: Option<&str>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE task SET lease_until = $3, step = $4 \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        within!(self, db => sqlx::query(SQL)
            .bind(id)
            .bind(owner)
            .bind(until)
            .bind(step)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("keep a lease"))
    }

    /// Takes back a task that `owner` runs and will not finish, as if it had never been claimed.
    pub async fn release(&mut self, id: Uuid, owner: Uuid) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE task SET status = 'pending', attempts = attempts - 1, step = NULL, \
             lease_owner = NULL, lease_until = NULL \
             WHERE id = $1 AND lease_owner = $2 AND status = 'running'";
        within!(self, db => sqlx::query(SQL).bind(id).bind(owner).execute(db).await.map(drop))
            .map_err(StoreError::failed("release a task"))?;
        self.announce(Announcement::TaskReady);
        Ok(())
    }

    /// Takes back the tasks whose workers have been silent for longer than their lease; how many there were.
    pub async fn release_expired(&mut self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        const SQL: &str = "UPDATE task SET status = 'pending', step = NULL, lease_owner = NULL, \
             lease_until = NULL WHERE status = 'running' AND lease_until < $1";
        let released = within!(self, db => sqlx::query(SQL)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("release expired leases"))?;
        if released > 0 {
            self.announce(Announcement::TaskReady);
        }
        Ok(released)
    }

    pub(super) fn announce_end(&mut self, id: Uuid) {
        self.announce(Announcement::TaskEnded(id));
        // The next one in the lane may go.
        self.announce(Announcement::TaskReady);
    }
}
