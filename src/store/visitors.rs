//! Visitors who agreed to give photos by a share, each with a client of their own.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A visitor.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Visitor {
    /// The visitor's own client.
    pub client_id: String,
    /// The share by which the visitor came; `None` once it was deleted.
    pub share_id: Option<i64>,
    /// When the visitor agreed.
    pub date_created: DateTime<Utc>,
    /// When everything of the visitor is erased.
    pub date_expires: DateTime<Utc>,
}

impl Store {
    /// Returns the visitor whose secret has this SHA-256.
    pub async fn visitor_by_sha256(
        &self,
        sha256: &[u8; 32],
    ) -> Result<Option<Visitor>, StoreError> {
        const SQL: &str =
            "SELECT client_id, share_id, date_created, date_expires FROM visitor WHERE sha256 = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(&sha256[..]).fetch_optional(db).await)
            .map_err(StoreError::failed("look for a visitor"))
    }

    /// Returns the clients of visitors whose time was over before `now`, at most `limit`.
    pub async fn expired_visitors(
        &self,
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str =
            "SELECT client_id FROM visitor WHERE date_expires < $1 ORDER BY date_expires LIMIT $2";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(now).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("list the visitors whose time is over"))
    }
}

impl Tx {
    /// Returns the number of visitors who came by a share.
    pub async fn count_visitors(&mut self, share_id: i64) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM visitor WHERE share_id = $1";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(share_id).fetch_one(db).await)
            .map_err(StoreError::failed("count the visitors of a share"))
    }

    /// Inserts a visitor. `sha256` is the SHA-256 of the visitor's secret.
    pub async fn insert_visitor(
        &mut self,
        visitor: &Visitor,
        sha256: &[u8; 32],
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO visitor (client_id, share_id, sha256, date_created, date_expires) \
             VALUES ($1, $2, $3, $4, $5)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&visitor.client_id)
            .bind(visitor.share_id)
            .bind(&sha256[..])
            .bind(visitor.date_created)
            .bind(visitor.date_expires)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("add a visitor"))
    }

    /// Deletes the row of a visitor, so that the visitor's cookie opens nothing any more.
    pub async fn delete_visitor(&mut self, client_id: &str) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM visitor WHERE client_id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(client_id).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete a visitor"))
    }
}
