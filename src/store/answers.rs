//! Answers to requests with an Idempotency-Key that became no task.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;

use super::{KeyUse, Store, StoreError, Tx, read, within};

/// What is known of a key's first request.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct KeptAnswer {
    /// SHA-256 of the request.
    pub fingerprint: Vec<u8>,
    /// The answer's status; absent while the request is under way, or when it was cut off.
    pub status: Option<i32>,
    /// The headers that belong to the answer.
    #[sqlx(json(nullable))]
    pub headers: Option<Value>,
    /// The answer's body; absent where it held a secret.
    pub body: Option<Vec<u8>>,
    /// When the request came.
    pub date_created: DateTime<Utc>,
}

impl Store {
    /// What is known of a key's first request, if it came since `since`.
    pub async fn kept_answer(
        &self,
        key: &KeyUse,
        since: DateTime<Utc>,
    ) -> Result<Option<KeptAnswer>, StoreError> {
        const SQL: &str = "SELECT fingerprint, status, headers, body, date_created \
             FROM idempotency_answer WHERE scope = $1 AND key = $2 AND date_created >= $3";
        read!(self, db => sqlx::query_as(SQL)
            .bind(&key.scope)
            .bind(&key.key)
            .bind(since)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("look for an answer"))
    }
}

impl Tx {
    /// Takes a key for a request that begins; false when it is taken already. One from before `since` is taken anew.
    pub async fn begin_answer(
        &mut self,
        key: &KeyUse,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO idempotency_answer (scope, key, fingerprint, date_created) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (scope, key) DO UPDATE \
             SET fingerprint = excluded.fingerprint, date_created = excluded.date_created, \
             status = NULL, headers = NULL, body = NULL WHERE idempotency_answer.date_created < $5";
        within!(self, db => sqlx::query(SQL)
            .bind(&key.scope)
            .bind(&key.key)
            .bind(&key.fingerprint[..])
            .bind(now)
            .bind(since)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("take an idempotency key"))
    }

    /// Keeps the answer to a key's request.
    pub async fn keep_answer(
        &mut self,
        key: &KeyUse,
        status: u16,
        headers: &Value,
        body: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE idempotency_answer SET status = $3, headers = $4, body = $5 \
             WHERE scope = $1 AND key = $2";
        within!(self, db => sqlx::query(SQL)
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

    /// Gives a key back whose request changed nothing.
    pub async fn forget_answer(&mut self, key: &KeyUse) -> Result<(), StoreError> {
        const SQL: &str =
            "DELETE FROM idempotency_answer WHERE scope = $1 AND key = $2 AND status IS NULL";
        within!(self, db => sqlx::query(SQL)
            .bind(&key.scope)
            .bind(&key.key)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("give an idempotency key back"))
    }

    /// Forgets the answers to requests from before `since`.
    pub async fn forget_answers(&mut self, since: DateTime<Utc>) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM idempotency_answer WHERE date_created < $1";
        within!(self, db => sqlx::query(SQL).bind(since).execute(db).await.map(drop))
            .map_err(StoreError::failed("forget old answers"))
    }
}
