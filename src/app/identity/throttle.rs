//! Rate limits of the endpoints that need no authentication: logins, the first user, pairing, and links of shares.
//!
//! Each process counts by the operating system's monotonic clock, so that setting the clock neither locks people out nor
//! lets attackers in. What a process allows is then counted in the database for all instances, except on SQLite, which
//! serves one process, and except polls, which are frequent and harmless.

use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use sha2::{Digest, Sha256};

use crate::app::{AppError, ErrorKind};
use crate::store::{AttemptLimit, Store};

/// The maximum number of keys that one limiter tracks. Beyond it, only the wider limits count: an attacker with very many
/// networks must not lock everybody else out.
const MAX_KEYS: usize = 20_000;

/// The number of checks beyond [`MAX_KEYS`] between two searches for keys whose quota is full again, because a search
/// takes long.
const EVICTION_INTERVAL: u32 = 4096;

/// The number of attempts that one key has per minute and per hour.
type Rates = [(u32, TimeDelta); 2];

/// Several people may work behind one address, so a network has more logins than a name within it.
const LOGINS: Rates = rates(5, 30);
const LOGINS_BY_NETWORK: Rates = rates(10, 60);
const LOGINS_BY_WIDE_NETWORK: Rates = rates(60, 300);

/// A shop may set up many devices behind one address.
const PAIRINGS: Rates = rates(10, 100);
const POLLS: Rates = rates(300, 6_000);

/// Addresses that lead to no share. The token of a share cannot be guessed, so the limit only saves work; a museum full of
/// visitors is one network, so links that work are never refused.
const WRONG_LINKS: Rates = rates(30, 300);

/// Visitors who agree to give photos. A museum full of them is one network.
const VISITORS: Rates = rates(60, 1_000);

const fn rates(per_minute: u32, per_hour: u32) -> Rates {
    [(per_minute, TimeDelta::minutes(1)), (per_hour, TimeDelta::hours(1))]
}

/// A limit per minute and a limit per hour for each key.
struct Throttle<K: Hash + Eq + Clone> {
    limiters: [DefaultKeyedRateLimiter<K>; 2],
    /// The number of checks that found too many keys.
    overflows: AtomicU32,
}

/// The throttles of the endpoints that need no authentication.
pub(super) struct Throttles {
    /// By name and network together: a stranger who knows a name must not lock its owner out elsewhere.
    logins: Throttle<(String, IpAddr)>,
    logins_by_network: Throttle<IpAddr>,
    logins_by_wide_network: Throttle<IpAddr>,
    pairings: Throttle<IpAddr>,
    polls: Throttle<IpAddr>,
    wrong_links: Throttle<IpAddr>,
    visitors: Throttle<IpAddr>,
}

impl Throttles {
    /// Counts a login attempt on this instance and then on all, or returns when to retry.
    pub(super) async fn count_login(
        &self,
        store: &Store,
        now: DateTime<Utc>,
        from: IpAddr,
        username: &str,
    ) -> Result<(), AppError> {
        let [by_name, by_network, by_wide_network] = self.check_login(from, username)?;
        let (near, wide) = (network(from).to_string(), wide_network(from).to_string());
        let name = format!("{username} {near}");
        let limits = [
            by_name.then_some(("login by name", name, LOGINS)),
            by_network.then_some(("login by network", near, LOGINS_BY_NETWORK)),
            by_wide_network.then_some(("login by wide network", wide, LOGINS_BY_WIDE_NETWORK)),
        ];
        count_on_all_instances(store, now, limits.into_iter().flatten()).await
    }

    /// Counts a request for a pairing code on this instance and then on all, or returns when to retry.
    pub(super) async fn count_pairing(
        &self,
        store: &Store,
        now: DateTime<Utc>,
        from: IpAddr,
    ) -> Result<(), AppError> {
        let is_counted = self.check_pairing(from)?;
        let limit = is_counted.then(|| ("pairing", network(from).to_string(), PAIRINGS));
        count_on_all_instances(store, now, limit).await
    }

    /// Counts an attempt to create the first user, as a login with a name that no user can have.
    pub(super) async fn count_setup(
        &self,
        store: &Store,
        now: DateTime<Utc>,
        from: IpAddr,
    ) -> Result<(), AppError> {
        self.count_login(store, now, from, "").await
    }

    /// Counts an address that led to no share, or returns when to retry.
    pub(super) fn check_wrong_link(&self, from: IpAddr) -> Result<(), AppError> {
        self.wrong_links.check(&network(from)).map(drop)
    }

    /// Counts a visitor who agrees to give photos, or returns when to retry.
    pub(super) fn check_visitor(&self, from: IpAddr) -> Result<(), AppError> {
        self.visitors.check(&network(from)).map(drop)
    }

    /// Counts a login attempt by name, network and wide network. Returns for each whether it was counted.
    fn check_login(&self, from: IpAddr, username: &str) -> Result<[bool; 3], AppError> {
        Ok([
            self.logins.check(&(username.to_owned(), network(from)))?,
            self.logins_by_network.check(&network(from))?,
            self.logins_by_wide_network.check(&wide_network(from))?,
        ])
    }

    fn check_pairing(&self, from: IpAddr) -> Result<bool, AppError> {
        self.pairings.check(&network(from))
    }

    /// Counts a poll for a token, or returns when to retry.
    pub(super) fn check_poll(&self, from: IpAddr) -> Result<(), AppError> {
        self.polls.check(&network(from)).map(drop)
    }
}

