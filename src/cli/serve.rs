//! `calliope serve`: builds the application from its settings, serves requests and runs tasks. It stops in two stages: it takes
//! no new work, then it ends when what runs is finished or the drain time is over.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{bootstrap, file_handles, log, runtime};
use crate::app::App;
use crate::http::{AccessPolicy, ConnectionLimits, HttpState, serve, serve_metrics};
use crate::settings::{LoadedSettings, SettingWarning, Settings};
use crate::telemetry::MetricsRecorder;
use crate::worker::Worker;

pub(super) fn run(loaded: &LoadedSettings) -> anyhow::Result<()> {
    let started = Instant::now();
    let runtime = runtime()?;
    let traces = log::start(&loaded.settings, runtime.handle().clone())?;
    for SettingWarning { setting, reason } in &loaded.warnings {
        tracing::warn!(setting, reason, "setting needs attention");
    }
    let served = runtime.block_on(run_service(&loaded.settings, started));
    runtime.block_on(traces.close());
    served
}

async fn run_service(settings: &Settings, started: Instant) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    let (app, _sole_use) = bootstrap::build_service(settings, shutdown.clone()).await?;
    let app = Arc::new(app);
    let listener = listen((settings.server.host, settings.server.port).into()).await?;
    let address = listener.local_addr()?;
    let metrics_listener = match settings.observability.metrics_address {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let meters = MetricsRecorder::install()?;
    let database = app.database_kind();
    let version = env!("CARGO_PKG_VERSION");
    let elapsed_ms = milliseconds(started.elapsed());
    // A signal that follows the next line at once must not end the process in the middle of its work.
    let stop_signal = shutdown_signal();
    let url = url_on_this_machine(address);
    tracing::info!(version, database, elapsed_ms, "listening on {address}; open {url}");
    offer_setup(&app, &url).await?;
    let drain = Duration::from_secs(settings.server.drain_seconds);
    let connections = ConnectionLimits {
        total: settings.server.max_connections,
        per_address: settings.server.max_connections_per_address,
    };
    let access_policy = AccessPolicy {
        api_key: settings.server.api_key.clone(),
        allowed_origins: settings.server.normalized_origins(),
        trusted_proxies: settings.server.trusted_proxies.clone(),
        limits: settings.limits.clone(),
        connections: connections.within(file_handles::raise_limit()),
        pages: settings.pages.clone(),
    };
    let keep_alive = Duration::from_secs(settings.server.keep_alive_seconds);
    let state =
        HttpState::new(Arc::clone(&app), access_policy, meters.clone()).with_keep_alive(keep_alive);
    let mut background_tasks = JoinSet::new();
    if let Some(listener) = metrics_listener {
        let url = format!("{}/metrics", url_on_this_machine(listener.local_addr()?));
        tracing::info!("serving metrics; open {url}");
        background_tasks.spawn(serve_metrics(listener, state.clone()));
    }
    background_tasks.spawn(async move { meters.run_maintenance().await });
    let notifications_app = Arc::clone(&app);
    background_tasks.spawn(async move { notifications_app.listen_to_other_instances().await });
    let events_app = Arc::clone(&app);
    background_tasks.spawn(async move { events_app.events().tail().await });
    let search_app = Arc::clone(&app);
    background_tasks.spawn(async move { search_app.search().prepare_index().await });
    let (stop, drain_seconds) = (shutdown.clone(), drain.as_secs());
    tokio::spawn(async move {
        stop_signal.await;
        tracing::info!(drain_seconds, "stopping; finishing requests and tasks");
        stop.cancel();
    });
    // A task's answer must find its request's connection open: connections drain a moment longer than tasks.
    let connections = serve(listener, state, shutdown, drain + Duration::from_secs(2));
    tokio::join!(connections, Worker::new(Arc::clone(&app), settings.tasks.clone()).run(drain));
    background_tasks.shutdown().await;
    app.close().await;
    tracing::info!(uptime_seconds = started.elapsed().as_secs(), "stopped");
    Ok(())
}

/// Prints the address where the first user is made, while there is none.
async fn offer_setup(app: &App, url: &str) -> anyhow::Result<()> {
    if let Some(code) = app.identities().prepare_setup().await? {
        tracing::info!("no user exists yet; to begin, open {url}/setup?code={code}");
    }
    Ok(())
}

/// Returns the URL by which a browser on this machine reaches a listener. A browser cannot open the wildcard address.
fn url_on_this_machine(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

/// Returns a duration in milliseconds as a number that JSON logs can hold.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| {
        format!("cannot listen on {address}; to use another port, set PORT to one that is free")
    })
}

/// Receives signals from now on, and returns at SIGTERM, SIGHUP or Ctrl-C. Service managers send SIGHUP too, and so does a
/// terminal that is closed.
#[cfg(unix)]
fn shutdown_signal() -> impl Future<Output = ()> + Send {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    async move {
        if signals.is_empty() {
            return std::future::pending().await;
        }
        let received = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(received).await;
    }
}

/// Returns at Ctrl-C.
#[cfg(not(unix))]
async fn shutdown_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
