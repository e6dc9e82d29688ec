//! The account that pays for a call, and the ledger that records calls. The application implements [`Ledger`].

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::NaiveDate;
use uuid::Uuid;

use super::{Capability, Failure, Usage};

/// The client and the story that calls are made for, and the budgets that pay.
#[derive(Debug, Clone, Default)]
pub struct SpendAccount {
    /// The Sparrow's client id; `None` for calls that no Sparrow caused.
    pub client_id: Option<String>,
    /// The story's id; `None` for calls that belong to no story.
    pub story_id: Option<Uuid>,
    /// The budgets. A call must fit in each of them.
    pub budgets: Vec<Budget>,
    /// What the calls came to so far.
    pub totals: CallTotals,
}

/// The sum of an account's calls: who answered, and what all of them cost. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct CallTotals(Arc<Mutex<Totals>>);

#[derive(Debug, Clone, Default)]
struct Totals {
    providers: BTreeSet<String>,
    micro_usd: i64,
}

impl CallTotals {
    /// Adds a call that ended. A provider counts only if it answered; its cost counts in any case.
    pub(super) fn add(&self, provider: &str, has_answered: bool, micro_usd: i64) {
        let mut totals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        totals.micro_usd = totals.micro_usd.saturating_add(micro_usd);
        if has_answered {
            totals.providers.insert(provider.to_owned());
        }
    }

    /// Returns the names of the providers that answered, in alphabetical order and separated by commas.
    #[must_use]
    pub fn providers(&self) -> String {
        let totals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        totals.providers.iter().map(String::as_str).collect::<Vec<&str>>().join(",")
    }

    /// Returns the cost of all calls in millionths of a US dollar.
    #[must_use]
    pub fn micro_usd(&self) -> i64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).micro_usd
    }
}

/// The most that may be spent in a day (UTC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// The budget's name in the ledger and in messages: `the installation`, `the flock NAME` or `the Sparrow NAME`.
    pub scope: String,
    /// The limit in millionths of a US dollar; `None` if spending is counted but not limited.
    pub micro_usd: Option<i64>,
}

/// The amount that is reserved for one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// The day (UTC) whose budget it counts against.
    pub day: NaiveDate,
    /// The amount in millionths of a US dollar.
    pub micro_usd: i64,
}

/// The record of a finished call, with all its attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// The requested capability.
    pub capability: Capability,
    /// The provider's name in the registry.
    pub provider: String,
    /// The model's name at its provider.
    pub model: String,
    /// `done`, `abandoned` if the caller stopped waiting, or [`Failure::name`].
    pub outcome: &'static str,
    /// The number of attempts.
    pub attempts: u32,
    /// The duration of all attempts and waits, in milliseconds.
    pub milliseconds: u64,
    /// The usage of the successful attempt; zero if there was none.
    pub usage: Usage,
    /// The cost of all attempts, in millionths of a US dollar.
    pub micro_usd: i64,
}

/// Records calls and their cost, and enforces budgets.
#[async_trait]
pub trait Ledger: std::fmt::Debug + Send + Sync {
    /// Reserves an amount in every budget of the account, or in none.
    ///
    /// # Errors
    ///
    /// Returns [`Failure::OverBudget`] if one of the budgets does not have the amount left, and [`Failure::Internal`]
    /// if the ledger cannot be written, because nothing may be spent that cannot be recorded.
    async fn reserve(&self, account: &SpendAccount, micro_usd: i64)
    -> Result<Reservation, Failure>;

    /// Replaces a reservation with the actual cost of the attempt. If the ledger cannot be written or the process is
    /// killed, the reserved amount stays spent.
    async fn reconcile(&self, account: &SpendAccount, reserved: Reservation, micro_usd: i64);

    /// Records a call for people to review. If the record cannot be written, the error is logged and the story goes on.
    async fn record(&self, account: &SpendAccount, record: CallRecord);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_add_every_cost_and_name_only_those_who_answered() {
        let account = SpendAccount::default();
        let shared = account.clone();
        shared.totals.add("runway", false, 500);
        shared.totals.add("openai", true, 20);
        shared.totals.add("azure", true, 0);
        shared.totals.add("openai", true, 3);
        assert_eq!(account.totals.providers(), "azure,openai");
        assert_eq!(account.totals.micro_usd(), 523);
    }
}
