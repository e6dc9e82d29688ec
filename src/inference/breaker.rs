//! Leaves a model alone that fails again and again: those who ask get the next model of their chain at once, and
//! the provider gets a chance to recover.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that open the breaker.
const FAILURE_THRESHOLD: u32 = 5;

/// How long it stays open before one call may try again.
const OPEN_DURATION: Duration = Duration::from_secs(30);

/// One breaker for each provider and model. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct CircuitBreakers(Arc<Mutex<HashMap<(String, String), CircuitBreaker>>>);

#[derive(Debug, Default)]
struct CircuitBreaker {
    failures: u32,
    /// Until when nobody may call; then one may, who moves it on.
    open_until: Option<Instant>,
}

impl CircuitBreakers {
    /// Whether a call may go out now. One that may has to say how it went.
    pub(super) fn allow(&self, provider: &str, model: &str, now: Instant) -> bool {
        self.with(provider, model, |breaker| match breaker.open_until {
            Some(until) if now < until => false,
            Some(_) => {
                // The others wait until this one is back.
                breaker.open_until = Some(now + OPEN_DURATION);
                true
            }
            None => true,
        })
    }

    /// The model answered, if only to say that it does not like the request.
    pub(super) fn on_success(&self, provider: &str, model: &str) {
        self.with(provider, model, |breaker| *breaker = CircuitBreaker::default());
    }

    /// The model failed.
    pub(super) fn on_failure(&self, provider: &str, model: &str, now: Instant) {
        self.with(provider, model, |breaker| {
            breaker.failures = breaker.failures.saturating_add(1);
            if breaker.failures >= FAILURE_THRESHOLD {
                if breaker.failures == FAILURE_THRESHOLD {
                    tracing::warn!(
                        provider,
                        model,
                        "a model failed {FAILURE_THRESHOLD} times and rests"
                    );
                }
                breaker.open_until = Some(now + OPEN_DURATION);
            }
        });
    }

    /// The models that are left alone, or were until a moment ago.
    pub(super) fn open_circuits(&self, now: Instant) -> Vec<(String, String)> {
        let breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rests = |breaker: &CircuitBreaker| {
            breaker.failures >= FAILURE_THRESHOLD
                && breaker.open_until.is_some_and(|until| now < until + OPEN_DURATION)
        };
        let resting = breakers.iter().filter(|(_, breaker)| rests(breaker));
        let mut resting: Vec<_> = resting.map(|(model, _)| model.clone()).collect();
        resting.sort();
        resting
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
        let resting = [("p".to_owned(), "m".to_owned())];
        assert_eq!(breakers.open_circuits(start + OPEN_DURATION / 2), resting);
        assert!(
            breakers.open_circuits(start + OPEN_DURATION * 3).is_empty(),
            "nobody has asked since"
        );
        assert!(breakers.allow("p", "other", start), "each model has its own");
        let later = start + OPEN_DURATION;
        assert!(breakers.allow("p", "m", later), "one may try");
        assert!(!breakers.allow("p", "m", later), "the others wait for it");
        breakers.on_failure("p", "m", later);
        assert!(!breakers.allow("p", "m", later + OPEN_DURATION / 2), "it rests again");
        assert!(breakers.allow("p", "m", later + OPEN_DURATION));
        breakers.on_success("p", "m");
        assert!(breakers.open_circuits(later + OPEN_DURATION).is_empty());
        assert!(breakers.allow("p", "m", later + OPEN_DURATION));
        assert!(breakers.allow("p", "m", later + OPEN_DURATION), "it is well");
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
