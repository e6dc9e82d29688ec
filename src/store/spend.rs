//! Calls of providers, and what they cost by scope and day.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A call of a provider that ended.
#[derive(Debug)]
pub struct NewInferenceCall<'a> {
    /// The Sparrow.
    pub client_id: Option<&'a str>,
    /// The story.
    pub story_id: Option<Uuid>,
    /// What was wanted.
    pub capability: &'a str,
    /// The provider's name in configurations.
    pub provider: &'a str,
    /// The model's name at the provider.
    pub model: &'a str,
    /// `done`, or a failure's name.
    pub outcome: &'a str,
    /// How often it was asked.
    pub attempts: i64,
    /// How long all of it took.
    pub milliseconds: i64,
    /// Tokens read.
    pub input_tokens: i64,
    /// Tokens written.
    pub output_tokens: i64,
    /// Pictures made.
    pub images: i64,
    /// Seconds of sound or film.
    pub seconds: f64,
    /// Millionths of a US dollar.
    pub micro_usd: i64,
    /// When it ended.
    pub now: DateTime<Utc>,
}

impl Store {
    /// What was spent or is set aside on a day, by scope, in millionths of a US dollar.
    pub async fn spent_on(&self, scope: &str, day: NaiveDate) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT micro_usd FROM spend WHERE scope = $1 AND day = $2";
        let spent: Option<i64> = with_read_pool!(self, db => sqlx::query_scalar(SQL)
            .bind(scope)
            .bind(day.to_string())
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read what was spent"))?;
        Ok(spent.unwrap_or_default())
    }

    /// How many calls were made since then, by provider, model, capability and outcome.
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

/// Calls of one kind that ended in the same way.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CallCount {
    /// The provider's name in configurations.
    pub provider: String,
    /// The model's name at the provider.
    pub model: String,
    /// What was wanted.
    pub capability: String,
    /// `done`, or a failure's name.
    pub outcome: String,
    /// How many there were.
    pub calls: i64,
    /// How long they took together.
    pub milliseconds: i64,
    /// What they cost together, in millionths of a US dollar.
    pub micro_usd: i64,
}

impl Tx {
    /// Adds an amount to what a scope spends on a day; false, and nothing added, when that would be more than `most`.
    pub async fn reserve_spend(
        &mut self,
        scope: &str,
        day: NaiveDate,
        micro_usd: i64,
        most: i64,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO spend (scope, day, micro_usd) VALUES ($1, $2, $3) \
             ON CONFLICT (scope, day) DO UPDATE SET micro_usd = spend.micro_usd + $3 \
             WHERE spend.micro_usd + $3 <= $4 RETURNING micro_usd";
        if micro_usd > most {
            return Ok(false);
        }
        let spent: Option<i64> = with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(scope)
            .bind(day.to_string())
            .bind(micro_usd)
            .bind(most)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("set an amount aside"))?;
        Ok(spent.is_some())
    }

    /// Corrects what a scope has spent on a day.
    pub async fn correct_spend(
        &mut self,
        scope: &str,
        day: NaiveDate,
        by_micro_usd: i64,
    ) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE spend SET micro_usd = micro_usd + $3 WHERE scope = $1 AND day = $2";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(scope)
            .bind(day.to_string())
            .bind(by_micro_usd)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("settle what a call cost"))
    }

    /// Writes a call down.
    pub async fn insert_inference_call(
        &mut self,
        call: NewInferenceCall<'_>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO inference_call (client_id, story_id, capability, provider, model, \
             outcome, attempts, milliseconds, input_tokens, output_tokens, images, seconds, micro_usd, \
             date_created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(call.client_id)
            .bind(call.story_id)
            .bind(call.capability)
            .bind(call.provider)
            .bind(call.model)
            .bind(call.outcome)
            .bind(call.attempts)
            .bind(call.milliseconds)
            .bind(call.input_tokens)
            .bind(call.output_tokens)
            .bind(call.images)
            .bind(call.seconds)
            .bind(call.micro_usd)
            .bind(call.now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("write a call down"))
    }
}
