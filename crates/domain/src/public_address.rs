//! Tells addresses of the public internet from those of local networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns whether an address belongs to the public internet, by the registries of special-purpose addresses (RFC 6890).
///
/// An IPv6 address that stands for an IPv4 address is judged by that one. The addresses of documentation count as public:
/// nothing listens there, and examples use them instead of public ones.
#[must_use]
pub fn is_public_address(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // This network, loopback, private networks, and carrier-grade NAT (RFC 6598).
    let is_local = matches!(a, 0 | 10 | 127)
        || matches!((a, b), (172, 16..=31) | (192, 168) | (169, 254) | (100, 64..=127));
    // Benchmarks (RFC 2544), IETF protocols, and the relays of 6to4, which no longer exist.
    let is_special =
        matches!((a, b), (198, 18..=19)) || matches!((a, b, c), (192, 0, 0) | (192, 88, 99));
    // Multicast, reserved addresses and broadcast.
    let is_reserved = a >= 224;
    !(is_local || is_special || is_reserved)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056) hold an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            is_public_v4(v4(high, low))
        }
        // Global unicast, without Teredo, benchmarks and identifiers without a place in the IETF's 2001::/23.
        [first @ 0x2000..=0x3fff, second, ..] => first != 0x2001 || second > 0x1ff,
        _ => false,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_public(text: &str) -> bool {
        is_public_address(text.parse().expect("an address"))
    }

    #[test]
    fn the_internet_is_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "193.168.0.1",
            "198.17.0.1",
            "198.51.100.7",
            "223.255.255.254",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2001:db8::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ] {
            assert!(is_public(address), "{address}");
        }
    }

    #[test]
    fn networks_that_are_not_reachable_from_everywhere_are_not_public() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:a00:1::1",
            "2001::1",
            "2001:10::1",
        ] {
            assert!(!is_public(address), "{address}");
        }
    }
}
