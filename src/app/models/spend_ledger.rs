//! The spend ledger in the database. Budgets apply to all instances together.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::Clock;
use crate::inference::{CallRecord, Failure, Ledger, Reservation, SpendAccount};
use crate::store::{NewInferenceCall, Store, StoreError};

/// Records what model calls cost in the database, and reserves it before each call.
#[derive(Debug, Clone)]
pub struct SpendLedger {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl SpendLedger {
    /// Creates a ledger in a database.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Reserves an amount in every budget of an account. Returns the scope of the first budget that lacks it; nothing
    /// is reserved then.
    async fn try_reserve(
        &self,
        account: &SpendAccount,
        reservation: Reservation,
    ) -> Result<Option<String>, StoreError> {
        let mut tx = self.store.begin().await?;
        for budget in &account.budgets {
            let limit = budget.micro_usd.unwrap_or(i64::MAX);
            let Reservation { day, micro_usd } = reservation;
            if !tx.reserve_spend(&budget.scope, day, micro_usd, limit).await? {
                return Ok(Some(budget.scope.clone()));
            }
        }
        tx.save().await?;
        Ok(None)
    }

    async fn adjust(
        &self,
        account: &SpendAccount,
        reservation: Reservation,
        micro_usd: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        for budget in &account.budgets {
            let difference = micro_usd - reservation.micro_usd;
            tx.adjust_spend(&budget.scope, reservation.day, difference).await?;
        }
        tx.save().await
    }

    async fn insert_call(
        &self,
        account: &SpendAccount,
        record: &CallRecord,
    ) -> Result<(), StoreError> {
        let to_i64 = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut tx = self.store.begin().await?;
        let call = NewInferenceCall {
            client_id: account.client_id.as_deref(),
            story_id: account.story_id,
            capability: record.capability.name(),
            provider: &record.provider,
            model: &record.model,
            outcome: record.outcome,
            attempts: record.attempts.into(),
            milliseconds: to_i64(record.milliseconds),
            input_tokens: to_i64(record.usage.input_tokens),
            output_tokens: to_i64(record.usage.output_tokens),
            images: to_i64(record.usage.images),
            seconds: record.usage.seconds,
            micro_usd: record.micro_usd,
            now: self.clock.now(),
        };
        tx.insert_inference_call(call).await?;
        tx.save().await
    }
}

#[async_trait]
impl Ledger for SpendLedger {
    async fn reserve(
        &self,
        account: &SpendAccount,
        micro_usd: i64,
    ) -> Result<Reservation, Failure> {
        let reservation = Reservation { day: self.clock.now().date_naive(), micro_usd };
        match self.try_reserve(account, reservation).await {
            Ok(None) => Ok(reservation),
            Ok(Some(scope)) => Err(Failure::OverBudget { scope }),
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(
                    error,
                    "cannot reserve the cost of a model call; skipping the call"
                );
                Err(Failure::Internal("the database does not answer".to_owned()))
            }
        }
    }

    async fn reconcile(&self, account: &SpendAccount, reserved: Reservation, micro_usd: i64) {
        if let Err(error) = self.adjust(account, reserved, micro_usd).await {
            let error = &error as &dyn Error;
            tracing::error!(
                error,
                "cannot correct the cost of a model call; the reserved amount stays"
            );
        }
    }

    async fn record(&self, account: &SpendAccount, record: CallRecord) {
        if let Err(error) = self.insert_call(account, &record).await {
            tracing::error!(error = &error as &dyn Error, "cannot record a model call");
        }
    }
}
