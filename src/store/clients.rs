//! The state of each Sparrow between its frames: its current story.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

impl Store {
    /// Returns the id of the story that a client is in.
    pub async fn current_story(&self, client_id: &str) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "SELECT current_story_id FROM sparrow_state WHERE client_id = $1";
        let found: Option<Option<Uuid>> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(client_id).fetch_optional(db).await)
                .map_err(StoreError::failed("read a client's state"))?;
        Ok(found.flatten())
    }
}

impl Tx {
    /// Locks a client's row until the transaction ends and returns the id of its current story.
    ///
    /// The row is inserted if it does not exist. The lock serializes concurrent requests of the same client.
    pub async fn lock_client(
        &mut self,
        client_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "INSERT INTO sparrow_state (client_id, date_created, date_updated) \
             VALUES ($1, $2, $2) \
             ON CONFLICT (client_id) DO UPDATE SET client_id = excluded.client_id \
             RETURNING current_story_id";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(client_id).bind(now).fetch_one(db).await)
            .map_err(StoreError::failed("lock a client's state"))
    }

    /// Locks a client's row like [`Tx::lock_client`], and records that the Sparrow was seen.
    pub async fn lock_seen_client(
        &mut self,
        client_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "INSERT INTO sparrow_state (client_id, last_seen, date_created, date_updated) \
             VALUES ($1, $2, $2, $2) \
             ON CONFLICT (client_id) DO UPDATE SET last_seen = excluded.last_seen \
             RETURNING current_story_id";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(client_id).bind(now).fetch_one(db).await)
            .map_err(StoreError::failed("lock a Sparrow's state"))
    }

    /// Sets or clears the current story of a client. The client's row must be locked by [`Tx::lock_client`].
    pub async fn set_current_story(
        &mut self,
        client_id: &str,
        story: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE sparrow_state SET current_story_id = $2, date_updated = $3 WHERE client_id = $1";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(client_id)
            .bind(story)
            .bind(now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("set a client's current story"))
    }
}
