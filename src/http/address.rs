//! Resolves the address of the client that sent a request: the address of the connection's peer or, if the peer is a
//! trusted proxy, the address that the proxy reports. Only the networks in `trusted_proxies` are trusted.

mod forwarded;

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use super::HttpState;
use forwarded::{ForwardedElement, Node};

/// The address at the other end of a request's connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// The client that sent a request, as far as it can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientAddress {
    /// The client's address. An IPv4-mapped IPv6 address is converted to IPv4.
    pub(super) ip: IpAddr,
    /// Whether a trusted proxy reports that the client used HTTPS.
    pub(super) is_secure: bool,
    /// Whether nothing indicates that the request comes from another machine. This field also considers the headers of
    /// untrusted proxies, because they can only turn it to `false`.
    pub(super) is_local: bool,
}

/// The path of a trusted proxy below which the service is, such as `/stories`; empty if there is none.
#[derive(Debug, Clone, Default)]
pub(super) struct ForwardedPrefix(pub(super) String);

/// Adds the [`ClientAddress`] to a request's extensions. If a trusted proxy removed a path from the start of the
/// request's, it also adds this path to a `Location` of the response that begins at the root.
pub(super) async fn layer(
    State(state): State<HttpState>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>();
    // Only a request that did not arrive over a connection has no peer.
    let peer = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |Peer(ip)| *ip);
    let trusted = &state.access_policy.trusted_proxies;
    let client = resolve_client_address(peer, request.headers(), trusted);
    let prefix = if is_trusted(peer.to_canonical(), trusted) {
        forwarded::parse_prefix(request.headers())
    } else {
        None
    };
    request.extensions_mut().insert(client);
    let forwarded_prefix = ForwardedPrefix(prefix.clone().unwrap_or_default());
    request.extensions_mut().insert(forwarded_prefix);
    let mut response = next.run(request).await;
    if let Some(prefix) = prefix {
        prepend_to_location(&prefix, response.headers_mut());
    }
    response
}

/// Puts a path before a `Location` that begins at the root.
fn prepend_to_location(prefix: &str, headers: &mut HeaderMap) {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.filter(|path| path.starts_with('/') && !path.starts_with("//"));
    let full = location.and_then(|path| HeaderValue::try_from(format!("{prefix}{path}")).ok());
    if let Some(full) = full {
        headers.insert(LOCATION, full);
    }
}

fn is_trusted(ip: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&ip))
}

/// Returns the client's address. `Forwarded` and `X-Forwarded-For` are followed only if the peer is in a `trusted`
/// network; if the two name different addresses, neither is believed.
fn resolve_client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> ClientAddress {
    let peer = peer.to_canonical();
    let forwarded_hops = forwarded::parse_forwarded(headers);
    let x_forwarded_hops = forwarded::parse_x_forwarded(headers);
    let mut nodes = forwarded_hops.iter().chain(&x_forwarded_hops).map(|hop| hop.node);
    let is_local_node = |node| match node {
        Node::Missing => true,
        Node::Opaque => false,
        Node::Address(ip) => ip.is_loopback(),
    };
    let is_local = peer.is_loopback() && nodes.all(is_local_node);
    let direct = ClientAddress { ip: peer, is_secure: false, is_local };
    let is_trusted = |ip: IpAddr| is_trusted(ip, trusted);
    if !is_trusted(peer) {
        return direct;
    }
    let a = resolve_forwarded(peer, &forwarded_hops, is_trusted);
    let b = resolve_forwarded(peer, &x_forwarded_hops, is_trusted);
    // A proxy sets one of the two headers and may pass the other through as the client sent it.
    if a.ip.zip(b.ip).is_some_and(|(a, b)| a != b) {
        return direct;
    }
    ClientAddress {
        ip: a.ip.or(b.ip).unwrap_or(peer),
        is_secure: a.is_secure || b.is_secure,
        is_local,
    }
}

/// What one kind of header says about the client.
struct ForwardedClient {
    /// `None` if the header names no address.
    ip: Option<IpAddr>,
    is_secure: bool,
}

/// Follows the hops back from the nearest proxy, for as long as the node that reported each one is trusted.
fn resolve_forwarded(
    peer: IpAddr,
    hops: &[ForwardedElement],
    is_trusted: impl Fn(IpAddr) -> bool,
) -> ForwardedClient {
    let (mut ip, mut is_secure) = (peer, false);
    for hop in hops.iter().rev() {
        is_secure = hop.is_secure.unwrap_or(is_secure);
        let Node::Address(before) = hop.node else { break };
        ip = before;
        if !is_trusted(ip) {
            break;
        }
    }
    let has_node = hops.iter().any(|hop| hop.node != Node::Missing);
    ForwardedClient { ip: has_node.then_some(ip), is_secure }
}

/// Returns the key by which a client is counted: its IPv4 address, or its IPv6 /64, within which it can choose
/// addresses.
pub(super) fn client_network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) >> 64 << 64).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests;
