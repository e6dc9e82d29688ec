//! API tokens. Only the SHA-256 of a token is stored.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;

use super::{Store, StoreError, Tx, like, with_read_pool, with_tx};
use crate::domain::ScopeName;

/// An API token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Token {
    /// Token id; increases with each token.
    pub id: i64,
    /// What the token is for.
    pub name: String,
    /// What the token permits.
    pub scope: ScopeName,
    /// The client id of a device's token; `None` for other scopes. The table has a constraint for it.
    pub client_id: Option<String>,
    /// SHA-256 of the token.
    pub sha256: Vec<u8>,
    /// The last four characters of the token.
    pub hint: String,
    /// Name of the principal that created the token, or [`Token::BY_PAIRING`].
    pub created_by: String,
    /// When the token expires; `None` for never.
    pub date_expires: Option<DateTime<Utc>>,
    /// When the token was revoked.
    pub date_revoked: Option<DateTime<Utc>>,
    /// When the token was last used, to the minute.
    pub last_used: Option<DateTime<Utc>>,
    /// When the token was created.
    pub date_created: DateTime<Utc>,
    /// When the token was last changed.
    pub date_updated: DateTime<Utc>,
}

impl Token {
    /// The value of `created_by` for a token that a device got by pairing.
    pub const BY_PAIRING: &str = "pairing";
}

/// An API token to insert.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// What the token is for.
    pub name: &'a str,
    /// What the token permits.
    pub scope: ScopeName,
    /// The client id of a device's token; `None` for other scopes.
    pub client_id: Option<&'a str>,
    /// SHA-256 of the token.
    pub sha256: &'a [u8; 32],
    /// The last four characters of the token.
    pub hint: &'a str,
    /// Name of the principal that creates the token, or [`Token::BY_PAIRING`].
    pub created_by: &'a str,
    /// When the token expires; `None` for never.
    pub date_expires: Option<DateTime<Utc>>,
    /// Current time.
    pub now: DateTime<Utc>,
}

const BY_ID: &str = "SELECT * FROM api_token WHERE id = $1";

impl Store {
    /// Returns the token with this SHA-256, even if it has expired or was revoked.
    pub async fn token_by_sha256(&self, sha256: &[u8; 32]) -> Result<Option<Token>, StoreError> {
        const SQL: &str = "SELECT * FROM api_token WHERE sha256 = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(&sha256[..]).fetch_optional(db).await)
            .map_err(StoreError::failed("look for a token"))
    }

    /// Returns the token with this id.
    pub async fn token(&self, id: i64) -> Result<Option<Token>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a token"))
    }

    /// Returns tokens with an id below `before` whose name or client contains `text`, newest first, at most `limit`.
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
    /// Inserts a token and returns its id.
    pub async fn insert_token(&mut self, new: NewToken<'_>) -> Result<i64, StoreError> {
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
        .map_err(StoreError::failed("insert a token"))
    }

    /// Returns the token with this id as this transaction sees it.
    pub async fn token(&mut self, id: i64) -> Result<Option<Token>, StoreError> {
        with_tx!(self, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a token"))
    }

    /// Changes a token's name.
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

    /// Revokes a token. A token that was revoked before keeps its date.
    pub async fn revoke_token(&mut self, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE api_token SET date_revoked = $2, date_updated = $2 \
             WHERE id = $1 AND date_revoked IS NULL";
        with_tx!(self, db => sqlx::query(SQL).bind(id).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("revoke a token"))
    }

    /// Revokes all tokens that a client got by pairing. Returns their ids.
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

    /// Records that a token was used, unless a use after `since` is recorded already.
    pub async fn update_token_last_used(
        &mut self,
        id: i64,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE api_token SET last_used = $3 \
             WHERE id = $1 AND (last_used IS NULL OR last_used <= $2)";
        with_tx!(self, db => sqlx::query(SQL).bind(id).bind(since).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("record a token's use"))
    }
}
