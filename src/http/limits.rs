//! Rate limits, in two layers.
//!
//! The limit per address applies before authentication, so that guessing keys is limited too, and inside the CORS
//! layer, so that a browser can read the refusal. The limit per token applies after authentication, which identifies
//! the token.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::HttpState;
use super::address::{ClientAddress, client_network};
use super::problem::Problem;
use crate::app::{AppError, ErrorKind};
use crate::domain::{Identity, Principal};
use crate::settings::RateLimitSettings;

/// The most addresses or tokens that are counted at once. Beyond it, requests are not limited.
const MAX_KEYS: usize = 100_000;

/// The number of requests between evictions of keys whose quota is full again.
const EVICTION_INTERVAL: u32 = 4096;

/// The rate limiters of one service.
#[derive(Debug)]
pub(super) struct RateLimiters {
    by_address: KeyedLimiter<IpAddr>,
    by_token: KeyedLimiter<i64>,
}

impl RateLimiters {
    pub(super) fn new(limits: &RateLimitSettings) -> Self {
        Self {
            by_address: KeyedLimiter::new(
                limits.requests_per_minute_per_address,
                DefaultClock::default(),
            ),
            by_token: KeyedLimiter::new(
                limits.requests_per_minute_per_token,
                DefaultClock::default(),
            ),
        }
    }
}

/// Rejects requests above the limit of their address.
pub(super) async fn limit_by_address(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    // An orchestrator restarts a process that does not answer its probes.
    let is_probe = matches!(route, Some("/livez" | "/readyz"));
    let client = request.extensions().get::<ClientAddress>();
    // Without an API key, programs on this machine are trusted.
    let client = client.filter(|client| state.access_policy.api_key.is_some() || !client.is_local);
    let Some(client) = client.filter(|_| !is_probe) else { return next.run(request).await };
    match state.rate_limiters.by_address.check(&client_network(client.ip)) {
        Ok(()) => next.run(request).await,
        Err(seconds) => {
            let limit = state.rate_limiters.by_address.per_minute;
            let detail = format!(
                "This address sends more than {limit} requests a minute; send fewer, and the next in {seconds} s."
            );
            too_many_requests(detail, seconds)
        }
    }
}

/// Rejects requests above the limit of their token.
pub(super) async fn limit_by_token(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Response {
    let principal = request.extensions().get::<Principal>();
    let Some(Identity::Token { id, .. }) = principal.map(|principal| &principal.identity) else {
        return next.run(request).await;
    };
    match state.rate_limiters.by_token.check(id) {
        Ok(()) => next.run(request).await,
        Err(seconds) => {
            let limit = state.rate_limiters.by_token.per_minute;
            let detail = format!(
                "This token sends more than {limit} requests a minute; send fewer, and the next in {seconds} s."
            );
            too_many_requests(detail, seconds)
        }
    }
}

fn too_many_requests(detail: String, seconds: u64) -> Response {
    let error = AppError::new(ErrorKind::Busy, detail);
    Problem::from_error(AppError { retry_after_seconds: Some(seconds), ..error }, "")
        .into_response()
}

type GovernorLimiter<K, C> =
    RateLimiter<K, HashMapStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Limits the requests of each key.
#[derive(Debug)]
struct KeyedLimiter<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    /// `None` if requests are not limited.
    limiter: Option<GovernorLimiter<K, C>>,
    per_minute: u32,
    requests: AtomicU32,
}

impl<K: Hash + Eq + Clone, C: Clock> KeyedLimiter<K, C> {
    /// Creates a limiter. A key may use the quota of a minute at once; the quota then refills evenly. 0 means no limit.
    fn new(per_minute: u32, clock: C) -> Self {
        let quota = NonZeroU32::new(per_minute).map(Quota::per_minute);
        let limiter = quota.map(|quota| RateLimiter::hashmap_with_clock(quota, clock));
        Self { limiter, per_minute, requests: AtomicU32::new(0) }
    }

    /// Counts a request of a key. If the key is over its limit, returns the seconds until its next request is allowed.
    fn check(&self, key: &K) -> Result<(), u64> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.requests.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVICTION_INTERVAL) {
            limiter.retain_recent();
        }
        // An attack from so many addresses would not be stopped by counting them, but the counts would fill the memory.
        if limiter.len() >= MAX_KEYS {
            return Ok(());
        }
        limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(limiter.clock().now());
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn a_minutes_worth_comes_at_once_and_grows_back() {
        let clock = FakeRelativeClock::default();
        let limiter = KeyedLimiter::new(4, clock.clone());
        let check = |key: &'static str| limiter.check(&key);
        assert_eq!([(); 5].map(|()| check("a")), [Ok(()), Ok(()), Ok(()), Ok(()), Err(15)]);
        assert_eq!(check("b"), Ok(()), "another key");
        clock.advance(Duration::from_millis(14_001));
        assert_eq!(check("a"), Err(1));
        clock.advance(Duration::from_secs(1));
        assert_eq!((check("a"), check("a")), (Ok(()), Err(15)));
    }

    #[test]
    fn nothing_is_counted_without_a_limit() {
        let limiter = KeyedLimiter::new(0, FakeRelativeClock::default());
        assert!((0..10_000).all(|_| limiter.check(&7).is_ok()));
    }

    #[test]
    fn keys_that_fell_silent_are_forgotten_and_never_more_kept_than_may_be() {
        let clock = FakeRelativeClock::default();
        let limiter = KeyedLimiter::new(1, clock.clone());
        let key_count = || limiter.limiter.as_ref().map_or(0, RateLimiter::len);
        for key in 0..MAX_KEYS + 5000 {
            assert_eq!(limiter.check(&key), Ok(()));
        }
        assert_eq!(key_count(), MAX_KEYS);
        clock.advance(Duration::from_mins(2));
        for _ in 0..EVICTION_INTERVAL {
            let _ = limiter.check(&0);
        }
        assert_eq!(key_count(), 1);
    }
}
