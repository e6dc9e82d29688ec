//! The spend ledger in the database. Budgets apply to all instances together.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::Clock;
use crate::inference::{Budget, Failure, Ledger, Reservation, Settlement};
use crate::store::{NewInferenceCall, SpendRow, Store, StoreError, Tx};

/// Records what model calls cost in the database, and reserves it before they are made if a budget is limited.
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

    /// Reserves an amount in every limited budget. Returns the scope of the first budget that lacks it; nothing is
    /// reserved then.
    async fn try_reserve(
        &self,
        budgets: &[Budget],
        reservation: Reservation,
    ) -> Result<Option<String>, StoreError> {
        let mut limited: Vec<(&str, i64)> = budgets
            .iter()
            .filter_map(|budget| Some((budget.scope.as_str(), budget.micro_usd?)))
            .collect();
        // Every transaction locks the rows in the same order, so that none waits for another in a circle.
        limited.sort_unstable();
        let mut tx = self.store.begin().await?;
        for (scope, limit) in limited {
            let Reservation { day, micro_usd } = reservation;
            if !tx.reserve_spend(scope, day, micro_usd, limit).await? {
                return Ok(Some(scope.to_owned()));
            }
        }
        tx.save().await?;
        Ok(None)
    }

    async fn write(&self, settlement: &Settlement) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        write_settlement(&mut tx, settlement, self.clock.now()).await?;
        tx.save().await
    }
}

/// Writes calls and what they cost in the transaction of what they were made for. Call it last, because it locks rows
/// that every frame changes.
pub(in crate::app) async fn write_settlement(
    tx: &mut Tx,
    settlement: &Settlement,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let to_i64 = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let calls = settlement.calls.iter().map(|call| NewInferenceCall {
        capability: call.capability.name(),
        provider: &call.provider,
        model: &call.model,
        outcome: call.outcome,
        attempts: call.attempts.into(),
        milliseconds: to_i64(call.milliseconds),
        input_tokens: to_i64(call.usage.input_tokens),
        output_tokens: to_i64(call.usage.output_tokens),
        images: to_i64(call.usage.images),
        seconds: call.usage.seconds,
        micro_usd: call.micro_usd,
    });
    let calls: Vec<NewInferenceCall<'_>> = calls.collect();
    tx.insert_inference_calls(settlement.client_id.as_deref(), settlement.story_id, &calls, now)
        .await?;
    let changes = settlement.changes(now.date_naive());
    let changes: Vec<SpendRow<'_>> = changes
        .iter()
        .map(|change| SpendRow {
            scope: &change.scope,
            day: change.day,
            micro_usd: change.micro_usd,
        })
        .collect();
    tx.add_spend(&changes).await
}

#[async_trait]
impl Ledger for SpendLedger {
    async fn reserve(
        &self,
        budgets: &[Budget],
        needed: i64,
        wanted: i64,
    ) -> Result<Reservation, Failure> {
        let day = self.clock.now().date_naive();
        let mut lacking = None;
        for micro_usd in [wanted, needed] {
            let reservation = Reservation { day, micro_usd };
            match self.try_reserve(budgets, reservation).await {
                Ok(None) => return Ok(reservation),
                Ok(scope) => lacking = scope,
                Err(error) => {
                    let error = &error as &dyn Error;
                    tracing::error!(
                        error,
                        "cannot reserve the cost of a model call; skipping the call"
                    );
                    return Err(Failure::Internal("the database does not answer".to_owned()));
                }
            }
            if wanted == needed {
                break;
            }
        }
        Err(Failure::OverBudget { scope: lacking.unwrap_or_default() })
    }

    async fn settle(&self, settlement: Settlement) {
        if let Err(error) = self.write(&settlement).await {
            let error = &error as &dyn Error;
            let calls = settlement.calls.len();
            tracing::error!(
                error,
                calls,
                "cannot record model calls; the reserved amount stays spent"
            );
        }
    }
}
