//! The secrets that our own signed addresses are signed with; they change, and old ones stay as long as an address of
//! theirs may be good.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A secret.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct SigningKey {
    /// Its bytes.
    pub secret: Vec<u8>,
    /// Since when it signs.
    pub date_created: DateTime<Utc>,
}

impl Store {
    /// Every secret, the newest first: there are a few.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        const SQL: &str = "SELECT secret, date_created FROM signing_key \
             WHERE id > (SELECT MAX(id) - 100 FROM signing_key) ORDER BY id DESC";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_all(db).await)
            .map_err(StoreError::failed("read the signing keys"))
    }
}

impl Tx {
    /// Adds a secret, and forgets those made before `old`.
    pub async fn add_signing_key(
        &mut self,
        key: &SigningKey,
        old: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const ADD: &str = "INSERT INTO signing_key (secret, date_created) VALUES ($1, $2)";
        const FORGET: &str = "DELETE FROM signing_key WHERE date_created < $1";
        let failed = StoreError::failed("add a signing key");
        with_tx!(self, db => sqlx::query(ADD)
            .bind(&key.secret)
            .bind(key.date_created)
            .execute(db)
            .await
            .map(drop))
        .map_err(&failed)?;
        with_tx!(self, db => sqlx::query(FORGET).bind(old).execute(db).await.map(drop))
            .map_err(&failed)
    }
}
