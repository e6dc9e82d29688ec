//! The log of what happened to stories, in the order of its ids.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Store, StoreError, Tx, read, within};
use crate::domain::EventKind;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Event {
    /// Grows with time.
    pub id: i64,
    /// What kind of thing.
    pub kind: EventKind,
    /// To which story.
    pub story_id: Option<Uuid>,
    /// The kind's own fields.
    #[sqlx(json)]
    pub payload: Value,
    /// When.
    pub date_created: DateTime<Utc>,
}

impl Store {
    /// A story's events after the one with id `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn events_of_story(
        &self,
        story_id: Uuid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Event>, StoreError> {
        const SQL: &str = "SELECT id, kind, story_id, payload, date_created FROM event \
             WHERE story_id = $1 AND id > $2 ORDER BY id LIMIT $3";
        read!(self, db => sqlx::query_as(SQL)
            .bind(story_id)
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("read a story's events"))
    }
}

impl Tx {
    /// Logs that something happened.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn tell(
        &mut self,
        kind: EventKind,
        client_id: Option<&str>,
        story_id: Option<Uuid>,
        payload: &Value,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO event (kind, client_id, story_id, payload, date_created) \
             VALUES ($1, $2, $3, $4, $5)";
        within!(self, db => sqlx::query(SQL)
            .bind(kind)
            .bind(client_id)
            .bind(story_id)
            .bind(Json(payload))
            .bind(now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("log an event"))
    }
}
