//! The event log: what happened to stories, in the order of event ids.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::QueryBuilder;
use sqlx::types::Json;
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, TaskNotice, Tx, dialect, with_read_pool, with_tx};
use crate::domain::EventKind;

/// A logged event.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Event {
    /// Event id; increases with time.
    pub id: i64,
    /// Kind of the event.
    pub kind: EventKind,
    /// The client that the event's story belongs to.
    pub client_id: Option<String>,
    /// The event's story.
    pub story_id: Option<Uuid>,
    /// Fields specific to the event's kind.
    #[sqlx(json)]
    pub payload: Value,
    /// When the event happened.
    pub date_created: DateTime<Utc>,
}

/// An event to insert.
#[derive(Debug)]
pub(super) struct NewEvent {
    kind: EventKind,
    client_id: Option<String>,
    story_id: Option<Uuid>,
    payload: Value,
    now: DateTime<Utc>,
}

impl Store {
    /// Returns a story's events with an id above `after`, oldest first, at most `limit`.
    pub async fn events_of_story(
        &self,
        story_id: Uuid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Event>, StoreError> {
        const SQL: &str = "SELECT * FROM event \
             WHERE story_id = $1 AND id > $2 ORDER BY id LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(story_id)
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("read a story's events"))
    }

    /// Returns the events of a client's stories with an id above `after`, oldest first, at most `limit`.
    pub async fn events_of_client(
        &self,
        client_id: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Event>, StoreError> {
        const SQL: &str = "SELECT * FROM event \
             WHERE client_id = $1 AND id > $2 ORDER BY id LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("read a client's events"))
    }

    /// Returns events with an id above `after`, oldest first, at most `limit`.
    pub async fn events_after(&self, after: i64, limit: i64) -> Result<Vec<Event>, StoreError> {
        const SQL: &str = "SELECT * FROM event \
             WHERE id > $1 ORDER BY id LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("read the event log"))
    }

    /// Returns the id of the last event; 0 if none exists.
    pub async fn last_event_id(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT MAX(id) FROM event";
        let last: Option<i64> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_one(db).await)
                .map_err(StoreError::failed("find the last event"))?;
        Ok(last.unwrap_or(0))
    }
}

impl Tx {
    /// Publishes an event, which is inserted when the transaction is saved.
    ///
    /// Methods that change a task's status publish its event themselves.
    pub fn publish(
        &mut self,
        kind: EventKind,
        client_id: Option<&str>,
        story_id: Option<Uuid>,
        payload: Value,
        now: DateTime<Utc>,
    ) {
        let client_id = client_id.map(str::to_owned);
        self.events.push(NewEvent { kind, client_id, story_id, payload, now });
    }

    /// Inserts the published events.
    pub(super) async fn log_events(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO event (kind, client_id, story_id, payload, date_created) ";
        if self.events.is_empty() {
            return Ok(());
        }
        self.count_postgres_statement();
        dialect::lock_events(&mut self.open).await?;
        let events = std::mem::take(&mut self.events);
        with_tx!(self, db => {
            let mut insert = QueryBuilder::new(SQL);
            insert.push_values(&events, |mut row, event| {
                row.push_bind(event.kind)
                    .push_bind(&event.client_id)
                    .push_bind(event.story_id)
                    .push_bind(Json(&event.payload))
                    .push_bind(event.now);
            });
            insert.build().execute(db).await.map(drop)
        })
        .map_err(StoreError::failed("log events"))?;
        self.notify(TaskNotice::EventLogged);
        Ok(())
    }
}
