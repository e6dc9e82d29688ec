//! What is known of each client: patterns, context and insights. Every statement is of one client's alone, but for the one
//! that purges what has expired.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use utoipa::ToSchema;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// Something that a client is like.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Pattern {
    /// What kind of thing: `subject`, `colour`, …
    #[sqlx(rename = "type")]
    pub kind: String,
    /// Which one.
    pub key: String,
    /// Whatever is known.
    #[sqlx(json)]
    pub value: Value,
    /// How sure that is: 0-1; of what was learned, as it was when it was last noticed.
    pub confidence: f64,
    /// What it was learned from; `None` for what somebody put.
    pub evidence: Option<f64>,
    /// When it was first noticed.
    pub date_created: DateTime<Utc>,
    /// When it was last.
    pub date_updated: DateTime<Utc>,
}

/// Something that is going on.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ContextEntry {
    /// In which session; empty where it belongs to none.
    pub session_id: String,
    /// Which thing.
    pub key: String,
    /// Whatever is going on.
    #[sqlx(json)]
    pub value: Value,
    /// Since when it is known.
    pub date_created: DateTime<Utc>,
    /// When it was last said.
    pub date_updated: DateTime<Utc>,
    /// Until when it holds.
    pub date_expires: Option<DateTime<Utc>>,
}

/// Something that was noticed.
#[derive(Debug, Clone, PartialEq, FromRow, Serialize, ToSchema)]
#[schema(as = InsightView)]
pub struct Insight {
    /// Grows with time.
    pub id: i64,
    /// What kind of thing.
    #[sqlx(rename = "type")]
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is.
    #[sqlx(json)]
    pub data: Value,
    /// 0-1.
    pub importance: f64,
    /// When it was noticed.
    pub date_created: DateTime<Utc>,
}

/// An insight to be added.
#[derive(Debug)]
pub struct NewInsight<'a> {
    /// Whose.
    pub client_id: &'a str,
    /// What kind of thing.
    pub kind: &'a str,
    /// What it is.
    pub data: &'a Value,
    /// 0-1.
    pub importance: f64,
    /// When.
    pub now: DateTime<Utc>,
}

/// One of a client's patterns.
pub(super) const ONE_PATTERN: &str = "SELECT type, key, value, confidence, evidence, date_created, date_updated \
     FROM user_pattern WHERE client_id = $1 AND type = $2 AND key = $3";

/// The place of an insight among a client's: its importance and its id.
pub type InsightCursor = (f64, i64);

/// Which of a client's insights.
#[derive(Debug, Clone, Copy)]
pub struct InsightFilter<'a> {
    /// Of this kind alone.
    pub kind: Option<&'a str>,
    /// At least this important.
    pub min_importance: f64,
    /// Behind this one.
    pub after: InsightCursor,
}

impl Store {
    /// A client's patterns behind `after`, a type and a key, in that order, at most `limit`; of one type where it is said.
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
        const OF_TYPE: &str = "SELECT type, key, value, confidence, evidence, date_created, date_updated \
             FROM user_pattern WHERE client_id = $1 AND type = $2 AND key > $3 \
             ORDER BY key LIMIT $4";
        let (sql, kind) = kind.map_or((ALL, after.0), |kind| (OF_TYPE, kind));
        with_read_pool!(self, db => sqlx::query_as(sql)
            .bind(client_id)
            .bind(kind)
            .bind(after.1)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list patterns"))
    }

    /// One of a client's patterns.
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

    /// What of a client's context holds at `now`, behind `after`, a session and a key, in that order, at most `limit`; of
    /// one session where it is said.
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
        const OF_SESSION: &str = "SELECT session_id, key, value, date_created, date_updated, \
             date_expires FROM conversation_context \
             WHERE client_id = $1 AND session_id = $2 AND key > $3 \
             AND (date_expires IS NULL OR date_expires > $4) ORDER BY key LIMIT $5";
        let (sql, session) = session_id.map_or((ALL, after.0), |session| (OF_SESSION, session));
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

    /// One thing of a client's context, if it holds at `now`.
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

    /// A client's insights, the most important first, then the newest, at most `limit`.
    pub async fn insights(
        &self,
        client_id: &str,
        filter: InsightFilter<'_>,
        limit: i64,
    ) -> Result<Vec<Insight>, StoreError> {
        const ALL: &str = "SELECT id, type, data, importance, date_created FROM user_insight \
             WHERE client_id = $1 AND importance >= $2 AND (importance, id) < ($3, $4) \
             ORDER BY importance DESC, id DESC LIMIT $5";
        const OF_TYPE: &str = "SELECT id, type, data, importance, date_created FROM user_insight \
             WHERE client_id = $1 AND importance >= $2 AND (importance, id) < ($3, $4) \
             AND type = $6 ORDER BY importance DESC, id DESC LIMIT $5";
        let InsightFilter { kind, min_importance, after } = filter;
        let sql = if kind.is_some() { OF_TYPE } else { ALL };
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
    /// Keeps a pattern, or takes the place of the one of this type and key; true when there was none.
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
        .map_err(StoreError::failed("keep a pattern"))
    }

    /// Removes a client's patterns: all, those of a type, or the one of a type and a key; how many.
    pub async fn remove_patterns(
        &mut self,
        client_id: &str,
        kind: Option<&str>,
        key: Option<&str>,
    ) -> Result<u64, StoreError> {
        const ALL: &str = "DELETE FROM user_pattern WHERE client_id = $1";
        const OF_TYPE: &str = "DELETE FROM user_pattern WHERE client_id = $1 AND type = $2";
        const ONE: &str =
            "DELETE FROM user_pattern WHERE client_id = $1 AND type = $2 AND key = $3";
        self.delete_client_memory(client_id, [ALL, OF_TYPE, ONE], [kind, key]).await
    }

    /// Keeps something of a client's context, or takes the place of what has this session and key; true when there was
    /// nothing.
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
        .map_err(StoreError::failed("keep context"))
    }

    /// Removes of a client's context all, what is of a session, or one thing of a session; how much.
    pub async fn remove_context(
        &mut self,
        client_id: &str,
        session_id: Option<&str>,
        key: Option<&str>,
    ) -> Result<u64, StoreError> {
        const ALL: &str = "DELETE FROM conversation_context WHERE client_id = $1";
        const OF_SESSION: &str =
            "DELETE FROM conversation_context WHERE client_id = $1 AND session_id = $2";
        const ONE: &str = "DELETE FROM conversation_context WHERE client_id = $1 \
             AND session_id = $2 AND key = $3";
        self.delete_client_memory(client_id, [ALL, OF_SESSION, ONE], [session_id, key]).await
    }

    /// Forgets context that has expired by `now`, of every client; how much.
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

    /// Adds an insight; its id.
    pub async fn add_insight(&mut self, insight: NewInsight<'_>) -> Result<i64, StoreError> {
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

    /// Removes a client's insights: all, or those of a type; how many.
    pub async fn remove_insights(
        &mut self,
        client_id: &str,
        kind: Option<&str>,
    ) -> Result<u64, StoreError> {
        const ALL: &str = "DELETE FROM user_insight WHERE client_id = $1";
        const OF_TYPE: &str = "DELETE FROM user_insight WHERE client_id = $1 AND type = $2";
        self.delete_client_memory(client_id, [ALL, OF_TYPE, OF_TYPE], [kind, None]).await
    }

    /// Runs the statement that has as many parts after the client as are given.
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
        .map_err(StoreError::failed("remove what is known of a client"))
    }
}
