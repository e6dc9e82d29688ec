//! Patterns and insights that were learned about a client, as opposed to those that someone set.

use chrono::{DateTime, Utc};

use super::memory::ONE_PATTERN;
use super::{Pattern, Store, StoreError, Tx, with_read_pool, with_tx};

impl Store {
    /// Returns a client's patterns with the highest confidence, at most `limit`.
    ///
    /// The confidence is the one of the last observation; it is not decayed.
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

    /// Returns when the newest of a client's insights of a type was added.
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
    /// Returns a client's pattern as this transaction sees it.
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

    /// Deletes a client's learned patterns beyond the `keep` ones with the highest confidence. Patterns that someone
    /// set stay.
    pub async fn delete_weakest_patterns(
        &mut self,
        client_id: &str,
        keep: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM user_pattern WHERE client_id = $1 AND evidence IS NOT NULL \
             AND (type, key) IN (SELECT type, key FROM user_pattern WHERE client_id = $1 \
             AND evidence IS NOT NULL ORDER BY confidence DESC LIMIT 1000 OFFSET $2)";
        with_tx!(self, db => sqlx::query(SQL).bind(client_id).bind(keep).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete the weakest patterns"))
    }

    /// Deletes a client's insights of a type except the newest `keep`.
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
        .map_err(StoreError::failed("delete old insights"))
    }
}
