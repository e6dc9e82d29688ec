//! Calls providers: with a circuit breaker, a budget, a limit of concurrent calls, retries of transient failures, and a
//! deadline.
//!
//! Each call has a span, a metric and a row in the ledger. None of them contains a prompt or a response.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::breaker::CircuitBreakers;
use super::ledger::{CallRecord, Ledger, SpendAccount};
use super::{CallContext, Capability, Failure, ModelResponse, Usage};
use crate::telemetry::{self, AttemptOutcome};

/// The most concurrent calls to one provider. Further calls wait.
const MAX_CONCURRENT_CALLS: usize = 32;

/// The most attempts after the first.
const MAX_RETRIES: usize = 3;

/// The wait before the second attempt. It doubles for each further attempt.
const INITIAL_BACKOFF: Duration = Duration::from_millis(400);

/// The state that all calls of a process share. Clones share it too.
#[derive(Debug, Clone, Default)]
pub(super) struct Caller {
    pub(super) breakers: CircuitBreakers,
    /// Limits concurrent calls, by provider.
    semaphores: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
    pub(super) ledger: Option<Arc<dyn Ledger>>,
}

/// A call to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct PendingCall<'a> {
    pub(super) capability: Capability,
    pub(super) call: CallContext<'a>,
    pub(super) account: &'a SpendAccount,
    /// The most that one attempt may use.
    pub(super) max_usage: Usage,
    /// What the calls that probably follow may cost, in millionths of a US dollar. It is reserved together with this
    /// call.
    pub(super) later_micro_usd: i64,
}

/// Counts a call's attempts and what they cost.
#[derive(Debug, Default)]
struct AttemptCounters {
    attempts: AtomicU32,
    /// The number of invalid responses.
    unusable: AtomicU32,
    /// The cost so far, in millionths of a US dollar.
    micro_usd: AtomicI64,
}

impl AttemptCounters {
    /// Whether to retry after a failure. A model whose structured output was invalid twice is not tried a third time,
    /// so that time is left to ask it for prose.
    fn should_retry(&self, pending: &PendingCall<'_>, failure: &Failure) -> bool {
        if !matches!(failure, Failure::InvalidResponse(_)) {
            return true;
        }
        let before = self.unusable.fetch_add(1, Ordering::Relaxed);
        pending.capability != Capability::Structured || before == 0
    }
}

impl Caller {
    /// Calls an external provider, and records the call in the ledger.
    pub(super) async fn call<T, F>(
        &self,
        pending: &PendingCall<'_>,
        attempt: impl Fn() -> F,
    ) -> Result<ModelResponse<T>, Failure>
    where
        F: Future<Output = Result<ModelResponse<T>, Failure>>,
    {
        let model = pending.call.model;
        let (started, counters) = (Instant::now(), AttemptCounters::default());
        let mut recorder =
            CallRecorder { ledger: self.ledger.as_ref(), pending, counters: &counters, started };
        let result = if self.breakers.allow(&model.provider, &model.name, started) {
            let result = self.call_with_retries(pending, &counters, attempt).await;
            match &result {
                Err(failure) if failure.is_provider_failure() => {
                    self.breakers.on_failure(&model.provider, &model.name, Instant::now());
                }
                // No request was sent, so the failure says nothing about the provider.
                Err(failure) if failure.is_local() => {}
                _ => self.breakers.on_success(&model.provider, &model.name),
            }
            result
        } else {
            Err(Failure::CircuitOpen)
        };
        let micro_usd = counters.micro_usd.load(Ordering::Relaxed);
        pending.account.totals.add(&model.provider, result.is_ok(), micro_usd);
        if let Some(ledger) = recorder.ledger.take() {
            let (outcome, usage) = match &result {
                Ok(response) => ("done", response.usage),
                Err(failure) => (failure.name(), Usage::default()),
            };
            let record = recorder.record(outcome, usage);
            pending.account.pending.record(ledger, pending.account, record);
        }
        result
    }

