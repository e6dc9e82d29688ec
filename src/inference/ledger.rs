//! Who pays for calls, and where it is written down. The book itself is the application's: see [`Ledger`].

use async_trait::async_trait;
use chrono::NaiveDate;
use uuid::Uuid;

use super::{Capability, Failure, Usage};

/// For whom calls are made.
#[derive(Debug, Clone, Default)]
pub struct SpendAccount {
    /// The Sparrow.
    pub client_id: Option<String>,
    /// The story.
    pub story_id: Option<Uuid>,
    /// Every budget that a call must fit in.
    pub budgets: Vec<Budget>,
}

/// How much may be spent in a day (UTC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Its name in the book and in sentences: `the installation`, `the flock NAME` or `the Sparrow NAME`.
    pub scope: String,
    /// Millionths of a US dollar; `None` where spending is only counted.
    pub micro_usd: Option<i64>,
}

/// What is set aside for one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// The day on whose account it is.
    pub day: NaiveDate,
    /// Millionths of a US dollar.
    pub micro_usd: i64,
}

/// A call that ended, all its attempts together.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// What was wanted.
    pub capability: Capability,
    /// Of whom, by the name in the registry.
    pub provider: String,
    /// The model's name there.
    pub model: String,
    /// `done`, or the failure's name.
    pub outcome: &'static str,
    /// How often it was asked.
    pub attempts: u32,
    /// How long all of it took.
    pub milliseconds: u64,
    /// What the answer used up.
    pub usage: Usage,
    /// Millionths of a US dollar.
    pub micro_usd: i64,
}

/// The book of calls and of what they cost.
#[async_trait]
pub trait Ledger: std::fmt::Debug + Send + Sync {
    /// Sets an amount aside in every budget, or in none.
    ///
    /// # Errors
    ///
    /// [`Failure::OverBudget`] when one of them does not have it, [`Failure::Broken`] when the book cannot be written:
    /// what nobody can account for is not spent.
    async fn reserve(&self, account: &SpendAccount, micro_usd: i64)
    -> Result<Reservation, Failure>;

    /// Puts what an attempt did cost in the place of what was set aside. Where the book cannot be written, and where
    /// the process is killed, what was set aside stays spent.
    async fn reconcile(&self, account: &SpendAccount, reserved: Reservation, micro_usd: i64);

    /// Writes a call down. It is a record for people: where it cannot be written, the log says so and the story goes
    /// on.
    async fn record(&self, account: &SpendAccount, record: CallRecord);
}
