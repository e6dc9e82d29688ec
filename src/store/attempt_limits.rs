//! Limits of attempts that hold across instances, such as logins.
//!
//! A row holds one number for each limit and each one that is limited: when the next attempt would be on time if attempts
//! came evenly. An attempt may come early by as much as the limit's burst allows. This is the generic cell rate algorithm,
//! known from ATM networks (ITU-T I.371).

use chrono::{DateTime, TimeDelta, Utc};

use super::{StoreError, Tx, with_tx};

/// A number of attempts that are allowed within a period. They may all come at once; the allowance refills evenly.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLimit {
    /// Number of attempts, at least 1.
    pub attempts: u32,
    /// The period.
    pub period: TimeDelta,
}

impl AttemptLimit {
    /// Returns the period in microseconds, and the part of it that one attempt uses.
    fn microseconds(self) -> (i64, i64) {
        let period = self.period.num_microseconds().unwrap_or(i64::MAX / 4);
        (period, period / i64::from(self.attempts.max(1)))
    }
}

impl Tx {
    /// Counts an attempt of the one that `key` stands for. If the limit is used up, counts nothing and returns when the
    /// next attempt is allowed.
    ///
    /// A stored number that lies further ahead than a period, because a clock was set back, counts as none.
    pub async fn count_attempt(
        &mut self,
        key: &[u8],
        limit: AttemptLimit,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        const COUNT: &str = "INSERT INTO attempt_limit (key, arrival) VALUES ($1, $2 + $3) \
             ON CONFLICT (key) DO UPDATE SET arrival = $3 + CASE \
             WHEN attempt_limit.arrival > $2 AND attempt_limit.arrival <= $2 + $4 \
             THEN attempt_limit.arrival ELSE $2 END \
             WHERE attempt_limit.arrival <= $2 + $4 - $3 OR attempt_limit.arrival > $2 + $4 \
             RETURNING arrival";
        const READ: &str = "SELECT arrival FROM attempt_limit WHERE key = $1";
        let (period, share) = limit.microseconds();
        let failed = StoreError::failed("count an attempt");
        let counted: Option<i64> = with_tx!(self, db => sqlx::query_scalar(COUNT)
            .bind(key)
            .bind(now.timestamp_micros())
            .bind(share)
            .bind(period)
            .fetch_optional(db)
            .await)
        .map_err(&failed)?;
        if counted.is_some() {
            return Ok(None);
        }
        let arrival: Option<i64> =
            with_tx!(self, db => sqlx::query_scalar(READ).bind(key).fetch_optional(db).await)
                .map_err(failed)?;
        let allowed = arrival.unwrap_or_default() - (period - share);
        Ok(Some(DateTime::from_timestamp_micros(allowed).unwrap_or(now)))
    }

    /// Deletes the counts whose allowance is full again.
    pub async fn delete_full_attempt_limits(
        &mut self,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM attempt_limit WHERE arrival < $1";
        let now = now.timestamp_micros();
        with_tx!(self, db => sqlx::query(SQL).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete counts of attempts"))
    }
}
