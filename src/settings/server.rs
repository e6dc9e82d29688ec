//! The HTTP server: where it listens, and who may call it.

use std::net::IpAddr;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{ValidationError, networks, origins, secret};

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
    /// The origins whose pages may call from a browser, such as `https://stories.example` or `capacitor://localhost`.
    /// Default: none.
    pub allowed_origins: Vec<String>,
    /// The addresses and networks of proxies whose `Forwarded` or `X-Forwarded-For` header is trusted. Default: none.
    #[serde(with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// How long running requests and tasks may take to finish when the process should stop, 0-600 seconds. Default: 25.
    pub drain_seconds: u64,
    /// How long a connection stays open without a request, 1-3600 seconds. A load balancer's own limit, often 60, must be
    /// shorter, else it sends requests into connections that are closing. Default: 75.
    pub keep_alive_seconds: u64,
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
            keep_alive_seconds: 75,
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
        if !(1..=3600).contains(&self.keep_alive_seconds) {
            let reason = "must be a whole number from 1 to 3600";
            return Err(("server.keep_alive_seconds", reason.to_owned()));
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
}
