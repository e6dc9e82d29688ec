//! Pairing requests. A device shows a code, waits until an admin approves it, and collects its token once.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A device's request for a token.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Pairing {
    /// Request id; increases with each request.
    pub id: i64,
    /// The code that the device shows, without the dash.
    pub code: String,
    /// The client id that the device claims.
    pub client_id: String,
    /// The model that the device reports.
    pub model: Option<String>,
    /// The firmware that the device reports.
    pub firmware: Option<String>,
    /// Network address of the device.
    pub address: String,
    /// When the request was made.
    pub date_created: DateTime<Utc>,
    /// End of the time in which the request may be approved, or after approval its token collected.
    pub date_expires: DateTime<Utc>,
    /// When the request was approved.
    pub date_approved: Option<DateTime<Utc>>,
    /// Name of the principal that approved the request.
    pub approved_by: Option<String>,
    /// When the device collected its token.
    pub date_collected: Option<DateTime<Utc>>,
}

/// A request that waits for approval.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct WaitingPairing {
    /// Request id.
    pub id: i64,
    /// Network address of the device.
    pub address: String,
}

/// A pairing request to insert.
#[derive(Debug, Clone, Copy)]
pub struct NewPairing<'a> {
    /// The code that the device shows, without the dash.
    pub code: &'a str,
    /// SHA-256 of the token that the device polls with.
    pub poll_sha256: &'a [u8; 32],
    /// The client id that the device claims.
    pub client_id: &'a str,
    /// The model that the device reports.
    pub model: Option<&'a str>,
    /// The firmware that the device reports.
    pub firmware: Option<&'a str>,
    /// Network address of the device.
    pub address: &'a str,
    /// End of the time in which the request may be approved.
    pub until: DateTime<Utc>,
    /// Current time.
    pub now: DateTime<Utc>,
}

impl Store {
    /// Returns the request whose poll token has this SHA-256, regardless of its status.
    pub async fn pairing_by_poll_token(
        &self,
        poll_sha256: &[u8; 32],
    ) -> Result<Option<Pairing>, StoreError> {
        const SQL: &str = "SELECT * FROM pairing WHERE poll_sha256 = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(&poll_sha256[..]).fetch_optional(db).await)
            .map_err(StoreError::failed("look for a pairing"))
    }

    /// Returns requests with an id above `after` that wait for approval or collection, oldest first, at most `limit`.
    pub async fn open_pairings(
        &self,
        after: i64,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<Vec<Pairing>, StoreError> {
        const SQL: &str = "SELECT * FROM pairing \
             WHERE id > $1 AND date_expires > $2 AND date_collected IS NULL ORDER BY id LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(after)
            .bind(now)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list pairings"))
    }
}

impl Tx {
    /// Returns the requests that wait for approval.
    pub async fn waiting_pairings(
        &mut self,
        now: DateTime<Utc>,
    ) -> Result<Vec<WaitingPairing>, StoreError> {
        const SQL: &str = "SELECT id, address FROM pairing \
             WHERE date_expires > $1 AND date_collected IS NULL AND date_approved IS NULL";
        with_tx!(self, db => sqlx::query_as(SQL).bind(now).fetch_all(db).await)
            .map_err(StoreError::failed("count pairings"))
    }

    /// Deletes a request.
    pub async fn delete_pairing(&mut self, id: i64) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM pairing WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete a pairing"))
    }

    /// Inserts a request. Earlier ones of the client stay.
    pub async fn begin_pairing(&mut self, new: NewPairing<'_>) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO pairing \
             (code, poll_sha256, client_id, model, firmware, address, date_created, date_expires) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(new.code)
            .bind(&new.poll_sha256[..])
            .bind(new.client_id)
            .bind(new.model)
            .bind(new.firmware)
            .bind(new.address)
            .bind(new.now)
            .bind(new.until)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("save a pairing"))
    }

    /// Deletes the requests of a client that wait for approval, except one.
    pub async fn delete_other_pairings(
        &mut self,
        client_id: &str,
        id: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM pairing WHERE client_id = $1 AND id <> $2 \
             AND date_collected IS NULL AND date_approved IS NULL";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(client_id)
            .bind(id)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("delete pairings"))
    }

    /// Approves an open request and lets the device collect its token until `until`. Returns `None` if no such
    /// request is waiting.
    pub async fn approve_pairing(
        &mut self,
        code: &str,
        approved_by: &str,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Pairing>, StoreError> {
        const SQL: &str = "UPDATE pairing SET date_approved = $2, approved_by = $3, \
             date_expires = $4 WHERE code = $1 AND date_approved IS NULL AND date_expires > $2 \
             RETURNING *";
        with_tx!(self, db => sqlx::query_as(SQL)
            .bind(code)
            .bind(now)
            .bind(approved_by)
            .bind(until)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("approve a pairing"))
    }

    /// Reports whether a request with this code was approved.
    pub async fn is_pairing_approved(&mut self, code: &str) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT id FROM pairing WHERE code = $1 AND date_approved IS NOT NULL";
        let found: Option<i64> =
            with_tx!(self, db => sqlx::query_scalar(SQL).bind(code).fetch_optional(db).await)
                .map_err(StoreError::failed("look for a pairing"))?;
        Ok(found.is_some())
    }

    /// Marks an approved request as collected, which succeeds once. Returns `None` if the request cannot be
    /// collected.
    pub async fn collect_pairing(
        &mut self,
        poll_sha256: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<Pairing>, StoreError> {
        const SQL: &str = "UPDATE pairing SET date_collected = $2 WHERE poll_sha256 = $1 \
             AND date_approved IS NOT NULL AND date_collected IS NULL AND date_expires > $2 \
             RETURNING *";
        with_tx!(self, db => sqlx::query_as(SQL)
            .bind(&poll_sha256[..])
            .bind(now)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("collect a pairing"))
    }

    /// Deletes a request whose token was not collected. Returns `None` if no such request is open.
    pub async fn reject_pairing(
        &mut self,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Pairing>, StoreError> {
        const SQL: &str = "DELETE FROM pairing \
             WHERE code = $1 AND date_collected IS NULL AND date_expires > $2 RETURNING *";
        with_tx!(self, db => sqlx::query_as(SQL).bind(code).bind(now).fetch_optional(db).await)
            .map_err(StoreError::failed("refuse a pairing"))
    }

    /// Deletes requests that expired before `before`. Returns their number.
    pub async fn delete_expired_pairings(
        &mut self,
        before: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM pairing WHERE date_expires < $1";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(before)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("delete expired pairings"))
    }
}
