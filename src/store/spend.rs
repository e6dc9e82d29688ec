//! Provider calls, and spending by scope and day.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A finished provider call to record.
#[derive(Debug)]
pub struct NewInferenceCall<'a> {
    /// The capability that was used, such as `text`.
    pub capability: &'a str,
    /// The provider's name in configurations.
    pub provider: &'a str,
    /// The model's name at the provider.
    pub model: &'a str,
    /// `done`, or the name of the failure.
    pub outcome: &'a str,
    /// Number of attempts.
    pub attempts: i64,
    /// Duration of all attempts in milliseconds.
    pub milliseconds: i64,
    /// Number of input tokens.
    pub input_tokens: i64,
    /// Number of output tokens.
    pub output_tokens: i64,
    /// Number of generated images.
    pub images: i64,
    /// Duration of audio or video in seconds.
    pub seconds: f64,
    /// Cost in millionths of a US dollar.
    pub micro_usd: i64,
}

/// An amount to add to what a scope has spent on a day.
#[derive(Debug)]
pub struct SpendRow<'a> {
    /// The scope.
    pub scope: &'a str,
    /// The day (UTC).
    pub day: NaiveDate,
    /// The amount in millionths of a US dollar; may be negative.
    pub micro_usd: i64,
}

impl Store {
    /// Returns what a scope has spent or reserved on a day, in millionths of a US dollar.
    pub async fn spent_on(&self, scope: &str, day: NaiveDate) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT micro_usd FROM spend WHERE scope = $1 AND day = $2";
        let spent: Option<i64> = with_read_pool!(self, db => sqlx::query_scalar(SQL)
            .bind(scope)
            .bind(day.to_string())
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read a scope's spending"))?;
        Ok(spent.unwrap_or_default())
    }

    /// Returns the calls since `since`, counted by provider, model, capability and outcome.
    pub async fn call_counts_since(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<CallCount>, StoreError> {
        const SQL: &str = "SELECT provider, model, capability, outcome, COUNT(*) AS calls, \
             CAST(SUM(milliseconds) AS BIGINT) AS milliseconds, CAST(SUM(micro_usd) AS BIGINT) AS micro_usd \
             FROM inference_call WHERE date_created >= $1 \
             GROUP BY provider, model, capability, outcome \
             ORDER BY provider, model, capability, outcome";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(since).fetch_all(db).await)
            .map_err(StoreError::failed("count calls"))
    }
}

/// The calls with the same provider, model, capability and outcome.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct CallCount {
    /// The provider's name in configurations.
    pub provider: String,
    /// The model's name at the provider.
    pub model: String,
    /// The capability that was used.
    pub capability: String,
    /// `done`, or the name of the failure.
    pub outcome: String,
    /// Number of calls.
    pub calls: i64,
    /// Total duration in milliseconds.
    pub milliseconds: i64,
    /// Total cost in millionths of a US dollar.
    pub micro_usd: i64,
}

impl Tx {
    /// Adds an amount to a scope's spending on a day. Returns `false` and adds nothing if the total would exceed
    /// `limit`.
    ///
    /// Amounts are in millionths of a US dollar.
    pub async fn reserve_spend(
        &mut self,
        scope: &str,
        day: NaiveDate,
        micro_usd: i64,
        limit: i64,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO spend (scope, day, micro_usd) VALUES ($1, $2, $3) \
             ON CONFLICT (scope, day) DO UPDATE SET micro_usd = spend.micro_usd + $3 \
             WHERE spend.micro_usd + $3 <= $4 RETURNING micro_usd";
        if micro_usd > limit {
            return Ok(false);
        }
        let spent: Option<i64> = with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(scope)
            .bind(day.to_string())
            .bind(micro_usd)
            .bind(limit)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("reserve an amount"))?;
        Ok(spent.is_some())
    }

    /// Adds amounts to what scopes have spent. The rows must be ordered by scope and day, and differ in them.
    pub async fn add_spend(&mut self, rows: &[SpendRow<'_>]) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO spend (scope, day, micro_usd) ";
        const ADD: &str = " ON CONFLICT (scope, day) DO UPDATE SET micro_usd = spend.micro_usd + excluded.micro_usd";
        if rows.is_empty() {
            return Ok(());
        }
        with_tx!(self, db => {
            let mut insert = QueryBuilder::new(SQL);
            insert.push_values(rows, |mut values, row| {
                values
                    .push_bind(row.scope)
                    .push_bind(row.day.to_string())
                    .push_bind(row.micro_usd);
            });
            insert.push(ADD).build().execute(db).await.map(drop)
        })
        .map_err(StoreError::failed("add to a scope's spending"))
    }

    /// Records provider calls that were made for a client and a story.
    pub async fn insert_inference_calls(
        &mut self,
        client_id: Option<&str>,
        story_id: Option<Uuid>,
        calls: &[NewInferenceCall<'_>],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO inference_call (client_id, story_id, capability, provider, model, \
             outcome, attempts, milliseconds, input_tokens, output_tokens, images, seconds, micro_usd, \
             date_created) ";
        if calls.is_empty() {
            return Ok(());
        }
        with_tx!(self, db => {
            let mut insert = QueryBuilder::new(SQL);
            insert.push_values(calls, |mut values, call| {
                values
                    .push_bind(client_id)
                    .push_bind(story_id)
                    .push_bind(call.capability)
                    .push_bind(call.provider)
                    .push_bind(call.model)
                    .push_bind(call.outcome)
                    .push_bind(call.attempts)
                    .push_bind(call.milliseconds)
                    .push_bind(call.input_tokens)
                    .push_bind(call.output_tokens)
                    .push_bind(call.images)
                    .push_bind(call.seconds)
                    .push_bind(call.micro_usd)
                    .push_bind(now);
            });
            insert.build().execute(db).await.map(drop)
        })
        .map_err(StoreError::failed("record calls"))
    }
}
