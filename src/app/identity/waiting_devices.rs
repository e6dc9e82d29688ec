//! Decides which devices may wait to be paired. Anybody may ask for a code, so a stranger must not take all places.

use std::collections::HashMap;
use std::net::IpAddr;

use super::throttle::{network, wide_network};
use crate::store::WaitingPairing;

/// The most devices that wait at the same time.
const MAX_WAITING: usize = 1000;

/// The most devices of one IPv4 address or IPv6 /64 network that wait at the same time.
const MAX_OF_ADDRESS: usize = 50;

/// A place among the devices that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A place is free.
    Free,
    /// The request with this id gives way.
    Of(i64),
    /// There is no place.
    None,
}

/// The numbers of requests that wait, by address and by the network around it.
#[derive(Default)]
struct Counts {
    addresses: HashMap<IpAddr, usize>,
    networks: HashMap<IpAddr, usize>,
}

impl Counts {
    /// Returns the number of requests from an address, and from its network.
    fn of(&self, address: IpAddr) -> (usize, usize) {
        let count = |counts: &HashMap<IpAddr, usize>, key| counts.get(&key).copied().unwrap_or(0);
        (count(&self.addresses, network(address)), count(&self.networks, wide_network(address)))
    }
}

/// Finds a place for a device, given the requests that wait. If all places are taken, the newest request from the largest
/// network gives way to a device of a smaller one; within a network, from the address with the most.
pub(super) fn find_place(waiting: &[WaitingPairing], from: IpAddr) -> Place {
    // The service writes the addresses itself.
    let waiting: Vec<(i64, IpAddr)> = waiting
        .iter()
        .filter_map(|pairing| Some((pairing.id, pairing.address.parse().ok()?)))
        .collect();
    let mut counts = Counts::default();
    for (_, address) in &waiting {
        *counts.addresses.entry(network(*address)).or_default() += 1;
        *counts.networks.entry(wide_network(*address)).or_default() += 1;
    }
    let (of_own_address, of_own_network) = counts.of(from);
    if of_own_address >= MAX_OF_ADDRESS {
        return Place::None;
    }
    if waiting.len() < MAX_WAITING {
        return Place::Free;
    }
    let most = waiting.into_iter().max_by_key(|(id, address)| {
        let (of_address, of_network) = counts.of(*address);
        (of_network, of_address, *id)
    });
    let Some((id, address)) = most else { return Place::None };
    let (of_address, of_network) = counts.of(address);
    let gives_way = if wide_network(address) == wide_network(from) {
        of_address > of_own_address + 1
    } else {
        of_network > of_own_network + 1
    };
    if gives_way { Place::Of(id) } else { Place::None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns requests with the ids 1, 2, …: the given number from each address.
    fn waiting(addresses: impl IntoIterator<Item = ([u8; 4], usize)>) -> Vec<WaitingPairing> {
        let each = addresses.into_iter().flat_map(|(address, count)| vec![address; count]);
        let pairing = |(address, id): ([u8; 4], i64)| WaitingPairing {
            id,
            address: IpAddr::from(address).to_string(),
        };
        each.zip(1..).map(pairing).collect()
    }

    fn single(count: usize) -> impl Iterator<Item = ([u8; 4], usize)> {
        (0..count).map(|n| ([100, (n / 250) as u8, (n % 250) as u8, 1], 1))
    }

    #[test]
    fn an_address_takes_a_part_of_the_places() {
        let part = waiting([([10, 0, 0, 1], MAX_OF_ADDRESS - 1)]);
        assert_eq!(find_place(&part, [10, 0, 0, 1].into()), Place::Free);
        let all = waiting([([10, 0, 0, 1], MAX_OF_ADDRESS)]);
        assert_eq!(find_place(&all, [10, 0, 0, 1].into()), Place::None);
        assert_eq!(find_place(&all, [10, 0, 0, 2].into()), Place::Free, "its neighbour");
        let mapped = "::ffff:10.0.0.1".parse().expect("an address");
        assert_eq!(find_place(&all, mapped), Place::None, "the same address");
    }

    #[test]
    fn a_crowded_network_gives_way_to_others() {
        // A network of 105, in which one address has 5, then one of 98 and others with 1.
        let crowd = (0..100).map(|n| ([10, 0, 0, n], if n == 0 { 6 } else { 1 }));
        let other = (0..98).map(|n| ([10, 0, 1, n], 1));
        let full = waiting(crowd.chain(other).chain(single(MAX_WAITING - 203)));
        assert_eq!(full.len(), MAX_WAITING);
        let newest_of_the_greedy = Place::Of(6);
        for from in [[192, 0, 2, 1], [10, 0, 1, 5], [10, 0, 0, 250], [10, 0, 0, 7]] {
            assert_eq!(find_place(&full, from.into()), newest_of_the_greedy, "{from:?}");
        }
        assert_eq!(find_place(&full, [10, 0, 0, 0].into()), Place::None, "the greedy one itself");
        let alone = waiting(single(MAX_WAITING));
        assert_eq!(find_place(&alone, [192, 0, 2, 1].into()), Place::None, "nobody has two");
    }
}
