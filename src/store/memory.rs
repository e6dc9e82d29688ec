//! Client memory: patterns, context and insights. Each statement concerns a single client, except the one that purges
//! expired context.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use sqlx_macros::FromRow;
use utoipa::ToSchema;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A known trait or preference of a client.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Pattern {
    /// Type of the pattern, such as `subject` or `colour`.
    #[sqlx(rename = "type")]
    pub kind: String,
    /// Key of the pattern; unique within its type.
    pub key: String,
    /// The pattern's value; any JSON.
    #[sqlx(json)]
    pub value: Value,
    /// Confidence from 0 to 1. For a learned pattern: as of the last observation.
    pub confidence: f64,
    /// Sum of the weights of what the pattern was learned from; `None` if someone set the pattern.
    pub evidence: Option<f64>,
    /// When the pattern was created.
    pub date_created: DateTime<Utc>,
    /// When the pattern was last set or observed.
    pub date_updated: DateTime<Utc>,
}

/// A fact about what currently concerns a client.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ContextEntry {
    /// Session id; empty if the entry belongs to no session.
    pub session_id: String,
    /// Key of the entry; unique within its session.
    pub key: String,
    /// The entry's value; any JSON.
    #[sqlx(json)]
    pub value: Value,
    /// When the entry was created.
    pub date_created: DateTime<Utc>,
    /// When the entry was last set.
    pub date_updated: DateTime<Utc>,
    /// When the entry expires; `None` for never.
    pub date_expires: Option<DateTime<Utc>>,
}

/// An observation about a client.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = InsightView)]
pub struct Insight {
    /// Insight id; increases with time.
    pub id: i64,
    /// Type of the insight.
    #[sqlx(rename = "type")]
    #[serde(rename = "type")]
    pub kind: String,
    /// The insight's content; any JSON.
    #[sqlx(json)]
    pub data: Value,
    /// Importance from 0 to 1.
    pub importance: f64,
    /// When the insight was added.
    pub date_created: DateTime<Utc>,
}

/// An insight to insert.
#[derive(Debug)]
pub struct NewInsight<'a> {
    /// The client that the insight is about.
    pub client_id: &'a str,
    /// Type of the insight.
    pub kind: &'a str,
    /// The insight's content; any JSON.
    pub data: &'a Value,
    /// Importance from 0 to 1.
    pub importance: f64,
    /// Current time.
    pub now: DateTime<Utc>,
}

/// Selects a client's pattern by type and key.
const ONE_PATTERN: &str = "SELECT type, key, value, confidence, evidence, date_created, date_updated \
     FROM user_pattern WHERE client_id = $1 AND type = $2 AND key = $3";

/// Position in a client's insights: importance and id.
pub type InsightCursor = (f64, i64);

/// Restricts which of a client's insights are listed.
#[derive(Debug, Clone, Copy)]
pub struct InsightFilter<'a> {
    /// Only insights of this type.
    pub kind: Option<&'a str>,
    /// Minimum importance, from 0 to 1.
    pub min_importance: f64,
    /// Position after which the page starts.
    pub after: InsightCursor,
}

impl Store {
    /// Returns a client's patterns in the order of type and key, starting after `after` (type, key), at most `limit`.
    ///
    /// If `kind` is given, only patterns of this type.
    pub async fn patterns(
        &self,
        client_id: &str,
        kind: Option<&str>,
        after: (&str, &str),
        limit: i64,
    ) -> Result<Vec<Pattern>, StoreError> {
        const ALL: &str = "SELECT type, key, value, confidence, evidence, date_created, date_updated \
             FROM user_pattern WHERE client_id = $1 AND (type, key) > ($2, $3) \
             ORDER BY type, key LIMIT $4";
        const BY_TYPE: &str = "SELECT type, key, value, confidence, evidence, date_created, date_updated \
             FROM user_pattern WHERE client_id = $1 AND type = $2 AND key > $3 \
             ORDER BY key LIMIT $4";
        let (sql, kind) = kind.map_or((ALL, after.0), |kind| (BY_TYPE, kind));
        with_read_pool!(self, db => sqlx::query_as(sql)
            .bind(client_id)
            .bind(kind)
            .bind(after.1)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list patterns"))
    }

    /// Returns a client's pattern.
    pub async fn pattern(
        &self,
        client_id: &str,
        kind: &str,
        key: &str,
    ) -> Result<Option<Pattern>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(ONE_PATTERN)
            .bind(client_id)
            .bind(kind)
            .bind(key)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read a pattern"))
    }

