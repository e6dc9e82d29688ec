//! The HTTP server: where it listens, and who may call it.

use std::net::IpAddr;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{ValidationError, networks, secret};

/// The settings of the HTTP server.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The IP address to listen on. An address other than loopback requires `api_key`. Default: `127.0.0.1`.
    pub host: IpAddr,
    /// The port to listen on; 0 for any free port. Default: 8008.
    pub port: u16,
    /// The key that all clients share: at least 8 printable ASCII characters without spaces. Without a key, only
    /// programs on the same machine are served. Default: none.
    #[serde(serialize_with = "secret::serialize")]
    pub api_key: Option<SecretString>,
    /// The web origins whose pages may call from a browser, such as `https://stories.example`. Default: none.
    pub allowed_origins: Vec<String>,
    /// The addresses and networks of proxies whose `Forwarded` or `X-Forwarded-For` header is trusted. Default: none.
    #[serde(with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// How long running requests and tasks may take to finish when the process should stop, 0-600 seconds. Default: 25.
    pub drain_seconds: u64,
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
            drain_seconds: 25,
            max_connections: 10_000,
            max_connections_per_address: 500,
        }
    }
}

impl ServerSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        if let Some(key) = &self.api_key {
            let key = key.expose_secret();
            if key.len() < 8 || !key.bytes().all(|b| b.is_ascii_graphic()) {
                let reason = "must be at least 8 printable ASCII characters without spaces";
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
        for (key, value) in [
            ("server.max_connections", self.max_connections),
            ("server.max_connections_per_address", self.max_connections_per_address),
        ] {
            if !(1..=1_000_000).contains(&value) {
                return Err((key, "must be a whole number from 1 to 1000000".to_owned()));
            }
        }
        let is_origin = |origin: &String| {
            let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            rest.is_some_and(|host| !host.is_empty() && !host.contains('/'))
        };
        if let Some(origin) = self.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            let reason =
                format!("`{origin}` is not an origin; write it like https://stories.example");
            return Err(("server.allowed_origins", reason));
        }
        Ok(())
    }
}
