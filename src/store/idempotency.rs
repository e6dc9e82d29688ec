//! Idempotency keys: a request that is sent again is the same request.
//!
//! A key's row has the task that its request became, or the answer to it. Without either, the request is still under way
//! or was cut off.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A client's key for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Who used it, and for which call: the same key elsewhere is another one.
    pub scope: String,
    /// As the client sent it.
    pub key: String,
    /// SHA-256 of the request.
    pub fingerprint: [u8; 32],
}

/// What is known of a key's first request.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct IdempotencyRecord {
    /// SHA-256 of the request.
    pub fingerprint: Vec<u8>,
    /// The task that the request became; absent for a request that becomes none.
    pub task_id: Option<Uuid>,
    /// The answer's status; absent for tasks, and while the request is under way or when it was cut off.
    pub status: Option<i32>,
    /// The headers that belong to the answer.
    #[sqlx(json(nullable))]
    pub headers: Option<Value>,
    /// The answer's body; absent where it held a secret.
    pub body: Option<Vec<u8>>,
}

impl Store {
    /// Returns what is known of a key's first request, if it came since `since`.
    pub async fn idempotency_record(
        &self,
        key: &IdempotencyKey,
        since: DateTime<Utc>,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        const SQL: &str = "SELECT fingerprint, task_id, status, headers, body FROM idempotency_key \
             WHERE scope = $1 AND key = $2 AND date_created >= $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(&key.scope)
            .bind(&key.key)
            .bind(since)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("look for an idempotency key"))
    }
}

impl Tx {
    /// Takes a key for a task, or for a request whose answer is kept; false when it is taken already. One from before
    /// `since` is taken anew.
    pub async fn acquire_idempotency_key(
        &mut self,
        key: &IdempotencyKey,
        task_id: Option<Uuid>,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO idempotency_key (scope, key, fingerprint, task_id, date_created) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope, key) DO UPDATE \
             SET fingerprint = excluded.fingerprint, task_id = excluded.task_id, \
             status = NULL, headers = NULL, body = NULL, date_created = excluded.date_created \
             WHERE idempotency_key.date_created < $6";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&key.scope)
            .bind(&key.key)
            .bind(&key.fingerprint[..])
            .bind(task_id)
            .bind(now)
            .bind(since)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("take an idempotency key"))
    }

    /// Keeps the answer to a key's request.
    pub async fn save_response(
        &mut self,
        key: &IdempotencyKey,
        status: u16,
        headers: &Value,
        body: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE idempotency_key SET status = $3, headers = $4, body = $5 \
             WHERE scope = $1 AND key = $2";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&key.scope)
            .bind(&key.key)
            .bind(i32::from(status))
            .bind(Json(headers))
            .bind(body)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("keep an answer"))
    }

    /// Gives a key back whose request changed nothing. A key that has a task or an answer stays.
    pub async fn release_idempotency_key(
        &mut self,
        key: &IdempotencyKey,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM idempotency_key \
             WHERE scope = $1 AND key = $2 AND task_id IS NULL AND status IS NULL";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&key.scope)
            .bind(&key.key)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("give an idempotency key back"))
    }

    /// Forgets the keys from before `since`, and returns how many there were.
    pub async fn delete_old_idempotency_keys(
        &mut self,
        since: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM idempotency_key WHERE date_created < $1";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(since)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("forget old idempotency keys"))
    }
}