    /// Returns a client's context entries that have not expired at `now`, in the order of session and key, at most
    /// `limit`.
    ///
    /// The page starts after `after` (session, key). If `session_id` is given, only entries of this session are
    /// returned.
    pub async fn context_entries(
        &self,
        client_id: &str,
        session_id: Option<&str>,
        after: (&str, &str),
        now: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<ContextEntry>, StoreError> {
        const ALL: &str = "SELECT session_id, key, value, date_created, date_updated, date_expires \
             FROM conversation_context WHERE client_id = $1 AND (session_id, key) > ($2, $3) \
             AND (date_expires IS NULL OR date_expires > $4) ORDER BY session_id, key LIMIT $5";
        const BY_SESSION: &str = "SELECT session_id, key, value, date_created, date_updated, \
             date_expires FROM conversation_context \
             WHERE client_id = $1 AND session_id = $2 AND key > $3 \
             AND (date_expires IS NULL OR date_expires > $4) ORDER BY key LIMIT $5";
        let (sql, session) = session_id.map_or((ALL, after.0), |session| (BY_SESSION, session));
        with_read_pool!(self, db => sqlx::query_as(sql)
            .bind(client_id)
            .bind(session)
            .bind(after.1)
            .bind(now)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list context"))
    }

    /// Returns an entry of a client's context, unless it has expired at `now`.
    pub async fn context_entry(
        &self,
        client_id: &str,
        session_id: &str,
        key: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<ContextEntry>, StoreError> {
        const SQL: &str = "SELECT session_id, key, value, date_created, date_updated, date_expires \
             FROM conversation_context WHERE client_id = $1 AND session_id = $2 AND key = $3 \
             AND (date_expires IS NULL OR date_expires > $4)";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(session_id)
            .bind(key)
            .bind(now)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read context"))
    }

    /// Returns a client's insights, the most important first, then the newest, at most `limit`.
    pub async fn insights(
        &self,
        client_id: &str,
        filter: InsightFilter<'_>,
        limit: i64,
    ) -> Result<Vec<Insight>, StoreError> {
        const ALL: &str = "SELECT id, type, data, importance, date_created FROM user_insight \
             WHERE client_id = $1 AND importance >= $2 AND (importance, id) < ($3, $4) \
             ORDER BY importance DESC, id DESC LIMIT $5";
        const BY_TYPE: &str = "SELECT id, type, data, importance, date_created FROM user_insight \
             WHERE client_id = $1 AND importance >= $2 AND (importance, id) < ($3, $4) \
             AND type = $6 ORDER BY importance DESC, id DESC LIMIT $5";
        let InsightFilter { kind, min_importance, after } = filter;
        let sql = if kind.is_some() { BY_TYPE } else { ALL };
        with_read_pool!(self, db => {
            let query = sqlx::query_as(sql)
                .bind(client_id)
                .bind(min_importance)
                .bind(after.0)
                .bind(after.1)
                .bind(limit);
            let query = match kind {
                Some(kind) => query.bind(kind),
                None => query,
            };
            query.fetch_all(db).await
        })
        .map_err(StoreError::failed("list insights"))
    }
}

impl Tx {
    /// Inserts a pattern or replaces the one with its type and key. Returns `true` if it was inserted.
    pub async fn upsert_pattern(
        &mut self,
        client_id: &str,
        pattern: &Pattern,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO user_pattern \
             (client_id, type, key, value, confidence, evidence, date_created, date_updated) \
             VALUES ($1, $2, $3, $4, $5, $7, $6, $6) ON CONFLICT (client_id, type, key) DO UPDATE \
             SET value = excluded.value, confidence = excluded.confidence, evidence = excluded.evidence, \
             date_updated = excluded.date_updated RETURNING date_created = date_updated";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(client_id)
            .bind(&pattern.kind)
            .bind(&pattern.key)
            .bind(Json(&pattern.value))
            .bind(pattern.confidence)
            .bind(pattern.date_updated)
            .bind(pattern.evidence)
            .fetch_one(db)
            .await)
        .map_err(StoreError::failed("save a pattern"))
    }

    /// Deletes a client's patterns: all, those of a type, or the one with a type and key. Returns their number.
    pub async fn delete_patterns(
        &mut self,
        client_id: &str,
        kind: Option<&str>,
        key: Option<&str>,
    ) -> Result<u64, StoreError> {
        const ALL: &str = "DELETE FROM user_pattern WHERE client_id = $1";
        const BY_TYPE: &str = "DELETE FROM user_pattern WHERE client_id = $1 AND type = $2";
        const ONE: &str =
            "DELETE FROM user_pattern WHERE client_id = $1 AND type = $2 AND key = $3";
        self.delete_client_memory(client_id, [ALL, BY_TYPE, ONE], [kind, key]).await
    }

    /// Inserts a context entry or replaces the one with its session and key. Returns `true` if it was inserted.
    pub async fn upsert_context_entry(
        &mut self,
        client_id: &str,
        context: &ContextEntry,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO conversation_context \
             (client_id, session_id, key, value, date_created, date_updated, date_expires) \
             VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT (client_id, session_id, key) DO UPDATE \
             SET value = excluded.value, date_updated = excluded.date_updated, \
             date_expires = excluded.date_expires RETURNING date_created = date_updated";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(client_id)
            .bind(&context.session_id)
            .bind(&context.key)
            .bind(Json(&context.value))
            .bind(context.date_updated)
            .bind(context.date_expires)
            .fetch_one(db)
            .await)
        .map_err(StoreError::failed("save context"))
    }

    /// Deletes a client's context entries: all, those of a session, or the one with a session and key. Returns their
    /// number.
    pub async fn delete_context(
        &mut self,
        client_id: &str,
        session_id: Option<&str>,
        key: Option<&str>,
    ) -> Result<u64, StoreError> {
        const ALL: &str = "DELETE FROM conversation_context WHERE client_id = $1";
        const BY_SESSION: &str =
            "DELETE FROM conversation_context WHERE client_id = $1 AND session_id = $2";
        const ONE: &str = "DELETE FROM conversation_context WHERE client_id = $1 \
             AND session_id = $2 AND key = $3";
        self.delete_client_memory(client_id, [ALL, BY_SESSION, ONE], [session_id, key]).await
    }

    /// Deletes the context entries of all clients that have expired at `now`. Returns their number.
    pub async fn purge_context(&mut self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM conversation_context \
             WHERE date_expires IS NOT NULL AND date_expires <= $1";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("purge context"))
    }

    /// Inserts an insight and returns its id.
    pub async fn insert_insight(&mut self, insight: NewInsight<'_>) -> Result<i64, StoreError> {
        const SQL: &str = "INSERT INTO user_insight (client_id, type, data, importance, date_created) \
             VALUES ($1, $2, $3, $4, $5) RETURNING id";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(insight.client_id)
            .bind(insight.kind)
            .bind(Json(insight.data))
            .bind(insight.importance)
            .bind(insight.now)
            .fetch_one(db)
            .await)
        .map_err(StoreError::failed("add an insight"))
    }

    /// Deletes a client's insights: all, or those of a type. Returns their number.
    pub async fn delete_insights(
        &mut self,
        client_id: &str,
        kind: Option<&str>,
    ) -> Result<u64, StoreError> {
        const ALL: &str = "DELETE FROM user_insight WHERE client_id = $1";
        const BY_TYPE: &str = "DELETE FROM user_insight WHERE client_id = $1 AND type = $2";
        self.delete_client_memory(client_id, [ALL, BY_TYPE, BY_TYPE], [kind, None]).await
    }

    /// Runs the statement for the number of leading `parts` that are given, in addition to the client: none, one or
    /// both.
    async fn delete_client_memory(
        &mut self,
        client_id: &str,
        statements: [&'static str; 3],
        parts: [Option<&str>; 2],
    ) -> Result<u64, StoreError> {
        let parts: Vec<&str> = parts.into_iter().map_while(|part| part).collect();
        let sql = statements[parts.len()];
        with_tx!(self, db => {
            let query = parts.iter().fold(sqlx::query(sql).bind(client_id), |query, part| query.bind(*part));
            query.execute(db).await.map(|done| done.rows_affected())
        })
        .map_err(StoreError::failed("delete client memory"))
    }
}
