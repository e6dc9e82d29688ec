//! Limits how many connections are open at once: in all, so that file handles remain for files and the database, and
//! per address, so that one client cannot use up all of them.
//!
//! A connection above a limit is still accepted, into a few spare places, because an orchestrator restarts a process
//! whose `/livez` does not answer. It may ask for the probes only, and gives way to the next one.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::address::client_network;

/// The number of connections above the limits that are open at once.
const SPARE_CONNECTIONS: usize = 32;

/// The least time between two log lines about refused connections.
const WARNING_INTERVAL: Duration = Duration::from_mins(1);

/// How many connections may be open at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The most connections in all.
    pub total: usize,
    /// The most connections of one IPv4 address or IPv6 /64 network. Trusted proxies are not limited, because each
    /// serves many clients.
    pub per_address: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { total: 10_000, per_address: 500 }
    }
}

impl ConnectionLimits {
    /// Returns limits that leave half of the process's file handles to files, the database and outgoing requests, and
    /// a quarter of the connections to other addresses. `file_handles` is `None` if their number is not limited.
    #[must_use]
    pub fn within(self, file_handles: Option<u64>) -> Self {
        let handles = file_handles.and_then(|handles| usize::try_from(handles).ok());
        let total = self.total.min(handles.unwrap_or(usize::MAX) / 2).max(1);
        Self { total, per_address: self.per_address.min(total - total / 4) }
    }
}

/// Counts the open connections of a listener.
#[derive(Debug)]
pub(super) struct ConnectionLimiter {
    limits: ConnectionLimits,
    trusted_proxies: Vec<IpNet>,
    open: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
    /// The connections above the limits, the oldest first.
    spare: VecDeque<(u64, CancellationToken)>,
    next_spare_id: u64,
    warned_at: Option<Instant>,
}

/// A place that a connection occupies until it is dropped.
#[derive(Debug)]
pub(super) struct ConnectionPlace {
    limiter: Arc<ConnectionLimiter>,
    kind: PlaceKind,
}

#[derive(Debug)]
enum PlaceKind {
    Regular(IpAddr),
    Spare { id: u64, closed: CancellationToken },
}

impl ConnectionLimiter {
    pub(super) fn new(limits: ConnectionLimits, trusted_proxies: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { limits, trusted_proxies, open: Mutex::default() })
    }

    /// Gives a connection a place: a regular one if no limit is reached, else a spare one.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> ConnectionPlace {
        let address = client_network(peer.to_canonical());
        let is_proxy = self.trusted_proxies.iter().any(|net| net.contains(&peer.to_canonical()));
        let per_address = if is_proxy { usize::MAX } else { self.limits.per_address };
        let mut open = self.lock();
        let of_address = open.by_address.get(&address).copied().unwrap_or_default();
        let kind = if open.total < self.limits.total && of_address < per_address {
            open.total += 1;
            *open.by_address.entry(address).or_default() += 1;
            PlaceKind::Regular(address)
        } else {
            open.warn(peer, of_address);
            open.add_spare()
        };
        ConnectionPlace { limiter: Arc::clone(self), kind }
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        // No code that can panic runs under the lock, so it is never poisoned.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnections {
    fn add_spare(&mut self) -> PlaceKind {
        if self.spare.len() >= SPARE_CONNECTIONS
            && let Some((_, oldest)) = self.spare.pop_front()
        {
            oldest.cancel();
        }
        let (id, closed) = (self.next_spare_id, CancellationToken::new());
        self.next_spare_id += 1;
        self.spare.push_back((id, closed.clone()));
        PlaceKind::Spare { id, closed }
    }

    fn warn(&mut self, peer: IpAddr, of_address: usize) {
        let is_due = self.warned_at.is_none_or(|at| at.elapsed() >= WARNING_INTERVAL);
        if is_due {
            self.warned_at = Some(Instant::now());
            let total = self.total;
            tracing::warn!(%peer, of_address, total, "too many connections; answering probes only");
        }
    }

    fn remove(&mut self, kind: &PlaceKind) {
        match kind {
            PlaceKind::Regular(address) => {
                self.total -= 1;
                if let Some(count) = self.by_address.get_mut(address) {
                    *count -= 1;
                    if *count == 0 {
                        self.by_address.remove(address);
                    }
                }
            }
            PlaceKind::Spare { id, .. } => self.spare.retain(|(other, _)| other != id),
        }
    }
}

impl ConnectionPlace {
    /// Returns whether the connection is above a limit and may ask for the probes only.
    pub(super) const fn is_spare(&self) -> bool {
        matches!(self.kind, PlaceKind::Spare { .. })
    }

    /// Returns when the connection must close because another one needs its place.
    pub(super) async fn closed(&self) {
        match &self.kind {
            PlaceKind::Regular(_) => std::future::pending().await,
            PlaceKind::Spare { closed, .. } => closed.cancelled().await,
        }
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.limiter.lock().remove(&self.kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(total: usize, per_address: usize) -> Arc<ConnectionLimiter> {
        let proxies = vec!["10.0.0.7/32".parse().expect("a network")];
        ConnectionLimiter::new(ConnectionLimits { total, per_address }, proxies)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_gets_its_share_and_a_place_is_free_again_once_it_is_left() {
        let limiter = limiter(5, 2);
        let mut places: Vec<_> = (0..2).map(|_| limiter.admit(address("2001:db8::1"))).collect();
        assert!(places.iter().all(|place| !place.is_spare()));
        assert!(limiter.admit(address("2001:db8::ffff")).is_spare(), "the same /64 network");
        assert!(!limiter.admit(address("2001:db8:0:1::1")).is_spare(), "another network");
        places.pop();
        assert!(!limiter.admit(address("2001:db8::2")).is_spare());
        drop(places);
        let open = limiter.lock();
        assert_eq!((open.total, open.by_address.len(), open.spare.len()), (0, 0, 0));
    }

    #[test]
    fn all_addresses_together_and_a_proxy_get_the_total() {
        let limiter = limiter(4, 1);
        let proxied: Vec<_> = (0..3).map(|_| limiter.admit(address("10.0.0.7"))).collect();
        assert!(proxied.iter().all(|place| !place.is_spare()), "a proxy serves many clients");
        let last = limiter.admit(address("::ffff:192.0.2.1"));
        assert!(!last.is_spare());
        assert!(limiter.admit(address("192.0.2.2")).is_spare(), "no place is left");
        assert!(limiter.admit(address("10.0.0.7")).is_spare());
    }

    #[tokio::test]
    async fn the_oldest_spare_place_is_given_to_the_next_connection() {
        let limiter = limiter(0, 0);
        let mut spare: Vec<_> =
            (0..=SPARE_CONNECTIONS).map(|_| limiter.admit(address("192.0.2.1"))).collect();
        spare.remove(0).closed().await;
        assert!(futures_util::FutureExt::now_or_never(spare[0].closed()).is_none());
        drop(spare);
        assert_eq!(limiter.lock().spare.len(), 0);
    }

    #[test]
    fn file_handles_remain_for_other_uses() {
        let limits = ConnectionLimits::default();
        assert_eq!(limits.within(None), limits);
        assert_eq!(limits.within(Some(1_048_576)), limits);
        assert_eq!(limits.within(Some(1024)), ConnectionLimits { total: 512, per_address: 384 });
        assert_eq!(limits.within(Some(0)), ConnectionLimits { total: 1, per_address: 1 });
    }
}
