//! Shares: links that show something to everyone who has them. Only the SHA-256 of a link's token is stored.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx_macros::FromRow;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};
use crate::domain::ShareKind;

/// A share, without its token.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize, ToSchema)]
#[schema(as = ShareView)]
pub struct Share {
    /// The share's id.
    pub id: i64,
    /// What the share shows: `story`, `list`, `wall` or `give`.
    #[schema(value_type = String, example = "story")]
    pub kind: ShareKind,
    /// The client whose story, list, wall or flock it is about; null if it is about a flock.
    pub client_id: Option<String>,
    /// The flock that it is about; null if it is about a client.
    pub flock_id: Option<String>,
    /// The story; null for other kinds.
    pub story_id: Option<Uuid>,
    /// The bookmark list; null for other kinds.
    pub list_id: Option<i64>,
    /// Whether stories of private Sparrows are shown.
    pub is_private_ok: bool,
    /// What the share is for; empty if it was not stated.
    pub comment: String,
    /// Who created the share.
    pub created_by: String,
    /// How often the share was opened. Turning pages, robots and the same browser again within four hours do not count.
    pub opens: i64,
    /// When the share was last opened; null if never.
    pub last_opened: Option<DateTime<Utc>>,
    /// When the share expires.
    pub date_expires: DateTime<Utc>,
    /// When the share was revoked; null if it was not.
    pub date_revoked: Option<DateTime<Utc>>,
    /// When the share was created.
    pub date_created: DateTime<Utc>,
}

impl Share {
    /// Returns whether the share's link works.
    #[must_use]
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.date_revoked.is_none() && self.date_expires > now
    }
}

/// A share to insert.
#[derive(Debug, Clone, Copy)]
pub struct NewShare<'a> {
    /// SHA-256 of the token.
    pub sha256: &'a [u8; 32],
    /// What the share shows.
    pub kind: ShareKind,
    /// The client that it is about.
    pub client_id: Option<&'a str>,
    /// The flock that it is about.
    pub flock_id: Option<&'a str>,
    /// The story.
    pub story_id: Option<Uuid>,
    /// The bookmark list.
    pub list_id: Option<i64>,
    /// Whether stories of private Sparrows are shown.
    pub is_private_ok: bool,
    /// What the share is for.
    pub comment: &'a str,
    /// Who creates the share.
    pub created_by: &'a str,
    /// When the share expires.
    pub date_expires: DateTime<Utc>,
    /// Current time.
    pub now: DateTime<Utc>,
}

const BY_ID: &str = "SELECT * FROM share WHERE id = $1";

impl Store {
    /// Returns the share whose token has this SHA-256, even if it has expired or was revoked.
    pub async fn share_by_sha256(&self, sha256: &[u8; 32]) -> Result<Option<Share>, StoreError> {
        const SQL: &str = "SELECT * FROM share WHERE sha256 = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(&sha256[..]).fetch_optional(db).await)
            .map_err(StoreError::failed("look for a share"))
    }

    /// Returns the share with this id, even if it has expired or was revoked.
    pub async fn share(&self, id: i64) -> Result<Option<Share>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a share"))
    }

    /// Returns the shares about a client with an id below `before`, newest first, at most `limit`.
    pub async fn shares_of_client(
        &self,
        client_id: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Share>, StoreError> {
        const SQL: &str =
            "SELECT * FROM share WHERE client_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(before)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list a client's shares"))
    }

    /// Returns all shares with an id below `before`, newest first, at most `limit`.
    pub async fn shares(&self, before: i64, limit: i64) -> Result<Vec<Share>, StoreError> {
        const SQL: &str = "SELECT * FROM share WHERE id < $1 ORDER BY id DESC LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(before).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("list the shares"))
    }

    /// Returns the newest shares of a story, newest first, at most `limit`.
    pub async fn shares_of_story(
        &self,
        story_id: Uuid,
        limit: i64,
    ) -> Result<Vec<Share>, StoreError> {
        const SQL: &str = "SELECT * FROM share WHERE story_id = $1 ORDER BY id DESC LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(story_id).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("list a story's shares"))
    }
}

impl Tx {
    /// Inserts a share.
    pub async fn insert_share(&mut self, new: NewShare<'_>) -> Result<Share, StoreError> {
        const SQL: &str = "INSERT INTO share (sha256, kind, client_id, flock_id, story_id, list_id, \
             is_private_ok, comment, created_by, opens, date_expires, date_created) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11) RETURNING *";
        with_tx!(self, db => sqlx::query_as(SQL)
            .bind(&new.sha256[..])
            .bind(new.kind)
            .bind(new.client_id)
            .bind(new.flock_id)
            .bind(new.story_id)
            .bind(new.list_id)
            .bind(new.is_private_ok)
            .bind(new.comment)
            .bind(new.created_by)
            .bind(new.date_expires)
            .bind(new.now)
            .fetch_one(db)
            .await)
        .map_err(StoreError::failed("add a share"))
    }

    /// Returns the share with this id as this transaction sees it.
    pub async fn share(&mut self, id: i64) -> Result<Option<Share>, StoreError> {
        with_tx!(self, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a share"))
    }

    /// Returns the number of shares about a client.
    pub async fn count_shares(&mut self, client_id: &str) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM share WHERE client_id = $1";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(client_id).fetch_one(db).await)
            .map_err(StoreError::failed("count a client's shares"))
    }

    /// Revokes a share. A share that was revoked before keeps its date.
    pub async fn revoke_share(&mut self, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE share SET date_revoked = $2 WHERE id = $1 AND date_revoked IS NULL";
        with_tx!(self, db => sqlx::query(SQL).bind(id).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("revoke a share"))
    }

    /// Counts that a share was opened.
    pub async fn count_share_open(
        &mut self,
        id: i64,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE share SET opens = opens + 1, last_opened = $2 WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("count that a share was opened"))
    }

    /// Deletes the shares about a client.
    pub async fn delete_shares_of_client(&mut self, client_id: &str) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM share WHERE client_id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(client_id).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete a client's shares"))
    }

    /// Deletes the shares that expired before `before`.
    pub async fn delete_old_shares(&mut self, before: DateTime<Utc>) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM share WHERE date_expires < $1";
        with_tx!(self, db => sqlx::query(SQL).bind(before).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete old shares"))
    }
}
