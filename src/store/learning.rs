//! Patterns and insights that were learned about a client, as opposed to those that someone set.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::QueryBuilder;
use sqlx::types::Json;
use sqlx_macros::FromRow;

use super::{ContextEntry, Pattern, Store, StoreError, Tx, with_read_pool, with_tx};

/// How much of each kind [`Store::client_knowledge`] returns.
#[derive(Debug, Clone, Copy)]
pub struct KnowledgeLimits {
    /// The most patterns.
    pub patterns: i64,
    /// The most context entries.
    pub context: i64,
    /// The most insights.
    pub insights: i64,
}

/// What is known about a client.
#[derive(Debug, Default)]
pub struct ClientKnowledge {
    /// Patterns, those with the highest confidence first. It is the one of the last observation, not decayed.
    pub patterns: Vec<Pattern>,
    /// Keys and values of context that has not expired, in the order of session and key.
    pub context: Vec<(String, Value)>,
    /// The contents of insights, the most important first, then the newest.
    pub insights: Vec<Value>,
}

#[derive(FromRow)]
struct KnownRow {
    source: i32,
    kind: String,
    key: String,
    #[sqlx(json)]
    value: Value,
    weight: f64,
    evidence: Option<f64>,
    date_created: DateTime<Utc>,
    date_updated: DateTime<Utc>,
}

impl KnownRow {
    fn into_pattern(self) -> Pattern {
        let Self { kind, key, value, weight, evidence, date_created, date_updated, .. } = self;
        Pattern { kind, key, value, confidence: weight, evidence, date_created, date_updated }
    }
}

impl Store {
    /// Returns what storytellers may get to know about a client at `now`, at most as much as `limits` say.
    pub async fn client_knowledge(
        &self,
        client_id: &str,
        now: DateTime<Utc>,
        limits: KnowledgeLimits,
    ) -> Result<ClientKnowledge, StoreError> {
        const SQL: &str = "SELECT 1 AS source, type AS kind, key, value, confidence AS weight, evidence, \
             CAST(0 AS BIGINT) AS id, date_created, date_updated FROM \
             (SELECT * FROM user_pattern WHERE client_id = $1 ORDER BY confidence DESC LIMIT $2) AS known \
             UNION ALL SELECT 2, session_id, key, value, 0.0, NULL, 0, date_created, date_updated FROM \
             (SELECT * FROM conversation_context WHERE client_id = $1 \
             AND (date_expires IS NULL OR date_expires > $5) ORDER BY session_id, key LIMIT $3) AS known \
             UNION ALL SELECT 3, type, '', data, importance, NULL, id, date_created, date_created FROM \
             (SELECT * FROM user_insight WHERE client_id = $1 \
             ORDER BY importance DESC, id DESC LIMIT $4) AS known \
             ORDER BY source, weight DESC, id DESC, kind, key";
        let rows: Vec<KnownRow> = with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(limits.patterns)
            .bind(limits.context)
            .bind(limits.insights)
            .bind(now)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("read what is known about a client"))?;
        let mut known = ClientKnowledge::default();
        for row in rows {
            match row.source {
                1 => known.patterns.push(row.into_pattern()),
                2 => known.context.push((row.key, row.value)),
                _ => known.insights.push(row.value),
            }
        }
        Ok(known)
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
    /// Returns those of a client's patterns that have one of these types and keys, as this transaction sees them.
    pub async fn patterns_named(
        &mut self,
        client_id: &str,
        names: &[(&str, &str)],
    ) -> Result<Vec<Pattern>, StoreError> {
        const SQL: &str = "SELECT type, key, value, confidence, evidence, date_created, date_updated \
             FROM user_pattern WHERE client_id = ";
        if names.is_empty() {
            return Ok(Vec::new());
        }
        with_tx!(self, db => {
            let mut select = QueryBuilder::new(SQL);
            select.push_bind(client_id).push(" AND (type, key) IN (");
            select.push_values(names, |mut row, (kind, key)| {
                row.push_bind(*kind).push_bind(*key);
            });
            select.push(")").build_query_as().fetch_all(db).await
        })
        .map_err(StoreError::failed("read patterns"))
    }

    /// Inserts a client's patterns or replaces those with their types and keys, which must differ.
    pub async fn upsert_patterns(
        &mut self,
        client_id: &str,
        patterns: &[Pattern],
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO user_pattern \
             (client_id, type, key, value, confidence, evidence, date_created, date_updated) ";
        const REPLACE: &str = " ON CONFLICT (client_id, type, key) DO UPDATE \
             SET value = excluded.value, confidence = excluded.confidence, evidence = excluded.evidence, \
             date_updated = excluded.date_updated";
        if patterns.is_empty() {
            return Ok(());
        }
        with_tx!(self, db => {
            let mut insert = QueryBuilder::new(SQL);
            insert.push_values(patterns, |mut row, pattern| {
                row.push_bind(client_id)
                    .push_bind(&pattern.kind)
                    .push_bind(&pattern.key)
                    .push_bind(Json(&pattern.value))
                    .push_bind(pattern.confidence)
                    .push_bind(pattern.evidence)
                    .push_bind(pattern.date_updated)
                    .push_bind(pattern.date_updated);
            });
            insert.push(REPLACE).build().execute(db).await.map(drop)
        })
        .map_err(StoreError::failed("save patterns"))
    }

    /// Inserts a client's context entries or replaces those with their sessions and keys, which must differ.
    pub async fn upsert_context_entries(
        &mut self,
        client_id: &str,
        entries: &[ContextEntry],
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO conversation_context \
             (client_id, session_id, key, value, date_created, date_updated, date_expires) ";
        const REPLACE: &str = " ON CONFLICT (client_id, session_id, key) DO UPDATE \
             SET value = excluded.value, date_updated = excluded.date_updated, \
             date_expires = excluded.date_expires";
        if entries.is_empty() {
            return Ok(());
        }
        with_tx!(self, db => {
            let mut insert = QueryBuilder::new(SQL);
            insert.push_values(entries, |mut row, entry| {
                row.push_bind(client_id)
                    .push_bind(&entry.session_id)
                    .push_bind(&entry.key)
                    .push_bind(Json(&entry.value))
                    .push_bind(entry.date_updated)
                    .push_bind(entry.date_updated)
                    .push_bind(entry.date_expires);
            });
            insert.push(REPLACE).build().execute(db).await.map(drop)
        })
        .map_err(StoreError::failed("save context entries"))
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
