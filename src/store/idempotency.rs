//! Idempotency keys: a request that is sent again is the same request.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, read, within};

/// A client's key for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// Who used it, and for which call: the same key elsewhere is another one.
    pub scope: String,
    /// As the client sent it.
    pub key: String,
    /// SHA-256 of the request.
    pub fingerprint: [u8; 32],
}

/// What a key was used for before.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct UsedKey {
    /// SHA-256 of the request that it came with.
    pub fingerprint: Vec<u8>,
    /// The task that the request became.
    pub task_id: Uuid,
}

impl Store {
    /// What this key was used for, if it was since `since`.
    pub async fn used_key(
        &self,
        key: &KeyUse,
        since: DateTime<Utc>,
    ) -> Result<Option<UsedKey>, StoreError> {
        const SQL: &str = "SELECT fingerprint, task_id FROM idempotency_key \
             WHERE scope = $1 AND key = $2 AND date_created >= $3";
        read!(self, db => sqlx::query_as(SQL)
            .bind(&key.scope)
            .bind(&key.key)
            .bind(since)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("look for an idempotency key"))
    }
}

impl Tx {
    /// Uses a key for a task; false when it is in use already. One from before `since` is used anew.
    pub async fn use_key(
        &mut self,
        key: &KeyUse,
        task_id: Uuid,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO idempotency_key (scope, key, fingerprint, task_id, date_created) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope, key) DO UPDATE \
             SET fingerprint = excluded.fingerprint, task_id = excluded.task_id, \
             date_created = excluded.date_created WHERE idempotency_key.date_created < $6";
        within!(self, db => sqlx::query(SQL)
            .bind(&key.scope)
            .bind(&key.key)
            .bind(&key.fingerprint[..])
            .bind(task_id)
            .bind(now)
            .bind(since)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("use an idempotency key"))
    }

    /// Forgets the keys from before `since`; how many there were.
    pub async fn forget_keys(&mut self, since: DateTime<Utc>) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM idempotency_key WHERE date_created < $1";
        within!(self, db => sqlx::query(SQL)
            .bind(since)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("forget old idempotency keys"))
    }
}
