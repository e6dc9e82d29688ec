//! How a provider is called: not while it rests, not beyond the budget, not too often at once, again when what failed
//! may pass, and never past the deadline. Each call is a span, a metric and a row; what was asked and answered is in
//! none of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::breaker::CircuitBreakers;
use super::ledger::{CallRecord, Ledger, SpendAccount};
use super::{CallContext, Capability, Failure, ModelResponse, Usage};
use crate::telemetry::{self, AttemptOutcome};

/// Calls at once to one provider; more wait for their turn.
const MAX_CONCURRENT_CALLS: usize = 32;

/// Attempts after the first.
const MAX_RETRIES: usize = 3;

/// The wait before the second attempt; it doubles from one to the next.
const INITIAL_BACKOFF: Duration = Duration::from_millis(400);

/// What all calls of a process share. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Caller {
    pub(super) breakers: CircuitBreakers,
    semaphores: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
    pub(super) ledger: Option<Arc<dyn Ledger>>,
}

/// A call to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct PendingCall<'a> {
    pub(super) capability: Capability,
    pub(super) call: CallContext<'a>,
    pub(super) account: &'a SpendAccount,
    /// The most that one attempt may use up.
    pub(super) max_usage: Usage,
}

/// What became of a call's attempts so far.
#[derive(Debug, Default)]
struct AttemptCounters {
    attempts: AtomicU32,
    /// Answers that could not be used.
    unusable: AtomicU32,
    micro_usd: AtomicI64,
}

impl AttemptCounters {
    /// A model that twice gave no JSON of use will not give it the third time; it may still give prose, in the time left.
    fn should_retry(&self, order: &PendingCall<'_>, failure: &Failure) -> bool {
        if !matches!(failure, Failure::InvalidResponse(_)) {
            return true;
        }
        let before = self.unusable.fetch_add(1, Ordering::Relaxed);
        order.capability != Capability::Structured || before == 0
    }
}

impl Caller {
    /// Calls a provider of the world outside.
    pub(super) async fn call<T, F>(
        &self,
        order: &PendingCall<'_>,
        attempt: impl Fn() -> F,
    ) -> Result<ModelResponse<T>, Failure>
    where
        F: Future<Output = Result<ModelResponse<T>, Failure>>,
    {
        let model = order.call.model;
        let (begun, tally) = (Instant::now(), AttemptCounters::default());
        let mut note =
            CallRecorder { ledger: self.ledger.as_ref(), order, tally: &tally, started: begun };
        let answer = if self.breakers.allow(&model.provider, &model.name, begun) {
            let answer = self.call_with_retries(order, &tally, attempt).await;
            match &answer {
                Err(failure) if failure.is_provider_failure() => {
                    self.breakers.on_failure(&model.provider, &model.name, Instant::now());
                }
                // Nobody was asked: that says nothing of the provider.
                Err(failure) if failure.is_local() => {}
                _ => self.breakers.on_success(&model.provider, &model.name),
            }
            answer
        } else {
            Err(Failure::CircuitOpen)
        };
        if let Some(ledger) = note.ledger.take() {
            let (outcome, usage) = match &answer {
                Ok(answer) => ("done", answer.usage),
                Err(failure) => (failure.name(), Usage::default()),
            };
            ledger.record(order.account, note.record(outcome, usage)).await;
        }
        answer
    }

    /// Attempts until one succeeds, fails for good, or the deadline is near.
    async fn call_with_retries<T, F>(
        &self,
        order: &PendingCall<'_>,
        tally: &AttemptCounters,
        attempt: impl Fn() -> F,
    ) -> Result<ModelResponse<T>, Failure>
    where
        F: Future<Output = Result<ModelResponse<T>, Failure>>,
    {
        let deadline = order.call.deadline;
        let turn = timeout_at(deadline, self.semaphore(&order.call.model.provider).acquire_owned());
        let _turn = turn.await.map_err(|_| Failure::TimedOut)?;
        let once = || self.attempt_within_budget(order, tally, attempt());
        let waits = ExponentialBuilder::default()
            .with_min_delay(INITIAL_BACKOFF)
            .with_max_times(MAX_RETRIES)
            .with_jitter();
        let in_time = |failure: &Failure, wait: Option<Duration>| {
            let wait = wait?.max(failure.retry_after().unwrap_or_default());
            (Instant::now() + wait < deadline).then_some(wait)
        };
        once.retry(waits)
            .sleep(tokio::time::sleep)
            .when(|failure| failure.is_retryable() && tally.should_retry(order, failure))
            .adjust(in_time)
            .notify(|failure, _| tracing::debug!(%failure, "a provider is asked again"))
            .await
    }

