//! The book of calls, in the database: budgets hold for all instances together.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::Clock;
use crate::inference::{Account, CallRecord, Failure, Ledger, Reservation};
use crate::store::{NewCall, Store, StoreError};

/// Writes into the database what calls cost.
#[derive(Debug, Clone)]
pub struct Book {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Book {
    /// A book in this database.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The scope whose budget does not have the amount; `None` when all have, and it is set aside.
    async fn set_aside(
        &self,
        account: &Account,
        reserved: Reservation,
    ) -> Result<Option<String>, StoreError> {
        let mut tx = self.store.begin().await?;
        for budget in &account.budgets {
            let most = budget.micro_usd.unwrap_or(i64::MAX);
            if !tx.spend(&budget.scope, reserved.day, reserved.micro_usd, most).await? {
                return Ok(Some(budget.scope.clone()));
            }
        }
        tx.save().await?;
        Ok(None)
    }

    async fn correct(
        &self,
        account: &Account,
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

    async fn note(&self, account: &Account, record: &CallRecord) -> Result<(), StoreError> {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut tx = self.store.begin().await?;
        let call = NewCall {
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
        tx.note_call(call).await?;
        tx.save().await
    }
}

#[async_trait]
impl Ledger for Book {
    async fn reserve(&self, account: &Account, micro_usd: i64) -> Result<Reservation, Failure> {
        let reserved = Reservation { day: self.clock.now().date_naive(), micro_usd };
        match self.set_aside(account, reserved).await {
            Ok(None) => Ok(reserved),
            Ok(Some(scope)) => Err(Failure::OverBudget { scope }),
            Err(error) => {
                tracing::error!(%error, "a call's cost cannot be set aside, so it is not made");
                Err(Failure::Broken("the database does not answer".to_owned()))
            }
        }
    }

    async fn settle(&self, account: &Account, reserved: Reservation, micro_usd: i64) {
        if let Err(error) = self.correct(account, reserved, micro_usd).await {
            tracing::error!(%error, "a call's cost cannot be settled; what was set aside stays");
        }
    }

    async fn record(&self, account: &Account, record: CallRecord) {
        if let Err(error) = self.note(account, &record).await {
            tracing::error!(%error, "a call cannot be written down");
        }
    }
}
