//! The book of calls, in the database: budgets hold for all instances together.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::Clock;
use crate::inference::{CallRecord, Failure, Ledger, Reservation, SpendAccount};
use crate::store::{NewInferenceCall, Store, StoreError};

/// Writes into the database what calls cost.
#[derive(Debug, Clone)]
pub struct SpendLedger {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl SpendLedger {
    /// A book in this database.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The scope whose budget does not have the amount; `None` when all have, and it is set aside.
    async fn try_reserve(
        &self,
        account: &SpendAccount,
        reserved: Reservation,
    ) -> Result<Option<String>, StoreError> {
        let mut tx = self.store.begin().await?;
        for budget in &account.budgets {
            let most = budget.micro_usd.unwrap_or(i64::MAX);
            if !tx.reserve_spend(&budget.scope, reserved.day, reserved.micro_usd, most).await? {
                return Ok(Some(budget.scope.clone()));
            }
        }
        tx.save().await?;
        Ok(None)
    }

    async fn adjust(
        &self,
        account: &SpendAccount,
        reserved: Reservation,
        micro_usd: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        for budget in &account.budgets {
            let by = micro_usd - reserved.micro_usd;
            tx.correct_spend(&budget.scope, reserved.day, by).await?;
        }
        tx.save().await
    }

    async fn insert_call(
        &self,
        account: &SpendAccount,
        record: &CallRecord,
    ) -> Result<(), StoreError> {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut tx = self.store.begin().await?;
        let call = NewInferenceCall {
            client_id: account.client_id.as_deref(),
            story_id: account.story_id,
            capability: record.capability.name(),
            provider: &record.provider,
            model: &record.model,
            outcome: record.outcome,
            attempts: record.attempts.into(),
            milliseconds: whole(record.milliseconds),
            input_tokens: whole(record.usage.input_tokens),
            output_tokens: whole(record.usage.output_tokens),
            images: whole(record.usage.images),
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
        let reserved = Reservation { day: self.clock.now().date_naive(), micro_usd };
        match self.try_reserve(account, reserved).await {
            Ok(None) => Ok(reserved),
            Ok(Some(scope)) => Err(Failure::OverBudget { scope }),
            Err(error) => {
                tracing::error!(%error, "a call's cost cannot be set aside, so it is not made");
                Err(Failure::Internal("the database does not answer".to_owned()))
            }
        }
    }

    async fn reconcile(&self, account: &SpendAccount, reserved: Reservation, micro_usd: i64) {
        if let Err(error) = self.adjust(account, reserved, micro_usd).await {
            tracing::error!(%error, "a call's cost cannot be settled; what was set aside stays");
        }
    }

    async fn record(&self, account: &SpendAccount, record: CallRecord) {
        if let Err(error) = self.insert_call(account, &record).await {
            tracing::error!(%error, "a call cannot be written down");
        }
    }
}
