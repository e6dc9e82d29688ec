//! What the calls of an account reserved and cost since the account was settled last.
//!
//! A frame makes several calls. They share one reservation, and their rows are written when the frame is, because each
//! write of its own would be a transaction.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;

use super::Failure;
use super::ledger::{CallRecord, Ledger, Settlement, SpendAccount};

/// Calls that the ledger does not know yet. Clones share them. When the last clone is dropped, they are written in a
/// transaction of their own: the calls were made, whatever became of what they were made for.
#[derive(Clone, Default)]
pub struct PendingSpend(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Held while an amount is reserved, so that calls at the same time do not each reserve for those that follow.
    reserving: tokio::sync::Mutex<()>,
    open: Mutex<OpenSpend>,
}

#[derive(Default)]
struct OpenSpend {
    /// The ledger of the calls; `None` before the first.
    ledger: Option<Arc<dyn Ledger>>,
    /// The calls and reservations. The cost includes the most that the running attempts may cost.
    settlement: Settlement,
}

impl PendingSpend {
    /// Returns what is to be written.
    #[must_use]
    pub fn settlement(&self) -> Settlement {
        self.lock().settlement.clone()
    }

    /// Forgets what was written.
    pub fn clear(&self) {
        self.lock().settlement = Settlement::default();
    }

    /// Writes what is pending in a transaction of its own.
    pub async fn settle(&self) {
        let (ledger, settlement) = {
            let mut open = self.lock();
            (open.ledger.clone(), std::mem::take(&mut open.settlement))
        };
        if let Some(ledger) = ledger
            && !settlement.is_empty()
        {
            ledger.settle(settlement).await;
        }
    }

    /// Holds the most that an attempt may cost. If a budget is limited and what is reserved does not suffice, reserves
    /// what is missing and, if there is as much, `later` for the calls that follow.
    pub(super) async fn hold(
        &self,
        ledger: &Arc<dyn Ledger>,
        account: &SpendAccount,
        cost: i64,
        later: i64,
    ) -> Result<(), Failure> {
        if account.budgets.iter().any(|budget| budget.micro_usd.is_some()) {
            let _reserving = self.0.reserving.lock().await;
            let missing = self.lock().missing(cost);
            if missing > 0 {
                let wanted = missing.saturating_add(later);
                let reservation = ledger.reserve(&account.budgets, missing, wanted).await?;
                self.open(ledger, account).settlement.reservations.push(reservation);
            }
            self.adjust(cost);
        } else {
            drop(self.open(ledger, account));
            self.adjust(cost);
        }
        Ok(())
    }

    /// Adds an amount, which may be negative, to the cost of the calls.
    pub(super) fn adjust(&self, micro_usd: i64) {
        let mut open = self.lock();
        open.settlement.micro_usd = open.settlement.micro_usd.saturating_add(micro_usd);
    }

    /// Adds a call that ended.
    pub(super) fn record(
        &self,
        ledger: &Arc<dyn Ledger>,
        account: &SpendAccount,
        call: CallRecord,
    ) {
        self.open(ledger, account).settlement.calls.push(call);
    }

    fn open(&self, ledger: &Arc<dyn Ledger>, account: &SpendAccount) -> MutexGuard<'_, OpenSpend> {
        let mut open = self.lock();
        open.ledger.get_or_insert_with(|| Arc::clone(ledger));
        if open.settlement.budgets.is_empty() {
            let settlement = &mut open.settlement;
            settlement.client_id.clone_from(&account.client_id);
            settlement.story_id = account.story_id;
            settlement.budgets.clone_from(&account.budgets);
        }
        open
    }

    fn lock(&self) -> MutexGuard<'_, OpenSpend> {
        // No code that can panic runs under the lock, so it is never poisoned.
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenSpend {
    /// Returns how much more must be reserved for an attempt.
    fn missing(&self, cost: i64) -> i64 {
        let reserved: i64 = self.settlement.reservations.iter().map(|r| r.micro_usd).sum();
        self.settlement.micro_usd.saturating_add(cost).saturating_sub(reserved)
    }
}

impl Drop for OpenSpend {
    fn drop(&mut self) {
        let (Some(ledger), Ok(runtime)) = (self.ledger.take(), Handle::try_current()) else {
            return;
        };
        let settlement = std::mem::take(&mut self.settlement);
        if !settlement.is_empty() {
            runtime.spawn(async move { ledger.settle(settlement).await });
        }
    }
}

impl fmt::Debug for PendingSpend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingSpend").finish_non_exhaustive()
    }
}
