//! What was learned of a client, beside what was put.

use chrono::{DateTime, Utc};

use super::memory::ONE_PATTERN;
use super::{Pattern, Store, StoreError, Tx, with_read_pool, with_tx};

impl Store {
    /// A client's patterns of the highest confidence, as it was when each was last noticed; at most `limit`.
    pub async fn strongest_patterns(
        &self,
        client_id: &str,
        limit: i64,
    ) -> Result<Vec<Pattern>, StoreError> {
        const SQL: &str = "SELECT type, key, value, confidence, evidence, date_created, date_updated \
             FROM user_pattern WHERE client_id = $1 ORDER BY confidence DESC LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(client_id).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("list a client's strongest patterns"))
    }

    /// When the newest of a client's insights of a type was noticed.
    pub async fn last_insight_date(
        &self,
        client_id: &str,
        kind: &str,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        const SQL: &str =
            "SELECT MAX(date_created) FROM user_insight WHERE client_id = $1 AND type = $2";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(client_id).bind(kind).fetch_one(db).await)
            .map_err(StoreError::failed("look for a client's last insight"))
    }
}

impl Tx {
    /// One of a client's patterns, as this transaction sees it.
    pub async fn pattern(
        &mut self,
        client_id: &str,
        kind: &str,
        key: &str,
    ) -> Result<Option<Pattern>, StoreError> {
        with_tx!(self, db => sqlx::query_as(ONE_PATTERN)
            .bind(client_id)
            .bind(kind)
            .bind(key)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read a pattern"))
    }

    /// Forgets what was learned of a client beyond the `keep` patterns of the highest confidence; what was put stays.
    pub async fn delete_weakest_patterns(
        &mut self,
        client_id: &str,
        keep: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM user_pattern WHERE client_id = $1 AND evidence IS NOT NULL \
             AND (type, key) IN (SELECT type, key FROM user_pattern WHERE client_id = $1 \
             AND evidence IS NOT NULL ORDER BY confidence DESC LIMIT 1000 OFFSET $2)";
        with_tx!(self, db => sqlx::query(SQL).bind(client_id).bind(keep).execute(db).await.map(drop))
            .map_err(StoreError::failed("forget the weakest patterns"))
    }

    /// Forgets a client's insights of a type but the newest `keep`.
    pub async fn delete_old_insights(
        &mut self,
        client_id: &str,
        kind: &str,
        keep: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM user_insight WHERE client_id = $1 AND type = $2 AND id IN \
             (SELECT id FROM user_insight WHERE client_id = $1 AND type = $2 \
             ORDER BY id DESC LIMIT 1000 OFFSET $3)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(client_id)
            .bind(kind)
            .bind(keep)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("forget old insights"))
    }
}