impl Default for Throttles {
    fn default() -> Self {
        Self {
            logins: Throttle::new(LOGINS),
            logins_by_network: Throttle::new(LOGINS_BY_NETWORK),
            logins_by_wide_network: Throttle::new(LOGINS_BY_WIDE_NETWORK),
            pairings: Throttle::new(PAIRINGS),
            polls: Throttle::new(POLLS),
            wrong_links: Throttle::new(WRONG_LINKS),
            visitors: Throttle::new(VISITORS),
        }
    }
}

impl fmt::Debug for Throttles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttles").finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    fn new([(per_minute, _), (per_hour, _)]: Rates) -> Self {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quotas =
            [Quota::per_minute(at_least_one(per_minute)), Quota::per_hour(at_least_one(per_hour))];
        let limiters = quotas.map(DefaultKeyedRateLimiter::keyed);
        Self { limiters, overflows: AtomicU32::new(0) }
    }

    /// Counts an attempt, or returns when to retry. Returns `false` if it was not counted, because too many keys are.
    fn check(&self, key: &K) -> Result<bool, AppError> {
        let mut is_counted = true;
        for limiter in &self.limiters {
            if limiter.len() >= MAX_KEYS {
                if self.overflows.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVICTION_INTERVAL)
                {
                    limiter.retain_recent();
                }
                if limiter.len() >= MAX_KEYS {
                    is_counted = false;
                    continue;
                }
            }
            if let Err(not_yet) = limiter.check_key(key) {
                let wait = not_yet.wait_time_from(DefaultClock::default().now());
                return Err(rate_limited(wait.as_secs() + 1));
            }
        }
        Ok(is_counted)
    }
}

/// Counts an attempt in the database, or returns when to retry. A refused attempt is not counted at all.
///
/// Only keys come here that the process counts itself, which bounds the number of rows.
async fn count_on_all_instances(
    store: &Store,
    now: DateTime<Utc>,
    limits: impl IntoIterator<Item = (&'static str, String, Rates)>,
) -> Result<(), AppError> {
    if store.is_sqlite() {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    for (limit, who, rates) in limits {
        for (attempts, period) in rates {
            // The row holds a hash, because names and addresses of people are nobody's business.
            let key = Sha256::digest(format!("{limit} {} {who}", period.num_seconds()));
            let limit = AttemptLimit { attempts, period };
            if let Some(allowed) = tx.count_attempt(&key, limit, now).await? {
                let wait = (allowed - now).num_seconds().max(0).unsigned_abs();
                return Err(rate_limited(wait + 1));
            }
        }
    }
    Ok(tx.save().await?)
}

/// Returns the address by which a client is counted. For IPv6 it is the /64 network, because one client usually has all
/// of it.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// Returns the network by which clients are counted together that may belong to one attacker: the /48 of IPv6, which one
/// customer may have, or the /24 of IPv4.
pub(super) fn wide_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 80 << 80).into(),
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() >> 8 << 8).into(),
    }
}

fn rate_limited(seconds: u64) -> AppError {
    let detail = format!("Too many requests; try again in {seconds} seconds.");
    AppError { retry_after_seconds: Some(seconds), ..AppError::new(ErrorKind::Busy, detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v6(bits: u128) -> IpAddr {
        Ipv6Addr::from_bits((0x2001_0db8 << 96) + bits).into()
    }

    #[test]
    fn a_stranger_does_not_lock_the_owner_out() {
        let throttles = Throttles::default();
        for n in 0..200_u32 {
            let stranger = Ipv4Addr::from_bits((192 << 24) + (n << 8));
            for _ in 0..10 {
                let _ = throttles.check_login(stranger.into(), "anna");
            }
        }
        let owner = [198, 51, 100, 7].into();
        for attempt in 0..5 {
            assert!(throttles.check_login(owner, "anna").is_ok(), "{attempt}");
        }
        let refused = throttles.check_login(owner, "anna");
        let seconds = refused.err().and_then(|error| error.retry_after_seconds);
        assert!(seconds.is_some_and(|seconds| (1..=60).contains(&seconds)), "{seconds:?}");
    }

    #[test]
    fn a_network_is_limited_whatever_names_it_guesses() {
        let throttles = Throttles::default();
        let allowed = |address: &dyn Fn(u128) -> IpAddr| {
            (0..1000_u128)
                .filter(|n| throttles.check_login(address(*n), &format!("user{n}")).is_ok())
                .count()
        };
        assert_eq!(allowed(&v6), 10, "a /64");
        assert_eq!(allowed(&|n| v6((1 << 80) + (n << 64))), 60, "a /48");
        assert_eq!(allowed(&|n| [203, 0, 113, n as u8].into()), 60, "a /24");
        assert!(throttles.check_login(v6(2 << 80), "user0").is_ok(), "another network");
        assert_eq!(network([127, 0, 0, 1].into()), network("::ffff:127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn more_networks_than_are_counted_lock_nobody_out() {
        let throttles = Throttles::default();
        for n in 0..2 * MAX_KEYS as u128 {
            let _ = throttles.check_login(v6(n << 64), "anna");
            let _ = throttles.check_pairing(v6(n << 64));
        }
        let owner = [198, 51, 100, 7].into();
        assert!(throttles.check_login(owner, "anna").is_ok());
        assert!(throttles.check_pairing(owner).is_ok());
        assert!(throttles.logins.limiters[0].len() <= MAX_KEYS);
    }
}
