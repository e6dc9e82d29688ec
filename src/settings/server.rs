//! The HTTP server: where it listens, and who may call it.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{ValidationError, networks, origins, secret};

/// The length from which a shared key counts as hard to guess.
const SAFE_KEY_LENGTH: usize = 8;

/// The settings of the HTTP server.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The IP address to listen on, or `localhost`. An address other than loopback requires `api_key`. Default: `127.0.0.1`.
    #[serde(deserialize_with = "listen_address")]
    pub host: IpAddr,
    /// The port to listen on; 0 for any free port. Default: 8008.
    pub port: u16,
    /// The key that all clients share: printable ASCII characters without spaces, of which fewer than 8 bring a warning.
    /// Without a key, only programs on the same machine are served. Default: none.
    #[serde(serialize_with = "secret::serialize")]
    pub api_key: Option<SecretString>,
    /// The origins whose pages may call from a browser, such as `https://stories.example` or `capacitor://localhost`.
    /// Default: none.
    pub allowed_origins: Vec<String>,
    /// The addresses and networks of proxies whose `Forwarded` or `X-Forwarded-For` header is trusted. Default: none.
    #[serde(with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// How long running requests and tasks may take to finish when the process should stop, 0-600 seconds. Connections get
    /// two seconds more, so the process ends within 10 seconds by default, which is what Docker and Cloud Run allow. Tasks
    /// that are not finished run again elsewhere or after the next start. Default: 7.
    pub drain_seconds: u64,
    /// How long a connection stays open without a request, 1-3600 seconds. A load balancer's own limit, often 60, must be
    /// shorter, else it sends requests into connections that are closing. Default: 75.
    pub keep_alive_seconds: u64,
    /// The most connections that are open at once, 1-1000000. If the process may open fewer than twice as many files,
    /// half of those. Default: 10000.
    pub max_connections: usize,
    /// The most connections of one IP address, 1-1000000, and at most three quarters of all. Trusted proxies are not limited.
    /// Default: 500.
    pub max_connections_per_address: usize,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            port: 8008,
            api_key: None,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            drain_seconds: 7,
            keep_alive_seconds: 75,
            max_connections: 10_000,
            max_connections_per_address: 500,
        }
    }
}

impl ServerSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        if let Some(key) = &self.api_key {
            let key = key.expose_secret();
            if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) {
                let reason = "must be printable ASCII characters without spaces";
                return Err(("server.api_key", reason.to_owned()));
            }
        } else if !self.host.is_loopback() {
            let reason = format!(
                "{} can be reached from other machines, so CALLIOPE_API_KEY must be set; without one it may be 127.0.0.1 or ::1",
                self.host
            );
            return Err(("server.host", reason));
        }
        if self.drain_seconds > 600 {
            let reason = "must be a whole number from 0 to 600";
            return Err(("server.drain_seconds", reason.to_owned()));
        }
        if !(1..=3600).contains(&self.keep_alive_seconds) {
            let reason = "must be a whole number from 1 to 3600";
            return Err(("server.keep_alive_seconds", reason.to_owned()));
        }
        for (key, value) in [
            ("server.max_connections", self.max_connections),
            ("server.max_connections_per_address", self.max_connections_per_address),
        ] {
            if !(1..=1_000_000).contains(&value) {
                return Err((key, "must be a whole number from 1 to 1000000".to_owned()));
            }
        }
        for origin in &self.allowed_origins {
            origins::normalize(origin)
                .map_err(|reason| ("server.allowed_origins", format!("`{origin}` {reason}")))?;
        }
        Ok(())
    }

    /// Returns `allowed_origins` as browsers send them.
    #[must_use]
    pub fn normalized_origins(&self) -> Vec<String> {
        self.allowed_origins.iter().filter_map(|origin| origins::normalize(origin).ok()).collect()
    }

    /// Returns the setting that is valid but doubtful, and the reason.
    pub(super) fn warning(&self) -> Option<ValidationError> {
        let length = self.api_key.as_ref().map(|key| key.expose_secret().len())?;
        (length < SAFE_KEY_LENGTH).then(|| {
            let reason = format!(
                "has only {length} characters and can be guessed; use at least {SAFE_KEY_LENGTH} random ones where others reach the service"
            );
            ("server.api_key", reason)
        })
    }
}

/// Deserializes an address to listen on: an IP address, one in brackets as URLs have it, or `localhost`.
fn listen_address<'de, D: serde::Deserializer<'de>>(from: D) -> Result<IpAddr, D::Error> {
    let text = String::deserialize(from)?;
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&text);
    bare.parse().map_err(serde::de::Error::custom)
}
