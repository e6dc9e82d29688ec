//! Leaves a model alone that fails again and again: those who ask get the next model of their chain at once, and
//! the provider gets a chance to recover.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that open the breaker.
const TRIP: u32 = 5;

/// How long it stays open before one call may try again.
const REST: Duration = Duration::from_secs(30);

/// One breaker for each provider and model. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Breakers(Arc<Mutex<HashMap<(String, String), Breaker>>>);

#[derive(Debug, Default)]
struct Breaker {
    failures: u32,
    /// Until when nobody may call; then one may, who moves it on.
    rests_until: Option<Instant>,
}

impl Breakers {
    /// Whether a call may go out now. One that may has to say how it went.
    pub(super) fn allow(&self, provider: &str, model: &str, now: Instant) -> bool {
        self.with(provider, model, |breaker| match breaker.rests_until {
            Some(until) if now < until => false,
            Some(_) => {
                // The others wait until this one is back.
                breaker.rests_until = Some(now + REST);
                true
            }
            None => true,
        })
    }

    /// The model answered, if only to say that it does not like the request.
    pub(super) fn well(&self, provider: &str, model: &str) {
        self.with(provider, model, |breaker| *breaker = Breaker::default());
    }

    /// The model failed.
    pub(super) fn ill(&self, provider: &str, model: &str, now: Instant) {
        self.with(provider, model, |breaker| {
            breaker.failures = breaker.failures.saturating_add(1);
            if breaker.failures >= TRIP {
                if breaker.failures == TRIP {
                    tracing::warn!(provider, model, "a model failed {TRIP} times and rests");
                }
                breaker.rests_until = Some(now + REST);
            }
        });
    }

    /// The models that are left alone, or were until a moment ago.
    pub(super) fn resting(&self, now: Instant) -> Vec<(String, String)> {
        let breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rests = |breaker: &Breaker| {
            breaker.failures >= TRIP && breaker.rests_until.is_some_and(|until| now < until + REST)
        };
        let resting = breakers.iter().filter(|(_, breaker)| rests(breaker));
        let mut resting: Vec<_> = resting.map(|(model, _)| model.clone()).collect();
        resting.sort();
        resting
    }

    fn with<T>(&self, provider: &str, model: &str, change: impl FnOnce(&mut Breaker) -> T) -> T {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(breakers.entry((provider.to_owned(), model.to_owned())).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_failures_a_model_rests_and_one_call_tries_it_again() {
        let (breakers, start) = (Breakers::default(), Instant::now());
        for _ in 0..TRIP {
            assert!(breakers.allow("p", "m", start));
            breakers.ill("p", "m", start);
        }
        assert!(!breakers.allow("p", "m", start + REST / 2));
        let resting = [("p".to_owned(), "m".to_owned())];
        assert_eq!(breakers.resting(start + REST / 2), resting);
        assert!(breakers.resting(start + REST * 3).is_empty(), "nobody has asked since");
        assert!(breakers.allow("p", "other", start), "each model has its own");
        let later = start + REST;
        assert!(breakers.allow("p", "m", later), "one may try");
        assert!(!breakers.allow("p", "m", later), "the others wait for it");
        breakers.ill("p", "m", later);
        assert!(!breakers.allow("p", "m", later + REST / 2), "it rests again");
        assert!(breakers.allow("p", "m", later + REST));
        breakers.well("p", "m");
        assert!(breakers.resting(later + REST).is_empty());
        assert!(breakers.allow("p", "m", later + REST));
        assert!(breakers.allow("p", "m", later + REST), "it is well");
    }

    #[test]
    fn one_success_forgives_what_was() {
        let (breakers, now) = (Breakers::default(), Instant::now());
        for _ in 0..10 {
            for _ in 1..TRIP {
                breakers.ill("p", "m", now);
            }
            breakers.well("p", "m");
        }
        assert!(breakers.allow("p", "m", now));
    }
}
