//! Lists of IP addresses and networks in settings.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;

/// Deserializes a list of addresses and networks, such as `10.0.0.7`, `192.168.0.0/16` and `fd00::/8`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let parse = |text: &String| {
        parse_network(text)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is not an address or network")))
    };
    texts.iter().map(parse).collect()
}

/// Serializes each network as text, such as `192.168.0.0/16`.
pub(super) fn serialize<S: Serializer>(networks: &[IpNet], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(networks.iter().map(ToString::to_string))
}

/// Parses one network. An address is a network of its own. IPv4-mapped IPv6 networks become IPv4, as addresses do.
fn parse_network(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical().into());
    }
    let network: IpNet = text.parse().ok()?;
    let IpNet::V6(v6) = network else { return Some(network.trunc()) };
    let mapped = v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    let as_v4 = |(address, length): (Ipv4Addr, u8)| Ipv4Net::new(address, length).ok();
    Some(mapped.and_then(as_v4).map_or(network, IpNet::V4).trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_read_in_one_spelling() {
        for (text, expected) in [
            ("10.0.0.7", Some("10.0.0.7/32")),
            ("::ffff:10.0.0.7", Some("10.0.0.7/32")),
            ("192.168.7.7/16", Some("192.168.0.0/16")),
            ("fd00::7/8", Some("fd00::/8")),
            ("::1", Some("::1/128")),
            ("::ffff:10.1.2.3/104", Some("10.0.0.0/8")),
            ("::/0", Some("::/0")),
            ("10.0.0.0/33", None),
            ("proxy.example", None),
            ("10.0.0.7:80", None),
            ("", None),
        ] {
            let read = parse_network(text).map(|network| network.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
