//! Where and for whom to listen.

use std::net::IpAddr;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{ValidationError, networks, secret};

/// The HTTP door.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The address to listen on. Anything but loopback needs `api_key`.
    pub host: IpAddr,
    /// The port to listen on; 0 takes any free one.
    pub port: u16,
    /// The key that every client shares; without one, only this machine is served.
    #[serde(serialize_with = "secret::serialize")]
    pub api_key: Option<SecretString>,
    /// Web origins whose pages may call from a browser (`https://stories.example`).
    pub allowed_origins: Vec<String>,
    /// Proxies whose word on who calls (`Forwarded`, `X-Forwarded-For`) is taken: addresses and networks.
    #[serde(with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// How long running requests and tasks may take to end when the process is asked to stop, in seconds.
    pub drain_seconds: u64,
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
