//! Parses the headers that proxies add: `Forwarded` ([RFC 7239](https://www.rfc-editor.org/rfc/rfc7239)), and
//! `X-Forwarded-For` with `X-Forwarded-Proto`, which most proxies send instead; and `X-Forwarded-Prefix`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::HeaderMap;

/// What one proxy reports about the request that it received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ForwardedElement {
    /// The node that sent the request to the proxy.
    pub(super) node: Node,
    /// Whether the request used HTTPS; `None` if the proxy does not say.
    pub(super) is_secure: Option<bool>,
}

/// The node that sent a request to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    /// The proxy does not name the node.
    Missing,
    /// `unknown`, an obfuscated identifier (RFC 7239, section 6.3), or text that cannot be parsed.
    Opaque,
    /// The node's address.
    Address(IpAddr),
}

const UNREADABLE: ForwardedElement = ForwardedElement { node: Node::Opaque, is_secure: None };

/// Returns the elements of `Forwarded`, the nearest proxy's last.
pub(super) fn parse_forwarded(headers: &HeaderMap) -> Vec<ForwardedElement> {
    let lines = headers.get_all("forwarded").iter();
    // A line with an unclosed quote may hide anything. The lines after it come from another proxy and still count.
    let hops = |line: &str| Some(split(line, ',')?.into_iter().map(parse_element).collect());
    lines
        .flat_map(|line| line.to_str().ok().and_then(hops).unwrap_or_else(|| vec![UNREADABLE]))
        .collect()
}

/// Returns the elements of `X-Forwarded-For`, each with its part of `X-Forwarded-Proto`; the nearest proxy's last.
pub(super) fn parse_x_forwarded(headers: &HeaderMap) -> Vec<ForwardedElement> {
    let mut nodes = list_items(headers, "x-forwarded-for").into_iter().rev();
    let mut schemes = list_items(headers, "x-forwarded-proto").into_iter().rev();
    // The two lists may differ in length; their ends match, because the nearest proxy appends to both.
    let nearest_first = std::iter::from_fn(|| match (nodes.next(), schemes.next()) {
        (None, None) => None,
        (text, scheme) => Some(ForwardedElement {
            node: text.map_or(Node::Missing, parse_node),
            is_secure: scheme.map(is_https),
        }),
    });
    let mut hops: Vec<ForwardedElement> = nearest_first.collect();
    hops.reverse();
    hops
}

/// Returns the path that a proxy removed from the start of a request's path (`X-Forwarded-Prefix`), such as `/calliope`.
/// A proxy in front of another one puts its own path first. `None` if there is no path, or it could name another site.
pub(super) fn parse_prefix(headers: &HeaderMap) -> Option<String> {
    let items = list_items(headers, "x-forwarded-prefix");
    let prefix: String = items.iter().map(|path| path.trim_end_matches('/')).collect();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%".contains(&b);
    let is_path = prefix.starts_with('/') && !prefix.contains("//") && prefix.len() <= 1000;
    (is_path && prefix.bytes().all(plain)).then_some(prefix)
}

/// Returns the items of a list that may be spread over several headers. A header that is not text is one empty item.
fn list_items<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let lines = headers.get_all(name).iter();
    lines.flat_map(|line| line.to_str().unwrap_or_default().split(',')).map(str::trim).collect()
}

/// Parses one element of `Forwarded`, such as `for=192.0.2.43;proto=https`.
fn parse_element(text: &str) -> ForwardedElement {
    let parse = || {
        let mut hop = ForwardedElement { node: Node::Missing, is_secure: None };
        for pair in split(text, ';')?.into_iter().filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=')?;
            let value = unquote(value)?;
            // RFC 7239 allows each parameter once; a repeated one makes the element ambiguous.
            match name.to_ascii_lowercase().as_str() {
                "for" if hop.node == Node::Missing => hop.node = parse_node(&value),
                "proto" if hop.is_secure.is_none() => hop.is_secure = Some(is_https(&value)),
                "for" | "proto" => return None,
                _ => {}
            }
        }
        Some(hop)
    };
    parse().unwrap_or(UNREADABLE)
}

/// Splits a text at the separators outside quotes and trims the parts. Returns `None` if a quote is not closed.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            c if c == separator && !is_quoted => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    (!is_quoted).then_some(parts)
}

/// Removes the quotes and escapes of a quoted value. Returns `None` if the quoting is invalid.
fn unquote(value: &str) -> Option<String> {
    let Some(rest) = value.strip_prefix('"') else {
        return (!value.contains('"')).then(|| value.to_owned());
    };
    let (mut plain, mut chars) = (String::new(), rest.strip_suffix('"')?.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.push(chars.next()?),
            '"' => return None,
            c => plain.push(c),
        }
    }
    Some(plain)
}

fn is_https(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https")
}

fn parse_node(text: &str) -> Node {
    parse_address(text).map_or(Node::Opaque, |ip| Node::Address(ip.to_canonical()))
}

/// Parses `192.0.2.43`, `192.0.2.43:4711`, `[2001:db8::1]`, `[2001:db8::1]:4711` and, although RFC 7239 requires the
/// brackets, `2001:db8::1`.
fn parse_address(text: &str) -> Option<IpAddr> {
    if let Some(rest) = text.strip_prefix('[') {
        let (ip, port) = rest.split_once(']')?;
        let ip: Ipv6Addr = ip.parse().ok()?;
        let is_complete = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return is_complete.then_some(ip.into());
    }
    if let Ok(ip) = text.parse() {
        return Some(ip);
    }
    let (ip, port) = text.split_once(':')?;
    let ip: Ipv4Addr = ip.parse().ok()?;
    is_port(port).then_some(ip.into())
}

/// Returns whether a text is a port number or an obfuscated port (RFC 7239, section 6.3).
fn is_port(text: &str) -> bool {
    let is_name = |name: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        !name.is_empty() && name.bytes().all(plain)
    };
    let is_number = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_number || text.strip_prefix('_').is_some_and(is_name)
}
