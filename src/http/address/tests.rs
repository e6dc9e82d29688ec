use proptest::prelude::*;

use super::*;

/// Resolves the client's address with 10.0.0.0/8 and fd00::/8 as the trusted proxies.
fn resolve(peer: &str, lines: &[(&'static str, &str)]) -> ClientAddress {
    let trusted: Vec<IpNet> =
        ["10.0.0.0/8", "fd00::/8"].iter().map(|text| text.parse().expect("a network")).collect();
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().expect("a header"));
    }
    resolve_client_address(peer.parse().expect("an address"), &headers, &trusted)
}

const XFF: &str = "x-forwarded-for";
const XFP: &str = "x-forwarded-proto";

#[test]
fn the_client_is_who_the_last_trusted_proxy_says() {
    type Case<'a> = (&'a str, &'a [(&'static str, &'a str)], &'a str);
    let cases: [Case<'_>; 32] = [
        // No headers.
        ("192.0.2.1", &[], "192.0.2.1"),
        ("10.0.0.1", &[], "10.0.0.1"),
        ("::ffff:192.0.2.1", &[], "192.0.2.1"),
        // An untrusted peer sends headers.
        ("192.0.2.1", &[(XFF, "198.51.100.7")], "192.0.2.1"),
        ("192.0.2.1", &[("forwarded", "for=198.51.100.7")], "192.0.2.1"),
        ("::1", &[(XFF, "10.0.0.1")], "::1"),
        // A trusted proxy sends headers.
        ("10.0.0.1", &[(XFF, "198.51.100.7")], "198.51.100.7"),
        ("::ffff:10.0.0.1", &[(XFF, "198.51.100.7")], "198.51.100.7"),
        ("fd00::1", &[(XFF, "2001:db8::7")], "2001:db8::7"),
        ("10.0.0.1", &[(XFF, "::ffff:198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", &[(XFF, "198.51.100.7:4711")], "198.51.100.7"),
        ("10.0.0.1", &[(XFF, "[2001:db8::7]:4711")], "2001:db8::7"),
        ("10.0.0.1", &[("forwarded", "for=198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", &[("forwarded", "For=\"[2001:db8::7]:4711\";by=_x")], "2001:db8::7"),
        ("10.0.0.1", &[("forwarded", "proto=http;for=\"198.51.100.7:_port\"")], "198.51.100.7"),
        ("10.0.0.1", &[("forwarded", "for=\"198.51\\.100.7\"; by=\"a,b;c\"")], "198.51.100.7"),
        // A chain of trusted proxies, also over several header lines.
        ("10.0.0.1", &[(XFF, "198.51.100.7, 10.0.0.3,10.0.0.2")], "198.51.100.7"),
        ("10.0.0.1", &[(XFF, "198.51.100.7"), (XFF, "10.0.0.2")], "198.51.100.7"),
        ("10.0.0.1", &[("forwarded", "for=198.51.100.7, for=10.0.0.2")], "198.51.100.7"),
        ("10.0.0.1", &[(XFF, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
        // Entries that the client sent before them are ignored.
        ("10.0.0.1", &[(XFF, "10.9.9.9, 203.0.113.9, 198.51.100.7, 10.0.0.2")], "198.51.100.7"),
        (
            "10.0.0.1",
            &[("forwarded", "for=203.0.113.9"), ("forwarded", "for=198.51.100.7")],
            "198.51.100.7",
        ),
        ("10.0.0.1", &[("forwarded", "for=203.0.113.9;by=\", for=198.51.100.7")], "10.0.0.1"),
        (
            "10.0.0.1",
            &[("forwarded", "for=\"x"), ("forwarded", "for=198.51.100.7")],
            "198.51.100.7",
        ),
        // An unreadable entry ends the chain at the last valid one.
        ("10.0.0.1", &[(XFF, "198.51.100.7, unknown, 10.0.0.2")], "10.0.0.2"),
        ("10.0.0.1", &[(XFF, "198.51.100.7, ")], "10.0.0.1"),
        ("10.0.0.1", &[("forwarded", "for=198.51.100.7, for=_hidden, for=10.0.0.2")], "10.0.0.2"),
        ("10.0.0.1", &[("forwarded", "for=198.51.100.7;for=203.0.113.9")], "10.0.0.1"),
        ("10.0.0.1", &[("forwarded", "for=\"198.51.100.7\"9")], "10.0.0.1"),
        // If the two headers differ, neither is believed; if they agree, the address counts.
        ("10.0.0.1", &[(XFF, "198.51.100.7"), ("forwarded", "for=203.0.113.9")], "10.0.0.1"),
        ("10.0.0.1", &[(XFF, "198.51.100.7"), ("forwarded", "for=198.51.100.7")], "198.51.100.7"),
        ("10.0.0.1", &[(XFF, "198.51.100.7"), ("forwarded", "proto=https")], "198.51.100.7"),
    ];
    for (peer, lines, expected) in cases {
        assert_eq!(resolve(peer, lines).ip.to_string(), expected, "{peer} {lines:?}");
    }
}

#[test]
fn https_is_what_a_trusted_proxy_says() {
    type Case<'a> = (&'a str, &'a [(&'static str, &'a str)], bool);
    let cases: [Case<'_>; 9] = [
        ("10.0.0.1", &[], false),
        ("10.0.0.1", &[(XFP, "https")], true),
        ("192.0.2.1", &[(XFP, "https")], false),
        ("10.0.0.1", &[(XFF, "198.51.100.7"), (XFP, "HTTPS")], true),
        ("10.0.0.1", &[(XFF, "198.51.100.7"), (XFP, "http")], false),
        // The client's own entry comes before the proxy's.
        ("10.0.0.1", &[(XFF, "198.51.100.7"), (XFP, "https, http")], false),
        (
            "10.0.0.1",
            &[("forwarded", "for=198.51.100.7;proto=\"https\", for=10.0.0.2;proto=http")],
            true,
        ),
        ("10.0.0.1", &[("forwarded", "proto=https, for=198.51.100.7;proto=http")], false),
        ("10.0.0.1", &[(XFF, "198.51.100.7"), ("forwarded", "for=203.0.113.9;proto=https")], false),
    ];
    for (peer, lines, expected) in cases {
        assert_eq!(resolve(peer, lines).is_secure, expected, "{peer} {lines:?}");
    }
}

#[test]
fn what_any_proxy_says_is_from_elsewhere_is_not_from_here() {
    for (peer, lines, expected) in [
        ("127.0.0.1", &[][..], true),
        ("::ffff:127.0.0.1", &[], true),
        ("192.0.2.1", &[], false),
        ("127.0.0.1", &[(XFF, "127.0.0.1")], true),
        ("::1", &[("forwarded", "for=\"[::1]\"")], true),
        ("127.0.0.1", &[(XFP, "https")], true),
        ("127.0.0.1", &[(XFF, "198.51.100.7")], false),
        ("127.0.0.1", &[(XFF, "198.51.100.7, 127.0.0.1")], false),
        ("127.0.0.1", &[(XFF, "unknown")], false),
        ("127.0.0.1", &[("forwarded", "for=_x")], false),
        ("127.0.0.1", &[("forwarded", "\"")], false),
        ("10.0.0.1", &[(XFF, "127.0.0.1")], false),
    ] {
        assert_eq!(resolve(peer, lines).is_local, expected, "{peer} {lines:?}");
    }
}

#[test]
fn a_prefix_is_a_plain_path() {
    for (lines, expected) in [
        (&["/calliope"][..], Some("/calliope")),
        (&["/calliope/"], Some("/calliope")),
        (&["/outer", "/in%20ner"], Some("/outer/in%20ner")),
        (&["/"], None),
        (&[""], None),
        (&["calliope"], None),
        (&["//evil.example"], None),
        (&["/a//b"], None),
        (&["/a b"], None),
        (&[], None),
    ] {
        let header = |line: &&'static str| {
            (
                axum::http::HeaderName::from_static("x-forwarded-prefix"),
                HeaderValue::from_static(line),
            )
        };
        let headers: HeaderMap = lines.iter().map(header).collect();
        assert_eq!(forwarded::parse_prefix(&headers).as_deref(), expected, "{lines:?}");
    }
}

proptest! {
    /// Whatever a client sends, the entry that a trusted proxy appends decides.
    #[test]
    fn nobody_can_pass_for_another(
        written in "[ -~]{0,60}", is_listed in any::<bool>(), client in "(198\\.51\\.100|203\\.0\\.113)\\.[1-9]",
    ) {
        let after = if is_listed { vec![format!("{written}, {client}")] } else { vec![written.clone(), client.clone()] };
        let lines: Vec<_> = after.iter().map(|line| (XFF, line.as_str())).collect();
        prop_assert_eq!(resolve("10.0.0.1", &lines).ip.to_string(), client.clone());
        // A quote that the client leaves open can hide the proxy's entry, but cannot replace it.
        for element in [format!("for={client}"), format!("by=\"_b\";for=\"{client}:80\"")] {
            let line = format!("{written}, {element}");
            let ip = resolve("10.0.0.1", &[("forwarded", &line)]).ip.to_string();
            prop_assert!(ip == client || ip == "10.0.0.1", "{} was taken for {}", client, ip);
        }
    }

    #[test]
    fn a_stranger_is_never_believed(text in "[ -~]{0,80}", name in prop::sample::select(vec![XFF, XFP, "forwarded"])) {
        let seen = resolve("192.0.2.1", &[(name, &text)]);
        let expected = ClientAddress { ip: "192.0.2.1".parse()?, is_secure: false, is_local: false };
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn every_address_is_read_as_it_is_written(ip: IpAddr, port: u16) {
        let in_brackets = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
        let expected = ip.to_canonical();
        for text in [ip.to_string(), in_brackets.clone(), format!("{in_brackets}:{port}")] {
            // A trusted address without an earlier entry is the client.
            prop_assert_eq!(resolve("10.0.0.1", &[(XFF, &text)]).ip, expected);
            let line = format!("for=\"{text}\"");
            prop_assert_eq!(resolve("10.0.0.1", &[("forwarded", &line)]).ip, expected);
        }
    }
}

#[test]
fn an_ipv6_client_is_its_network() {
    let network = |text: &str| text.parse().map(client_network).ok().map(|ip| ip.to_string());
    assert_eq!(network("192.0.2.7").as_deref(), Some("192.0.2.7"));
    assert_eq!(network("2001:db8:1:2:3:4:5:6").as_deref(), Some("2001:db8:1:2::"));
}