    /// Attempts the call until an attempt succeeds or fails permanently, or no time is left for another.
    async fn call_with_retries<T, F>(
        &self,
        pending: &PendingCall<'_>,
        counters: &AttemptCounters,
        attempt: impl Fn() -> F,
    ) -> Result<ModelResponse<T>, Failure>
    where
        F: Future<Output = Result<ModelResponse<T>, Failure>>,
    {
        let deadline = pending.call.deadline;
        let permit =
            timeout_at(deadline, self.semaphore(&pending.call.model.provider).acquire_owned());
        let _permit = permit.await.map_err(|_| Failure::TimedOut)?;
        let attempt_once = || self.attempt_within_budget(pending, counters, attempt());
        let backoff = ExponentialBuilder::default()
            .with_min_delay(INITIAL_BACKOFF)
            .with_max_times(MAX_RETRIES)
            .with_jitter();
        let within_deadline = |failure: &Failure, delay: Option<Duration>| {
            let delay = delay?.max(failure.retry_after().unwrap_or_default());
            (Instant::now() + delay < deadline).then_some(delay)
        };
        attempt_once
            .retry(backoff)
            .sleep(tokio::time::sleep)
            .when(|failure| failure.is_retryable() && counters.should_retry(pending, failure))
            .adjust(within_deadline)
            .notify(|failure, _| tracing::debug!(error = %failure, "retrying provider call"))
            .await
    }

    /// Makes one attempt within the budget and the deadline. A failed attempt costs nothing, unless the provider may
    /// have done the work anyway; then it costs the full reservation.
    async fn attempt_within_budget<T>(
        &self,
        pending: &PendingCall<'_>,
        counters: &AttemptCounters,
        attempt: impl Future<Output = Result<ModelResponse<T>, Failure>>,
    ) -> Result<ModelResponse<T>, Failure> {
        let (prices, account) = (&pending.call.model.prices, pending.account);
        let max_cost = prices.cost(&pending.max_usage);
        let ledger = self.ledger.as_ref().filter(|_| max_cost > 0);
        if let Some(ledger) = ledger {
            account.pending.hold(ledger, account, max_cost, pending.later_micro_usd).await?;
        }
        counters.attempts.fetch_add(1, Ordering::Relaxed);
        counters.micro_usd.fetch_add(max_cost, Ordering::Relaxed);
        let result = timeout_at(pending.call.deadline, attempt).await;
        let mut result = result.unwrap_or(Err(Failure::TimedOut));
        let cost = match &mut result {
            Ok(response) => {
                response.usage = response.usage.or_reserved(&pending.max_usage);
                prices.cost(&response.usage)
            }
            Err(
                Failure::TimedOut
                | Failure::InvalidResponse(_)
                | Failure::OutOfTokens { .. }
                | Failure::TooLarge(_),
            ) => max_cost,
            Err(_) => 0,
        };
        counters.micro_usd.fetch_add(cost - max_cost, Ordering::Relaxed);
        if ledger.is_some() {
            account.pending.adjust(cost - max_cost);
        }
        result
    }

    fn semaphore(&self, provider: &str) -> Arc<Semaphore> {
        let mut semaphores = self.semaphores.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Semaphore::new(MAX_CONCURRENT_CALLS));
        Arc::clone(semaphores.entry(provider.to_owned()).or_insert_with(new))
    }
}

/// Records a call in the ledger, even if its future is dropped: the call was made and may have cost something.
struct CallRecorder<'a> {
    /// The ledger; `None` once the call is recorded.
    ledger: Option<&'a Arc<dyn Ledger>>,
    pending: &'a PendingCall<'a>,
    counters: &'a AttemptCounters,
    started: Instant,
}

impl CallRecorder<'_> {
    fn record(&self, outcome: &'static str, usage: Usage) -> CallRecord {
        let (pending, counters) = (self.pending, self.counters);
        let model = pending.call.model;
        CallRecord {
            capability: pending.capability,
            provider: model.provider.clone(),
            model: model.name.clone(),
            outcome,
            attempts: counters.attempts.load(Ordering::Relaxed),
            milliseconds: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            usage,
            micro_usd: counters.micro_usd.load(Ordering::Relaxed),
        }
    }
}

impl Drop for CallRecorder<'_> {
    fn drop(&mut self) {
        let Some(ledger) = self.ledger else { return };
        let record = self.record("abandoned", Usage::default());
        self.pending.account.pending.record(ledger, self.pending.account, record);
    }
}

/// Runs a call in its own span, and counts and times it.
pub(super) async fn instrumented<T>(
    provider: &str,
    capability: Capability,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let timer = telemetry::ProviderCallTimer::start(provider, capability.name());
    let span = tracing::info_span!("call", provider, capability = capability.name());
    telemetry::set_span_name(&span, format!("{} {provider}", capability.name()));
    let result = call.instrument(span.clone()).await;
    let outcome = match &result {
        Ok(_) => AttemptOutcome::Done,
        Err(Failure::NotConfigured | Failure::Unsupported) => AttemptOutcome::Missing,
        Err(_) => AttemptOutcome::Failed,
    };
    if outcome != AttemptOutcome::Done {
        telemetry::mark_failed(&span, "the provider gave no answer");
    }
    timer.finish(outcome);
    result
}
