//! API tokens. What is kept of a token is its SHA-256.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Store, StoreError, Tx, like, with_read_pool, with_tx};
use crate::domain::ScopeName;

/// A token, without what could be used in its place.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Token {
    /// Grows with every token.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// How far it goes.
    pub scope: ScopeName,
    /// Whose it is, if it is a device's; the table sees to that.
    pub client_id: Option<String>,
    /// SHA-256 of the token.
    pub sha256: Vec<u8>,
    /// Its last four characters.
    pub hint: String,
    /// Who asked for it, or [`Token::BY_PAIRING`].
    pub created_by: String,
    /// From when on it is worth nothing.
    pub date_expires: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub date_revoked: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used: Option<DateTime<Utc>>,
    /// When it was made.
    pub date_created: DateTime<Utc>,
    /// When it was last changed.
    pub date_updated: DateTime<Utc>,
}

impl Token {
    /// In the place of a person: the token was made by a device that was paired.
    pub const BY_PAIRING: &str = "pairing";
}

/// A token to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// What it is for.
    pub name: &'a str,
    /// How far it goes.
    pub scope: ScopeName,
    /// Whose it is, if it is a device's.
    pub client_id: Option<&'a str>,
    /// SHA-256 of the token.
    pub sha256: &'a [u8; 32],
    /// Its last four characters.
    pub hint: &'a str,
    /// Who asked for it.
    pub created_by: &'a str,
    /// From when on it is worth nothing.
    pub date_expires: Option<DateTime<Utc>>,
    /// When it is made.
    pub now: DateTime<Utc>,
}

const BY_ID: &str = "SELECT * FROM api_token WHERE id = $1";

impl Store {
    /// The token with this SHA-256, however it stands.
    pub async fn token_by_sha256(&self, sha256: &[u8; 32]) -> Result<Option<Token>, StoreError> {
        const SQL: &str = "SELECT * FROM api_token WHERE sha256 = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(&sha256[..]).fetch_optional(db).await)
            .map_err(StoreError::failed("look for a token"))
    }

    /// The token with this id.
    pub async fn token(&self, id: i64) -> Result<Option<Token>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a token"))
    }

    /// Tokens with ids below `before` whose name or client contains `text`, the newest first, at most `limit`.
    pub async fn tokens(
        &self,
        before: i64,
        text: &str,
        limit: i64,
    ) -> Result<Vec<Token>, StoreError> {
        const SQL: &str = "SELECT * FROM api_token WHERE id < $1 \
             AND (lower(name) LIKE lower($2) ESCAPE '!' OR lower(client_id) LIKE lower($2) ESCAPE '!') \
             ORDER BY id DESC LIMIT $3";
        let pattern = like::containing(text);
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(before)
            .bind(&pattern)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list tokens"))
    }
}

impl Tx {
    /// Keeps a token; its id.
    pub async fn add_token(&mut self, new: NewToken<'_>) -> Result<i64, StoreError> {
        const SQL: &str = "INSERT INTO api_token (name, scope, client_id, sha256, hint, \
             created_by, date_expires, date_created, date_updated) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(new.name)
            .bind(new.scope)
            .bind(new.client_id)
            .bind(&new.sha256[..])
            .bind(new.hint)
            .bind(new.created_by)
            .bind(new.date_expires)
            .bind(new.now)
            .fetch_one(db)
            .await)
        .map_err(StoreError::failed("keep a token"))
    }

    /// The token with this id, as this transaction sees it.
    pub async fn token(&mut self, id: i64) -> Result<Option<Token>, StoreError> {
        with_tx!(self, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a token"))
    }

    /// Gives a token another name.
    pub async fn rename_token(
        &mut self,
        id: i64,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE api_token SET name = $2, date_updated = $3 WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).bind(name).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("rename a token"))
    }

    /// Takes a token back; one that was taken back before keeps that date.
    pub async fn revoke_token(&mut self, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE api_token SET date_revoked = $2, date_updated = $2 \
             WHERE id = $1 AND date_revoked IS NULL";
        with_tx!(self, db => sqlx::query(SQL).bind(id).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("revoke a token"))
    }

    /// Takes back every token that a client got by pairing; their ids.
    pub async fn revoke_paired_tokens(
        &mut self,
        client_id: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<i64>, StoreError> {
        const SQL: &str = "UPDATE api_token SET date_revoked = $2, date_updated = $2 \
             WHERE client_id = $1 AND created_by = $3 AND date_revoked IS NULL RETURNING id";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(client_id)
            .bind(now)
            .bind(Token::BY_PAIRING)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("revoke a client's tokens"))
    }

    /// Notes that a token was used, unless a use after `since` is noted already.
    pub async fn update_token_last_used(
        &mut self,
        id: i64,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE api_token SET last_used = $3 \
             WHERE id = $1 AND (last_used IS NULL OR last_used <= $2)";
        with_tx!(self, db => sqlx::query(SQL).bind(id).bind(since).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("note a token's use"))
    }
}
