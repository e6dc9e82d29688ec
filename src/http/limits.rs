//! Rate limits, in two layers.
//!
//! The one by address stands before the key is looked at, so that guessing keys is limited too, and after CORS, so
//! that a browser may read the refusal. The one by token stands behind the key, for only then is the token known.

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
use super::address::ClientAddress;
use super::problem::Problem;
use crate::app::{AppError, ErrorKind};
use crate::domain::{Identity, Principal};
use crate::settings::RateLimitSettings;

/// The most addresses or tokens that are counted at once.
const MAX_KEYS: usize = 100_000;

/// After how many requests those are forgotten whose limit is whole again.
const EVICTION_INTERVAL: u32 = 4096;

/// What is counted.
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

/// Refuses what is too much for one address, before anything else is asked.
pub(super) async fn limit_by_address(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    // An orchestrator that gets no answer kills the process.
    let is_probe = matches!(route, Some("/livez" | "/readyz"));
    let client = request.extensions().get::<ClientAddress>();
    // Without a key this machine's own programs are served, and trusted.
    let client = client.filter(|client| state.access_policy.api_key.is_some() || !client.is_local);
    let Some(client) = client.filter(|_| !is_probe) else { return next.run(request).await };
    match state.rate_limiters.by_address.check(&client_network(client.ip)) {
        Ok(()) => next.run(request).await,
        Err(seconds) => {
            let most = state.rate_limiters.by_address.per_minute;
            let detail = format!(
                "This address sends more than {most} requests a minute; send fewer, and the next in {seconds} s."
            );
            too_many_requests(detail, seconds)
        }
    }
}

/// Refuses what is too much for one token, once it is known.
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
            let most = state.rate_limiters.by_token.per_minute;
            let detail = format!(
                "This token sends more than {most} requests a minute; send fewer, and the next in {seconds} s."
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

/// What one client has to itself: an IPv4 address, or the /64 that an IPv6 client may choose its addresses from.
fn client_network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) >> 64 << 64).to_be_bytes()),
    }
}

type GovernorLimiter<K, C> =
    RateLimiter<K, HashMapStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Counts the requests of each key.
#[derive(Debug)]
struct KeyedLimiter<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    /// `None` when there is no limit.
    limiter: Option<GovernorLimiter<K, C>>,
    per_minute: u32,
    requests: AtomicU32,
}

impl<K: Hash + Eq + Clone, C: Clock> KeyedLimiter<K, C> {
    /// A minute's worth may come at once; then it grows back evenly. 0 is no limit.
    fn new(per_minute: u32, clock: C) -> Self {
        let quota = NonZeroU32::new(per_minute).map(Quota::per_minute);
        let counted = quota.map(|quota| RateLimiter::hashmap_with_clock(quota, clock));
        Self { limiter: counted, per_minute, requests: AtomicU32::new(0) }
    }

    /// Takes one request of a key, or says in how many seconds the next one may come.
    fn check(&self, key: &K) -> Result<(), u64> {
        let Some(counted) = &self.limiter else { return Ok(()) };
        if self.requests.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVICTION_INTERVAL) {
            counted.retain_recent();
        }
        // So many that send so much would not be stopped by counting them.
        if counted.len() >= MAX_KEYS {
            return Ok(());
        }
        counted.check_key(key).map_err(|early| {
            let wait = early.wait_time_from(counted.clock().now());
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
        assert_eq!(check("b"), Ok(()), "another's");
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
        let kept = || limiter.limiter.as_ref().map_or(0, RateLimiter::len);
        for key in 0..MAX_KEYS + 5000 {
            assert_eq!(limiter.check(&key), Ok(()));
        }
        assert_eq!(kept(), MAX_KEYS);
        clock.advance(Duration::from_mins(2));
        for _ in 0..EVICTION_INTERVAL {
            let _ = limiter.check(&0);
        }
        assert_eq!(kept(), 1);
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let network = |text: &str| text.parse().map(client_network).ok().map(|ip| ip.to_string());
        assert_eq!(network("192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(network("2001:db8:1:2:3:4:5:6").as_deref(), Some("2001:db8:1:2::"));
    }
}
