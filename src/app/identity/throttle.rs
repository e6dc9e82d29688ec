//! Rate limits of the endpoints that need no authentication: logins and pairing. They use the operating system's
//! monotonic clock, so that setting the clock neither locks people out nor lets attackers in.

use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use crate::app::{AppError, ErrorKind};

/// The maximum number of names or addresses that one limiter tracks. More at a time are an attack and are rejected as
/// if they had exceeded their limit.
const MAX_KEYS: usize = 20_000;

/// A limit per minute and a limit per hour for each key.
struct Throttle<K: Hash + Eq + Clone> {
    limiters: [DefaultKeyedRateLimiter<K>; 2],
}

/// The throttles of the endpoints that need no authentication.
pub(super) struct Throttles {
    logins_by_address: Throttle<IpAddr>,
    logins_by_name: Throttle<String>,
    pairings: Throttle<IpAddr>,
    polls: Throttle<IpAddr>,
}

impl Throttles {
    /// Counts a login attempt, or returns when to retry.
    pub(super) fn check_login(&self, from: IpAddr, username: &str) -> Result<(), AppError> {
        self.logins_by_address.check(&network(from))?;
        self.logins_by_name.check(&username.to_owned())
    }

    /// Counts a request for a pairing code, or returns when to retry.
    pub(super) fn check_pairing(&self, from: IpAddr) -> Result<(), AppError> {
        self.pairings.check(&network(from))
    }

    /// Counts a poll for a token, or returns when to retry.
    pub(super) fn check_poll(&self, from: IpAddr) -> Result<(), AppError> {
        self.polls.check(&network(from))
    }
}

impl Default for Throttles {
    fn default() -> Self {
        Self {
            logins_by_address: Throttle::new(5, 30),
            logins_by_name: Throttle::new(5, 30),
            // A shop may set up many devices behind one address.
            pairings: Throttle::new(10, 100),
            polls: Throttle::new(300, 6_000),
        }
    }
}

impl fmt::Debug for Throttles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttles").finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    fn new(per_minute: u32, per_hour: u32) -> Self {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quotas =
            [Quota::per_minute(at_least_one(per_minute)), Quota::per_hour(at_least_one(per_hour))];
        Self { limiters: quotas.map(DefaultKeyedRateLimiter::keyed) }
    }

    fn check(&self, key: &K) -> Result<(), AppError> {
        for limiter in &self.limiters {
            if limiter.len() >= MAX_KEYS {
                limiter.retain_recent();
                if limiter.len() >= MAX_KEYS {
                    return Err(rate_limited(60));
                }
            }
            if let Err(not_yet) = limiter.check_key(key) {
                let wait = not_yet.wait_time_from(DefaultClock::default().now());
                return Err(rate_limited(wait.as_secs() + 1));
            }
        }
        Ok(())
    }
}

/// Returns the address by which a client is counted. For IPv6 it is the /64 network, because one client usually has all
/// of it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

fn rate_limited(seconds: u64) -> AppError {
    let detail = format!("Too many requests; try again in {seconds} seconds.");
    AppError { retry_after_seconds: Some(seconds), ..AppError::new(ErrorKind::Busy, detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_login_in_a_minute_waits_by_name_and_by_network() {
        let throttles = Throttles::default();
        let address = |n: u128| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) + n));
        for n in 0..5 {
            assert!(throttles.check_login(address(n), &format!("user{n}")).is_ok());
        }
        let refused = throttles.check_login(address(9), "another");
        let seconds = refused.err().and_then(|error| error.retry_after_seconds);
        assert!(seconds.is_some_and(|seconds| (1..=60).contains(&seconds)), "{seconds:?}");
        assert!(throttles.check_login(address(1 << 64), "another").is_ok(), "another network");
        for n in 2..7 {
            let passed = throttles.check_login(address(n << 64), "anna").is_ok();
            assert!(passed, "{n}");
        }
        assert!(
            throttles.check_login(address(8 << 64), "anna").is_err(),
            "the name has exceeded its limit"
        );
        assert_eq!(network([127, 0, 0, 1].into()), network("::ffff:127.0.0.1".parse().unwrap()));
    }
}
