//! The instances that share the database: each renews a row while it runs.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

impl Store {
    /// Returns the id of this process among those that share the database.
    #[must_use]
    pub fn instance_id(&self) -> Uuid {
        self.instance.id
    }

    /// Returns the ids of the other instances that were seen since `since`.
    pub async fn other_instances(&self, since: DateTime<Utc>) -> Result<Vec<Uuid>, StoreError> {
        const SQL: &str =
            "SELECT id FROM instance WHERE date_seen > $1 AND id <> $2 ORDER BY date_seen";
        with_read_pool!(self, db => sqlx::query_scalar(SQL)
            .bind(since)
            .bind(self.instance.id)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list the other instances"))
    }

    /// Returns the ids of the other instances that were seen since `since` and since this one was first recorded.
    pub async fn acquainted_instances(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<Uuid>, StoreError> {
        const SQL: &str = "SELECT o.id FROM instance o JOIN instance own ON own.id = $2 \
             WHERE o.date_seen > $1 AND o.date_seen > own.date_started AND o.id <> $2 \
             ORDER BY o.date_seen";
        with_read_pool!(self, db => sqlx::query_scalar(SQL)
            .bind(since)
            .bind(self.instance.id)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list the instances that have seen this one"))
    }
}

impl Tx {
    /// Records that this process runs, and forgets instances that were last seen before `forgotten`.
    pub async fn renew_instance(
        &mut self,
        forgotten: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const RENEW: &str = "INSERT INTO instance (id, date_started, date_seen) VALUES ($1, $2, $2) \
             ON CONFLICT (id) DO UPDATE SET date_seen = excluded.date_seen";
        const FORGET: &str = "DELETE FROM instance WHERE date_seen < $1";
        let id = self.store.instance.id;
        let failed = StoreError::failed("record that this instance runs");
        with_tx!(self, db => sqlx::query(RENEW).bind(id).bind(now).execute(db).await.map(drop))
            .map_err(&failed)?;
        with_tx!(self, db => sqlx::query(FORGET).bind(forgotten).execute(db).await.map(drop))
            .map_err(failed)
    }

    /// Records that this process has stopped.
    pub async fn delete_instance(&mut self) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM instance WHERE id = $1";
        let id = self.store.instance.id;
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("record that this instance stops"))
    }
}
