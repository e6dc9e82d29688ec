//! What the members of a flock have together: a story for each strategy, and a day's frames; and where each client
//! stands on its schedules.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// Where a client stands on the schedule of one level.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ScheduleRow {
    /// The level's name: `sparrow`, or `flock wood`.
    pub level: String,
    /// The schedule's own account.
    #[sqlx(json)]
    pub state: Value,
}

const STATES: &str = "SELECT level, state FROM schedule_state WHERE client_id = $1";

impl Store {
    /// Where a client stands on its schedules.
    pub async fn schedule_states(&self, client_id: &str) -> Result<Vec<ScheduleRow>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(STATES).bind(client_id).fetch_all(db).await)
            .map_err(StoreError::failed("read a client's schedules"))
    }

    /// The story that a flock's members share under a strategy.
    pub async fn flock_story(
        &self,
        flock_id: &str,
        strategy: &str,
    ) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "SELECT story_id FROM flock_story WHERE flock_id = $1 AND strategy = $2";
        let found: Option<Option<Uuid>> = with_read_pool!(self, db => sqlx::query_scalar(SQL)
            .bind(flock_id)
            .bind(strategy)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read a flock's story"))?;
        Ok(found.flatten())
    }
}

impl Tx {
    /// Where a client, locked before, stands on its schedules.
    pub async fn schedule_states(
        &mut self,
        client_id: &str,
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        with_tx!(self, db => sqlx::query_as(STATES).bind(client_id).fetch_all(db).await)
            .map_err(StoreError::failed("read a client's schedules"))
    }

    /// Notes where a client stands on the schedule of a level.
    pub async fn upsert_schedule_state(
        &mut self,
        client_id: &str,
        row: &ScheduleRow,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO schedule_state (client_id, level, state, date_updated) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (client_id, level) DO UPDATE \
             SET state = excluded.state, date_updated = excluded.date_updated";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(client_id)
            .bind(&row.level)
            .bind(Json(&row.state))
            .bind(now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("note a client's schedule"))
    }

    /// The story that a flock's members share under a strategy. The row is made if need be and stays locked until
    /// the transaction ends, so that members who come at once begin one story and not two.
    pub async fn lock_flock_story(
        &mut self,
        flock_id: &str,
        strategy: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "INSERT INTO flock_story (flock_id, strategy, date_updated) \
             VALUES ($1, $2, $3) \
             ON CONFLICT (flock_id, strategy) DO UPDATE SET flock_id = excluded.flock_id \
             RETURNING story_id";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(flock_id)
            .bind(strategy)
            .bind(now)
            .fetch_one(db)
            .await)
        .map_err(StoreError::failed("lock a flock's story"))
    }

    /// Gives the members of a flock, locked before, a story to share, or none.
    pub async fn set_flock_story(
        &mut self,
        flock_id: &str,
        strategy: &str,
        story: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE flock_story SET story_id = $3, date_updated = $4 \
             WHERE flock_id = $1 AND strategy = $2";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(flock_id)
            .bind(strategy)
            .bind(story)
            .bind(now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("set a flock's story"))
    }

    /// Counts a frame against a flock's limit for a day; false, and nothing counted, when the limit is reached.
    pub async fn consume_flock_quota(
        &mut self,
        flock_id: &str,
        day: NaiveDate,
        limit: i32,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO flock_day (flock_id, day, frames) VALUES ($1, $2, 1) \
             ON CONFLICT (flock_id, day) DO UPDATE SET frames = flock_day.frames + 1 \
             WHERE flock_day.frames < $3 RETURNING frames";
        if limit < 1 {
            return Ok(false);
        }
        let counted: Option<i32> = with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(flock_id)
            .bind(day.to_string())
            .bind(limit)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("count a flock's frames"))?;
        Ok(counted.is_some())
    }
}
