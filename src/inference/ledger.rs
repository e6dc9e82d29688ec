//! The account that pays for a call, and the ledger that records calls. The application implements [`Ledger`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::NaiveDate;
use uuid::Uuid;

use super::{Capability, Failure, PendingSpend, Usage};

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
    /// What the ledger does not know yet.
    pub pending: PendingSpend,
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

/// An amount that is reserved in every limited budget of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// The day (UTC) whose budget it counts against.
    pub day: NaiveDate,
    /// The amount in millionths of a US dollar.
    pub micro_usd: i64,
}

/// What the calls of an account reserved and cost, to be written to the ledger at once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settlement {
    /// The Sparrow's client id; `None` for calls that no Sparrow caused.
    pub client_id: Option<String>,
    /// The story's id; `None` for calls that belong to no story.
    pub story_id: Option<Uuid>,
    /// The budgets that pay.
    pub budgets: Vec<Budget>,
    /// What was reserved in those of the budgets that have a limit.
    pub reservations: Vec<Reservation>,
    /// The cost of all calls, in millionths of a US dollar.
    pub micro_usd: i64,
    /// The calls.
    pub calls: Vec<CallRecord>,
}

/// A change of what a scope has spent on a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpendChange {
    /// The scope of the budget.
    pub scope: String,
    /// The day (UTC).
    pub day: NaiveDate,
    /// The amount to add in millionths of a US dollar; negative if less was spent than reserved.
    pub micro_usd: i64,
}

impl Settlement {
    /// Returns whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.reservations.is_empty()
    }

    /// Returns by how much the spending of each scope changes, ordered by scope and day. The cost counts against the
    /// days of the reservations, the earliest first, or against `today` if nothing was reserved.
    #[must_use]
    pub fn changes(&self, today: NaiveDate) -> Vec<SpendChange> {
        let mut reserved: BTreeMap<NaiveDate, i64> = BTreeMap::new();
        for reservation in &self.reservations {
            *reserved.entry(reservation.day).or_default() += reservation.micro_usd;
        }
        if reserved.is_empty() {
            reserved.insert(today, 0);
        }
        let mut unassigned = self.micro_usd;
        let days = reserved.len();
        let mut changes: BTreeMap<(&str, NaiveDate), i64> = BTreeMap::new();
        for (index, (day, reserved)) in reserved.into_iter().enumerate() {
            let is_last = index + 1 == days;
            let spent = if is_last { unassigned } else { unassigned.min(reserved) };
            unassigned -= spent;
            for budget in &self.budgets {
                let reserved = budget.micro_usd.map_or(0, |_| reserved);
                *changes.entry((&budget.scope, day)).or_default() += spent - reserved;
            }
        }
        let changed = changes.into_iter().filter(|(_, micro_usd)| *micro_usd != 0);
        changed
            .map(|((scope, day), micro_usd)| SpendChange {
                scope: scope.to_owned(),
                day,
                micro_usd,
            })
            .collect()
    }
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
    /// Reserves `wanted` in every limited budget, or `needed` if one of them does not have so much left.
    ///
    /// # Errors
    ///
    /// Returns [`Failure::OverBudget`] if one of the budgets does not have `needed` left; nothing is reserved then.
    /// Returns [`Failure::Internal`] if the ledger cannot be written, because nothing may be spent that cannot be
    /// recorded.
    async fn reserve(
        &self,
        budgets: &[Budget],
        needed: i64,
        wanted: i64,
    ) -> Result<Reservation, Failure>;

    /// Records calls for people to review, and replaces what was reserved by what they cost. If the ledger cannot be
    /// written, the error is logged and the reserved amount stays spent.
    async fn settle(&self, settlement: Settlement);
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

    fn budget(scope: &str, micro_usd: Option<i64>) -> Budget {
        Budget { scope: scope.to_owned(), micro_usd }
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 12, day).expect("a day")
    }

    fn changes(reservations: &[(u32, i64)], micro_usd: i64) -> Vec<(String, NaiveDate, i64)> {
        let reserve = |&(d, micro_usd): &(u32, i64)| Reservation { day: day(d), micro_usd };
        let settlement = Settlement {
            budgets: vec![budget("limited", Some(100)), budget("counted", None)],
            reservations: reservations.iter().map(reserve).collect(),
            micro_usd,
            ..Settlement::default()
        };
        let changes = settlement.changes(day(9)).into_iter();
        changes.map(|change| (change.scope, change.day, change.micro_usd)).collect()
    }

    #[test]
    fn what_was_reserved_is_replaced_by_the_cost_and_the_rest_is_added() {
        let counted = |d, micro_usd| ("counted".to_owned(), day(d), micro_usd);
        let limited = |d, micro_usd| ("limited".to_owned(), day(d), micro_usd);
        assert_eq!(changes(&[], 0), []);
        assert_eq!(changes(&[], 7), [counted(9, 7), limited(9, 7)]);
        assert_eq!(changes(&[(1, 10)], 7), [counted(1, 7), limited(1, -3)]);
        assert_eq!(changes(&[(1, 10)], 10), [counted(1, 10)]);
        assert_eq!(changes(&[(1, 10)], 12), [counted(1, 12), limited(1, 2)]);
        assert_eq!(changes(&[(1, 10)], 0), [limited(1, -10)]);
        assert_eq!(
            changes(&[(1, 10), (2, 5), (1, 1)], 13),
            [counted(1, 11), counted(2, 2), limited(2, -3)]
        );
    }
}