    /// One attempt, within the budget and the deadline. What failed costs nothing, unless the provider may have done
    /// the work all the same: then it costs what was set aside.
    async fn attempt_within_budget<T>(
        &self,
        order: &PendingCall<'_>,
        tally: &AttemptCounters,
        attempt: impl Future<Output = Result<ModelResponse<T>, Failure>>,
    ) -> Result<ModelResponse<T>, Failure> {
        let (prices, account) = (&order.call.model.prices, order.account);
        let most = prices.cost(&order.max_usage);
        let ledger = self.ledger.as_ref().filter(|_| most > 0);
        let reserved = match ledger {
            Some(ledger) => Some(ledger.reserve(account, most).await?),
            None => None,
        };
        tally.attempts.fetch_add(1, Ordering::Relaxed);
        tally.micro_usd.fetch_add(most, Ordering::Relaxed);
        let answer = timeout_at(order.call.deadline, attempt).await;
        let answer = answer.unwrap_or(Err(Failure::TimedOut));
        let cost = match &answer {
            Ok(answer) => prices.cost(&answer.usage),
            Err(Failure::TimedOut | Failure::InvalidResponse(_) | Failure::TooLarge(_)) => most,
            Err(_) => 0,
        };
        tally.micro_usd.fetch_add(cost - most, Ordering::Relaxed);
        if let (Some(ledger), Some(reserved)) = (ledger, reserved)
            && cost != reserved.micro_usd
        {
            ledger.reconcile(account, reserved, cost).await;
        }
        answer
    }

    fn semaphore(&self, provider: &str) -> Arc<Semaphore> {
        let mut turns = self.semaphores.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Semaphore::new(MAX_CONCURRENT_CALLS));
        Arc::clone(turns.entry(provider.to_owned()).or_insert_with(new))
    }
}

/// What is written down of a call, also when whoever waited for it went away: it was made, and may have cost something.
struct CallRecorder<'a> {
    /// Taken when it is written.
    ledger: Option<&'a Arc<dyn Ledger>>,
    order: &'a PendingCall<'a>,
    tally: &'a AttemptCounters,
    started: Instant,
}

impl CallRecorder<'_> {
    fn record(&self, outcome: &'static str, usage: Usage) -> CallRecord {
        let (order, tally) = (self.order, self.tally);
        let model = order.call.model;
        CallRecord {
            capability: order.capability,
            provider: model.provider.clone(),
            model: model.name.clone(),
            outcome,
            attempts: tally.attempts.load(Ordering::Relaxed),
            milliseconds: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            usage,
            micro_usd: tally.micro_usd.load(Ordering::Relaxed),
        }
    }
}

impl Drop for CallRecorder<'_> {
    fn drop(&mut self) {
        let (Some(ledger), Ok(runtime)) = (self.ledger, Handle::try_current()) else { return };
        let record = self.record("abandoned", Usage::default());
        let (ledger, account) = (Arc::clone(ledger), self.order.account.clone());
        runtime.spawn(async move { ledger.record(&account, record).await });
    }
}

/// Counts and times a call, in a span of its own.
pub(super) async fn instrumented<T>(
    provider: &str,
    capability: Capability,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let counted = telemetry::ProviderCallTimer::start(provider, capability.name());
    let span = tracing::info_span!("call", provider, capability = capability.name());
    telemetry::set_span_name(&span, format!("{} {provider}", capability.name()));
    let answer = call.instrument(span.clone()).await;
    let outcome = match &answer {
        Ok(_) => AttemptOutcome::Done,
        Err(Failure::NotConfigured | Failure::Unsupported) => AttemptOutcome::Missing,
        Err(_) => AttemptOutcome::Failed,
    };
    if outcome != AttemptOutcome::Done {
        telemetry::mark_failed(&span, "the provider gave no answer");
    }
    counted.finish(outcome);
    answer
}
