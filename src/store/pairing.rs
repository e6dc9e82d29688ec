//! Devices that ask for a token: each shows a code, waits for an admin to approve it, and collects its token once.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A device's request for a token.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Pairing {
    /// Grows with every request.
    pub id: i64,
    /// What the device shows, without the dash.
    pub code: String,
    /// Who the device says it is.
    pub client_id: String,
    /// What the device says it is.
    pub model: Option<String>,
    /// What the device says it runs.
    pub firmware: Option<String>,
    /// Where it asked from.
    pub address: String,
    /// When it asked.
    pub date_created: DateTime<Utc>,
    /// Until when it may be approved, or its token collected.
    pub date_expires: DateTime<Utc>,
    /// When it was approved.
    pub date_approved: Option<DateTime<Utc>>,
    /// By whom.
    pub approved_by: Option<String>,
    /// When the device took its token.
    pub date_collected: Option<DateTime<Utc>>,
}

/// A device's request, to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewPairing<'a> {
    /// What the device shows, without the dash.
    pub code: &'a str,
    /// SHA-256 of what the device polls with.
    pub poll_sha256: &'a [u8; 32],
    /// Who the device says it is.
    pub client_id: &'a str,
    /// What the device says it is.
    pub model: Option<&'a str>,
    /// What the device says it runs.
    pub firmware: Option<&'a str>,
    /// Where it asked from.
    pub address: &'a str,
    /// Until when it may be approved.
    pub until: DateTime<Utc>,
    /// When it asked.
    pub now: DateTime<Utc>,
}

impl Store {
    /// The request that is polled with the token of this SHA-256, however it stands.
    pub async fn pairing_by_poll_token(
        &self,
        poll_sha256: &[u8; 32],
    ) -> Result<Option<Pairing>, StoreError> {
        const SQL: &str = "SELECT * FROM pairing WHERE poll_sha256 = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(&poll_sha256[..]).fetch_optional(db).await)
            .map_err(StoreError::failed("look for a pairing"))
    }

    /// Requests after the one with id `after` that wait to be approved or collected, oldest first, at most `limit`.
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
    /// How many requests of clients other than this one are open.
    pub async fn count_other_open_pairings(
        &mut self,
        client_id: &str,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT count(*) FROM pairing \
             WHERE date_expires > $1 AND date_collected IS NULL AND client_id <> $2";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(now).bind(client_id).fetch_one(db).await)
            .map_err(StoreError::failed("count pairings"))
    }

    /// Keeps a request, in the place of the client's earlier one if that was not collected.
    pub async fn begin_pairing(&mut self, new: NewPairing<'_>) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO pairing \
             (code, poll_sha256, client_id, model, firmware, address, date_created, date_expires) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (client_id) WHERE date_collected IS NULL DO UPDATE SET \
             code = excluded.code, poll_sha256 = excluded.poll_sha256, model = excluded.model, \
             firmware = excluded.firmware, address = excluded.address, \
             date_created = excluded.date_created, date_expires = excluded.date_expires, \
             date_approved = NULL, approved_by = NULL";
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
        .map_err(StoreError::failed("keep a pairing"))
    }

    /// Approves an open request and gives the device until `until` to collect; `None` when there is none that waits.
    pub async fn approve_pairing(
        &mut self,
        code: &str,
        by: &str,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Pairing>, StoreError> {
        const SQL: &str = "UPDATE pairing SET date_approved = $2, approved_by = $3, \
             date_expires = $4 WHERE code = $1 AND date_approved IS NULL AND date_expires > $2 \
             RETURNING *";
        with_tx!(self, db => sqlx::query_as(SQL)
            .bind(code)
            .bind(now)
            .bind(by)
            .bind(until)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("approve a pairing"))
    }

    /// Whether a request with this code was approved.
    pub async fn is_pairing_approved(&mut self, code: &str) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT id FROM pairing WHERE code = $1 AND date_approved IS NOT NULL";
        let found: Option<i64> =
            with_tx!(self, db => sqlx::query_scalar(SQL).bind(code).fetch_optional(db).await)
                .map_err(StoreError::failed("look for a pairing"))?;
        Ok(found.is_some())
    }

    /// Marks an approved request as collected, which happens once; `None` when it cannot be.
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

    /// Removes a request whose token was not collected; `None` when there is none open.
    pub async fn refuse_pairing(
        &mut self,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Pairing>, StoreError> {
        const SQL: &str = "DELETE FROM pairing \
             WHERE code = $1 AND date_collected IS NULL AND date_expires > $2 RETURNING *";
        with_tx!(self, db => sqlx::query_as(SQL).bind(code).bind(now).fetch_optional(db).await)
            .map_err(StoreError::failed("refuse a pairing"))
    }

    /// Removes requests that expired before `before`; how many.
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
        .map_err(StoreError::failed("forget pairings"))
    }
}
