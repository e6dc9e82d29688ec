//! The codes by which the first user is created, one of each instance.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

impl Store {
    /// Reports whether any user exists.
    pub async fn has_user(&self) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT id FROM admin_user WHERE id > 0 ORDER BY id LIMIT 1";
        let found: Option<i64> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("look for a user"))?;
        Ok(found.is_some())
    }

    /// Returns the SHA-256 of the codes of the other instances that were seen since `since`.
    pub async fn setup_codes(&self, since: DateTime<Utc>) -> Result<Vec<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT c.sha256 FROM instance i JOIN setup_code c ON c.instance_id = i.id \
             WHERE i.date_seen > $1 ORDER BY i.date_seen";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(since).fetch_all(db).await)
            .map_err(StoreError::failed("read the codes of other instances"))
    }
}

impl Tx {
    /// Reports whether any user exists, as this transaction sees it.
    pub async fn has_user(&mut self) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT id FROM admin_user WHERE id > 0 ORDER BY id LIMIT 1";
        let found: Option<i64> =
            with_tx!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("look for a user"))?;
        Ok(found.is_some())
    }

    /// Saves the SHA-256 of this instance's code.
    pub async fn save_setup_code(
        &mut self,
        sha256: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SAVE: &str = "INSERT INTO setup_code (instance_id, sha256, date_created) \
             VALUES ($1, $2, $3) ON CONFLICT (instance_id) DO UPDATE \
             SET sha256 = excluded.sha256, date_created = excluded.date_created";
        let id = self.store.instance_id();
        with_tx!(self, db => sqlx::query(SAVE)
            .bind(id)
            .bind(&sha256[..])
            .bind(now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("save the code for the first user"))
    }

    /// Deletes the codes that were saved before `before`.
    pub async fn delete_setup_codes(&mut self, before: DateTime<Utc>) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM setup_code WHERE date_created < $1";
        with_tx!(self, db => sqlx::query(SQL).bind(before).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete codes for the first user"))
    }
}
