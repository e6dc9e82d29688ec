//! Where a request came from.

use std::net::IpAddr;

/// The address at the other end of a request's connection; every request has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer(pub(super) IpAddr);
