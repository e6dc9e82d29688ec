//! Idempotency keys, which make a repeated request have the effect of one.
//!
//! A key's row holds either the task that the request created or the response to it. If it has neither, the request
//! is still in progress or was interrupted.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A client's key for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The caller and the operation. The same key in another scope is a different key.
    pub scope: String,
    /// The key as the client sent it.
    pub key: String,
    /// SHA-256 of the request.
    pub fingerprint: [u8; 32],
}

/// The first request that used a key.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct IdempotencyRecord {
    /// SHA-256 of the request.
    pub fingerprint: Vec<u8>,
    /// The task that the request created; `None` for a request that creates none.
    pub task_id: Option<Uuid>,
    /// HTTP status of the response; `None` for tasks, and if the request is in progress or was interrupted.
    pub status: Option<i32>,
    /// Saved headers of the response.
    #[sqlx(json(nullable))]
    pub headers: Option<Value>,
    /// Body of the response; `None` if it contained a secret.
    pub body: Option<Vec<u8>>,
}

impl Store {
    /// Returns the first request that used a key, if it was made at or after `since`.
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
    /// Claims a key for a task, or for a request whose response will be saved. Returns `false` if the key is in use.
    ///
    /// A key that was claimed before `since` has expired and is claimed anew.
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
        .map_err(StoreError::failed("claim an idempotency key"))
    }

    /// Saves the response to a key's request.
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
        .map_err(StoreError::failed("save a response"))
    }

    /// Releases the key of a request that changed nothing. A key that has a task or a response stays.
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
        .map_err(StoreError::failed("release an idempotency key"))
    }

    /// Deletes the keys claimed before `since`. Returns their number.
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
        .map_err(StoreError::failed("delete old idempotency keys"))
    }
}
