//! Starts the log on standard error and, if a collector is configured, the export of traces.

use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use super::collector::CollectorClient;
use crate::settings::{LogFormat, ObservabilitySettings, Settings};

/// The time for sending the last spans when the process ends.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// The exporter of traces. Close it when the process ends.
#[derive(Debug)]
pub(super) struct Traces(Option<SdkTracerProvider>);

/// Starts the log and, if a collector is configured, the export of traces on the runtime behind `handle`.
pub(super) fn start(settings: &Settings, handle: Handle) -> anyhow::Result<Traces> {
    let provider = match &settings.observability.otlp_endpoint {
        Some(endpoint) => {
            let client = CollectorClient::new(handle, settings.database.certificates.pem())?;
            Some(provider(endpoint, &settings.observability, client)?)
        }
        None => None,
    };
    let traces = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer::<Registry>()
            .with_tracer(provider.tracer("calliope"))
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_traced))
    });
    let filter = settings.log.env_filter().map_err(anyhow::Error::msg)?;
    let colours = std::io::stderr().is_terminal();
    // A closed standard error must not end the service: by default a line that cannot be written is reported there.
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .log_internal_errors(false);
    let lines = match settings.log.format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        // The list of spans holds the current one too; by itself it would be there twice.
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_filter(filter).boxed()
        }
    };
    tracing_subscriber::registry().with(traces).with(lines).init();
    Ok(Traces(provider))
}

/// Returns whether a span is exported: only Calliope's own. Log lines are not exported; they carry the trace id instead.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
        && *metadata.level() <= Level::INFO
        && metadata.target().starts_with("calliope")
}

fn provider(
    endpoint: &str,
    settings: &ObservabilitySettings,
    client: CollectorClient,
) -> anyhow::Result<SdkTracerProvider> {
    // What OpenTelemetry's variable names is where all signals go; traces have a place of their own below it.
    let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url)
        .build()?;
    let resource = Resource::builder()
        .with_service_name(settings.service_name.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sample_ratio)));
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(sampler)
        .with_batch_exporter(exporter)
        .build();
    Ok(provider)
}

impl Traces {
    /// Sends the remaining spans, for at most [`FLUSH_TIMEOUT`].
    pub(super) async fn close(self) {
        let Some(provider) = self.0 else { return };
        let closed =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH_TIMEOUT))
                .await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::debug!("the last spans could not be sent");
        }
    }
}
