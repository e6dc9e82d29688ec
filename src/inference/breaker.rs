//! Circuit breakers: a model that fails repeatedly is not called for a while. Callers get the next model of their chain
//! at once, and the provider can recover.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The number of consecutive failures that opens a breaker.
const FAILURE_THRESHOLD: u32 = 5;

/// How long a breaker stays open before it lets one call through.
const OPEN_DURATION: Duration = Duration::from_secs(30);

/// The circuit breakers, one per provider and model. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct CircuitBreakers(Arc<Mutex<HashMap<(String, String), CircuitBreaker>>>);

#[derive(Debug, Default)]
struct CircuitBreaker {
    /// Consecutive failures.
    failures: u32,
    /// When the next call may go through. That call moves the time forward, so that it stays the only one.
    open_until: Option<Instant>,
}

impl CircuitBreakers {
    /// Whether a call may be made now. If so, the caller must report its outcome with [`Self::on_success`] or
    /// [`Self::on_failure`].
    pub(super) fn allow(&self, provider: &str, model: &str, now: Instant) -> bool {
        self.with(provider, model, |breaker| match breaker.open_until {
            Some(until) if now < until => false,
            Some(_) => {
                // Half-open: all other calls are refused until this one reports its outcome.
                breaker.open_until = Some(now + OPEN_DURATION);
                true
            }
            None => true,
        })
    }

    /// Closes the breaker, because the model responded. A rejected request counts as a response.
    pub(super) fn on_success(&self, provider: &str, model: &str) {
        self.with(provider, model, |breaker| *breaker = CircuitBreaker::default());
    }

    /// Counts a failure, and opens the breaker after [`FAILURE_THRESHOLD`] in a row.
    pub(super) fn on_failure(&self, provider: &str, model: &str, now: Instant) {
        self.with(provider, model, |breaker| {
            breaker.failures = breaker.failures.saturating_add(1);
            if breaker.failures >= FAILURE_THRESHOLD {
                if breaker.failures == FAILURE_THRESHOLD {
                    tracing::warn!(
                        provider,
                        model,
                        failures = breaker.failures,
                        "circuit breaker opened"
                    );
                }
                breaker.open_until = Some(now + OPEN_DURATION);
            }
        });
    }

    /// Returns the provider and model of each breaker that is open or was open within the last [`OPEN_DURATION`].
    pub(super) fn open_circuits(&self, now: Instant) -> Vec<(String, String)> {
        let breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = |breaker: &CircuitBreaker| {
            breaker.failures >= FAILURE_THRESHOLD
                && breaker.open_until.is_some_and(|until| now < until + OPEN_DURATION)
        };
        let open_circuits = breakers.iter().filter(|(_, breaker)| is_open(breaker));
        let mut open_circuits: Vec<_> = open_circuits.map(|(model, _)| model.clone()).collect();
        open_circuits.sort();
        open_circuits
    }

    fn with<T>(
        &self,
        provider: &str,
        model: &str,
        change: impl FnOnce(&mut CircuitBreaker) -> T,
    ) -> T {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(breakers.entry((provider.to_owned(), model.to_owned())).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_failures_a_model_rests_and_one_call_tries_it_again() {
        let (breakers, start) = (CircuitBreakers::default(), Instant::now());
        for _ in 0..FAILURE_THRESHOLD {
            assert!(breakers.allow("p", "m", start));
            breakers.on_failure("p", "m", start);
        }
        assert!(!breakers.allow("p", "m", start + OPEN_DURATION / 2));
        let open_circuits = [("p".to_owned(), "m".to_owned())];
        assert_eq!(breakers.open_circuits(start + OPEN_DURATION / 2), open_circuits);
        assert!(
            breakers.open_circuits(start + OPEN_DURATION * 3).is_empty(),
            "no call was made since"
        );
        assert!(breakers.allow("p", "other", start), "each model has its own");
        let later = start + OPEN_DURATION;
        assert!(breakers.allow("p", "m", later), "one call may try");
        assert!(!breakers.allow("p", "m", later), "the other calls are refused");
        breakers.on_failure("p", "m", later);
        assert!(!breakers.allow("p", "m", later + OPEN_DURATION / 2), "it is open again");
        assert!(breakers.allow("p", "m", later + OPEN_DURATION));
        breakers.on_success("p", "m");
        assert!(breakers.open_circuits(later + OPEN_DURATION).is_empty());
        assert!(breakers.allow("p", "m", later + OPEN_DURATION));
        assert!(breakers.allow("p", "m", later + OPEN_DURATION), "it is closed");
    }

    #[test]
    fn one_success_forgives_what_was() {
        let (breakers, now) = (CircuitBreakers::default(), Instant::now());
        for _ in 0..10 {
            for _ in 1..FAILURE_THRESHOLD {
                breakers.on_failure("p", "m", now);
            }
            breakers.on_success("p", "m");
        }
        assert!(breakers.allow("p", "m", now));
    }
}
