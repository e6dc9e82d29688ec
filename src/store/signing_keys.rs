//! The keys that sign this server's own presigned URLs. Keys are rotated; an old key is retained while a URL signed
//! with it may still be valid.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A signing key.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct SigningKey {
    /// The secret bytes.
    pub secret: Vec<u8>,
    /// When the key was created.
    pub date_created: DateTime<Utc>,
}

impl Store {
    /// Returns all keys, newest first, at most 100.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        const SQL: &str = "SELECT secret, date_created FROM signing_key \
             WHERE id > (SELECT MAX(id) - 100 FROM signing_key) ORDER BY id DESC";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_all(db).await)
            .map_err(StoreError::failed("read the signing keys"))
    }
}

impl Tx {
    /// Inserts a key and deletes those created before `before`.
    pub async fn insert_signing_key(
        &mut self,
        key: &SigningKey,
        before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const ADD: &str = "INSERT INTO signing_key (secret, date_created) VALUES ($1, $2)";
        const DELETE_OLD: &str = "DELETE FROM signing_key WHERE date_created < $1";
        let failed = StoreError::failed("add a signing key");
        with_tx!(self, db => sqlx::query(ADD)
            .bind(&key.secret)
            .bind(key.date_created)
            .execute(db)
            .await
            .map(drop))
        .map_err(&failed)?;
        with_tx!(self, db => sqlx::query(DELETE_OLD).bind(before).execute(db).await.map(drop))
            .map_err(&failed)
    }
}
