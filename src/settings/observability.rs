//! Observability: metrics for Prometheus, traces for an OpenTelemetry collector.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The settings of metrics and traces.
///
/// The exporter also reads some of OpenTelemetry's variables directly, such as `OTEL_EXPORTER_OTLP_HEADERS` (for a
/// collector's API key), `OTEL_EXPORTER_OTLP_TIMEOUT` and `OTEL_RESOURCE_ATTRIBUTES`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObservabilitySettings {
    /// An address and port, such as `127.0.0.1:9108`, that serves only `/metrics`, without authentication: anyone who
    /// can reach it can read the metrics. If unset, the HTTP server serves `/metrics` and requires authentication as
    /// for other endpoints. Default: none.
    pub metrics_address: Option<SocketAddr>,
    /// The URL of a collector for OTLP over HTTP, such as `http://127.0.0.1:4318`. If unset, no traces are sent.
    /// Default: none.
    pub otlp_endpoint: Option<String>,
    /// The name of this service in traces, 1-255 bytes. Default: `calliope`.
    pub service_name: String,
    /// The fraction of the traces that begin here to send, from 0 (none) to 1 (all). A trace that begins elsewhere is
    /// sent if its caller samples it. Default: 1.
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
            // The message does not repeat the value, because it may contain a key.
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
