//! How often the open calls may be made. The time here is the machine's own and only goes forward: a clock that is
//! set must neither lock people out nor let anybody in.

use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use crate::app::{AppError, ErrorKind};

/// So many names or addresses are remembered; more at once is an attack, and gets the same answer as one too often.
const MAX_KEYS: usize = 20_000;

/// A bound a minute and a bound an hour for each key.
struct Throttle<K: Hash + Eq + Clone> {
    limiters: [DefaultKeyedRateLimiter<K>; 2],
}

/// The throttles of every open call.
pub(super) struct Throttles {
    logins_by_address: Throttle<IpAddr>,
    logins_by_name: Throttle<String>,
    pairings: Throttle<IpAddr>,
    polls: Throttle<IpAddr>,
}

impl Throttles {
    /// Lets a login pass, or says when to come again.
    pub(super) fn check_login(&self, from: IpAddr, username: &str) -> Result<(), AppError> {
        self.logins_by_address.check(&network(from))?;
        self.logins_by_name.check(&username.to_owned())
    }

    /// Lets a device ask for a code, or says when to come again.
    pub(super) fn check_pairing(&self, from: IpAddr) -> Result<(), AppError> {
        self.pairings.check(&network(from))
    }

    /// Lets a device ask for its token, or says when to come again.
    pub(super) fn check_poll(&self, from: IpAddr) -> Result<(), AppError> {
        self.polls.check(&network(from))
    }
}

impl Default for Throttles {
    fn default() -> Self {
        Self {
            logins_by_address: Throttle::new(5, 30),
            logins_by_name: Throttle::new(5, 30),
            // A shop may set up a shelf of devices behind one address.
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
    fn new(a_minute: u32, an_hour: u32) -> Self {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quotas =
            [Quota::per_minute(at_least_one(a_minute)), Quota::per_hour(at_least_one(an_hour))];
        Self { limiters: quotas.map(DefaultKeyedRateLimiter::keyed) }
    }

    fn check(&self, key: &K) -> Result<(), AppError> {
        for bound in &self.limiters {
            if bound.len() >= MAX_KEYS {
                bound.retain_recent();
                if bound.len() >= MAX_KEYS {
                    return Err(rate_limited(60));
                }
            }
            if let Err(not_yet) = bound.check_key(key) {
                let wait = not_yet.wait_time_from(DefaultClock::default().now());
                return Err(rate_limited(wait.as_secs() + 1));
            }
        }
        Ok(())
    }
}

/// Whoever has one IPv6 address has the 2⁶⁴ around it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

fn rate_limited(seconds: u64) -> AppError {
    let detail = format!("This was asked too often; try again in {seconds} seconds.");
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
            "the name is known by now"
        );
        assert_eq!(network([127, 0, 0, 1].into()), network("::ffff:127.0.0.1".parse().unwrap()));
    }
}
