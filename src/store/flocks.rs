//! What the members of a Flock share: a story for each strategy and a daily limit of frames. Also each client's
//! position in its schedules.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A client's position in the schedule of one level.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ScheduleRow {
    /// Name of the level: `sparrow`, or `flock ` and the Flock's id, such as `flock wood`.
    pub level: String,
    /// The position, in a form that the schedule defines.
    #[sqlx(json)]
    pub state: Value,
}

const SCHEDULE_STATES: &str = "SELECT level, state FROM schedule_state WHERE client_id = $1";

impl Store {
    /// Returns a client's positions in its schedules.
    pub async fn schedule_states(&self, client_id: &str) -> Result<Vec<ScheduleRow>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(SCHEDULE_STATES).bind(client_id).fetch_all(db).await)
            .map_err(StoreError::failed("read a client's schedule positions"))
    }

    /// Returns the id of the story that a Flock's members share for a strategy.
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
    /// Returns a client's positions in its schedules. The client's row must be locked by [`Tx::lock_client`].
    pub async fn schedule_states(
        &mut self,
        client_id: &str,
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        with_tx!(self, db => sqlx::query_as(SCHEDULE_STATES).bind(client_id).fetch_all(db).await)
            .map_err(StoreError::failed("read a client's schedule positions"))
    }

    /// Saves a client's position in the schedule of a level.
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
        .map_err(StoreError::failed("save a client's schedule position"))
    }

    /// Locks the story that a Flock's members share for a strategy, and returns its id.
    ///
    /// The row is inserted if it does not exist, and stays locked until the transaction ends, so that members that
    /// ask at the same time start a single story.
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

    /// Sets or clears the story that a Flock's members share. It must be locked by [`Tx::lock_flock_story`].
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

    /// Counts a frame against a Flock's limit for a day. Returns `false` and counts nothing if the limit is reached.
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
