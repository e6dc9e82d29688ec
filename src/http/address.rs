//! Who is at the other end: the address that a connection came from or, behind proxies that the operator named, the
//! one that they say it came from. Nobody else's word is taken.

mod forwarded;

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use super::HttpState;
use forwarded::{ForwardedElement, Node};

/// The address at the other end of a request's connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Who really called, as far as can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientAddress {
    /// The address; IPv4 wherever it is that in truth.
    pub(super) ip: IpAddr,
    /// Whether the client speaks HTTPS to the proxy that it reached.
    pub(super) is_secure: bool,
    /// Whether nothing says that the request is from another machine. Here proxies are heard that nobody trusts, too:
    /// anyone's word is good enough to be refused by.
    pub(super) is_local: bool,
}

/// Puts the [`ClientAddress`] among a request's extensions.
pub(super) async fn layer(
    State(state): State<HttpState>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>();
    // Only a request that came by no connection has no peer.
    let peer = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |Peer(ip)| *ip);
    let client =
        resolve_client_address(peer, request.headers(), &state.access_policy.trusted_proxies);
    request.extensions_mut().insert(client);
    next.run(request).await
}

fn resolve_client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> ClientAddress {
    let peer = peer.to_canonical();
    let (standard, usual) =
        (forwarded::parse_forwarded(headers), forwarded::parse_x_forwarded(headers));
    let mut nodes = standard.iter().chain(&usual).map(|hop| hop.node);
    let is_local_node = |node| match node {
        Node::Missing => true,
        Node::Opaque => false,
        Node::Address(ip) => ip.is_loopback(),
    };
    let is_here = peer.is_loopback() && nodes.all(is_local_node);
    let direct = ClientAddress { ip: peer, is_secure: false, is_local: is_here };
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(&ip));
    if !is_trusted(peer) {
        return direct;
    }
    let (a, b) = (
        resolve_forwarded(peer, &standard, is_trusted),
        resolve_forwarded(peer, &usual, is_trusted),
    );
    // A proxy writes one of the two and may pass on what a client wrote into the other.
    if a.ip.zip(b.ip).is_some_and(|(a, b)| a != b) {
        return direct;
    }
    ClientAddress {
        ip: a.ip.or(b.ip).unwrap_or(peer),
        is_secure: a.is_secure || b.is_secure,
        is_local: is_here,
    }
}

/// What one kind of header tells.
struct ForwardedClient {
    /// `None` when it tells no addresses.
    ip: Option<IpAddr>,
    is_secure: bool,
}

/// Goes back from hop to hop, as long as the word of who wrote it down can be taken.
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
    let tells = hops.iter().any(|hop| hop.node != Node::Missing);
    ForwardedClient { ip: tells.then_some(ip), is_secure }
}

#[cfg(test)]
mod tests;
