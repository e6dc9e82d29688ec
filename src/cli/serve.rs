//! `calliope serve`: builds the house from its settings, opens both doors, and closes them in two stages: stop
//! taking work, then stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{house, log, runtime};
use crate::http::{Door, Entry, serve, serve_metrics};
use crate::settings::{Loaded, Settings};
use crate::telemetry::Meters;
use crate::worker::Worker;

pub(super) fn run(loaded: &Loaded) -> anyhow::Result<()> {
    let started = Instant::now();
    let runtime = runtime()?;
    let traces = log::start(&loaded.settings, runtime.handle().clone())?;
    let served = runtime.block_on(run_service(&loaded.settings, started));
    runtime.block_on(traces.close());
    served
}

async fn run_service(settings: &Settings, started: Instant) -> anyhow::Result<()> {
    let stopping = CancellationToken::new();
    let (app, _sole_use) = house::service(settings, stopping.clone()).await?;
    let app = Arc::new(app);
    let listener = listen((settings.server.host, settings.server.port).into()).await?;
    let address = listener.local_addr()?;
    let numbers = match settings.observability.metrics_address {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let meters = Meters::install()?;
    let database = app.database();
    let milliseconds = started.elapsed().as_millis();
    tracing::info!(database, milliseconds, "calliope tells stories at http://{address}");
    let drain = Duration::from_secs(settings.server.drain_seconds);
    let entry = Entry {
        api_key: settings.server.api_key.clone(),
        allowed_origins: settings.server.allowed_origins.clone(),
        trusted_proxies: settings.server.trusted_proxies.clone(),
        limits: settings.limits.clone(),
    };
    let door = Door::new(Arc::clone(&app), entry, meters.clone());
    let mut beside = JoinSet::new();
    if let Some(listener) = numbers {
        tracing::info!("numbers are at http://{}/metrics", listener.local_addr()?);
        beside.spawn(serve_metrics(listener, door.clone()));
    }
    beside.spawn(async move { meters.keep_up().await });
    let hearing = Arc::clone(&app);
    beside.spawn(async move { hearing.hear_other_instances().await });
    let tailing = Arc::clone(&app);
    beside.spawn(async move { tailing.events().tail().await });
    let looking = Arc::clone(&app);
    beside.spawn(async move { looking.search().prepare_index().await });
    let stop = stopping.clone();
    tokio::spawn(async move {
        asked_to_stop().await;
        tracing::info!("asked to stop; what runs is finished first");
        stop.cancel();
    });
    // A task's answer must find its request's connection open: connections drain a moment longer than tasks.
    let connections = serve(listener, door, stopping, drain + Duration::from_secs(2));
    tokio::join!(connections, Worker::new(Arc::clone(&app), settings.tasks.clone()).run(drain));
    beside.shutdown().await;
    app.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}"))
}

/// Returns at SIGTERM or Ctrl-C.
async fn asked_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        };
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
