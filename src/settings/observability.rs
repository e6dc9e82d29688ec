//! Where the service can be seen from outside: numbers for Prometheus, traces for a collector.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// Numbers and traces.
///
/// Of OpenTelemetry's own variables, those below are settings; the exporter reads some others by itself, above all
/// `OTEL_EXPORTER_OTLP_HEADERS` (where a collector wants a key), `OTEL_EXPORTER_OTLP_TIMEOUT` and
/// `OTEL_RESOURCE_ATTRIBUTES`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObservabilitySettings {
    /// An address, such as 127.0.0.1:9108, that serves `/metrics` and nothing else, without a key: whoever can reach
    /// it can read the numbers, so who that may be is the operator's choice. Without it, `/metrics` is served with
    /// everything else, to those who have the key.
    pub metrics_address: Option<SocketAddr>,
    /// A collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`; without one, no trace leaves the process.
    pub otlp_endpoint: Option<String>,
    /// What traces call this service.
    pub service_name: String,
    /// How many of the traces that begin here are sent, from 0 (none) to 1 (all). Those that begin elsewhere are sent
    /// when they are recorded there.
    pub sample_ratio: f64,
}

impl Default for ObservabilitySettings {
    fn default() -> Self {
        Self {
            metrics_address: None,
            otlp_endpoint: None,
            service_name: "calliope".to_owned(),
            sample_ratio: 1.0,
        }
    }
}

impl ObservabilitySettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        if let Some(endpoint) = &self.otlp_endpoint {
            // Not shown, for a key may be in it.
            let rest = endpoint.strip_prefix("http://").or(endpoint.strip_prefix("https://"));
            let is_plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'@' | b'?' | b'#');
            if !rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_plain)) {
                let reason = "must be an http:// or https:// URL without a user or a query, such as http://127.0.0.1:4318; a key goes into OTEL_EXPORTER_OTLP_HEADERS";
                return Err(("observability.otlp_endpoint", reason.to_owned()));
            }
        }
        let name = &self.service_name;
        if !(1..=255).contains(&name.len()) || name.contains(char::is_control) {
            let reason = "must be a name of 1 to 255 bytes";
            return Err(("observability.service_name", reason.to_owned()));
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            return Err(("observability.sample_ratio", "must be a number from 0 to 1".to_owned()));
        }
        Ok(())
    }
}
