//! The HTTP client for the trace collector. While the collector is down, spans are lost and one warning is logged.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

use crate::app::with_causes;
use crate::http_client;

/// How long sending one batch of spans may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends the requests of the exporter, which has a thread of its own.
#[derive(Debug)]
pub(super) struct CollectorClient {
    client: Arc<HyperClient<HttpsConnector<HttpConnector>>>,
    /// The service's runtime, on which the connections run, because the exporter's thread has no runtime.
    handle: Handle,
    is_down: AtomicBool,
}

impl CollectorClient {
    /// Creates a client that also trusts the certificates in `pem`.
    pub(super) fn new(handle: Handle, pem: &[u8]) -> anyhow::Result<Self> {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(http_client::tls_config(pem)?)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Arc::new(HyperClient::new(connector, TIMEOUT, None));
        Ok(Self { client, handle, is_down: AtomicBool::new(false) })
    }

    /// Logs once when the collector goes down and once when it works again.
    fn log_transition(&self, failure: Option<&str>) {
        let was_down = self.is_down.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(reason) if !was_down => {
                tracing::warn!(
                    reason,
                    "traces cannot be sent; spans are lost until the collector works again"
                );
            }
            None if was_down => tracing::info!("traces are sent again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = Arc::clone(&self.client);
        let sent = self.handle.spawn(async move { client.send_bytes(request).await }).await;
        let sent = sent.unwrap_or_else(|error| Err(error.into()));
        match &sent {
            Ok(response) if response.status().is_success() => self.log_transition(None),
            Ok(response) => self.log_transition(Some(response.status().as_str())),
            Err(error) => self.log_transition(Some(&explain(&**error))),
        }
        sent
    }
}

/// Returns why a request failed, in one line.
fn explain(error: &(dyn Error + 'static)) -> String {
    http_client::tls_failure(error)
        .map_or_else(|| with_causes(error), |failure| failure.to_string())
}
