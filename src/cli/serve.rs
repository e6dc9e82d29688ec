//! `calliope serve`: builds the house from its settings, opens both doors, and closes them in two stages: stop
//! taking work, then stop.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::runtime;
use crate::app::{App, Parts};
use crate::compute::Compute;
use crate::domain::SystemClock;
use crate::http::{Door, Entry, serve};
use crate::inference::{Registry, offline};
use crate::objects::LocalStore;
use crate::settings::{Loaded, Log, LogFormat, Settings};
use crate::store::{SoleUse, Store};
use crate::worker::Worker;

pub(super) fn run(loaded: &Loaded) -> anyhow::Result<()> {
    let started = Instant::now();
    start_log(&loaded.settings.log)?;
    runtime()?.block_on(run_service(&loaded.settings, started))
}

async fn run_service(settings: &Settings, started: Instant) -> anyhow::Result<()> {
    let stopping = CancellationToken::new();
    let (app, _sole_use) = build(settings, stopping.clone()).await?;
    let address = (settings.server.host, settings.server.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {}:{}", address.0, address.1))?;
    let address = listener.local_addr()?;
    let database = if app.store.is_sqlite() { "SQLite" } else { "PostgreSQL" };
    let milliseconds = started.elapsed().as_millis();
    tracing::info!(database, milliseconds, "calliope tells stories at http://{address}");
    let drain = Duration::from_secs(settings.server.drain_seconds);
    let entry = Entry {
        api_key: settings.server.api_key.clone(),
        allowed_origins: settings.server.allowed_origins.clone(),
        trusted_proxies: settings.server.trusted_proxies.clone(),
        limits: settings.limits.clone(),
    };
    let door = Door::new(app.clone(), entry);
    let store = app.store.clone();
    let hearing = tokio::spawn(async move { store.hear_others().await });
    let stop = stopping.clone();
    tokio::spawn(async move {
        asked_to_stop().await;
        tracing::info!("asked to stop; what runs is finished first");
        stop.cancel();
    });
    // A task's answer must find its request's connection open: connections drain a moment longer than tasks.
    let connections = serve(listener, door, stopping, drain + Duration::from_secs(2));
    tokio::join!(connections, Worker::new(app.clone()).run(drain));
    hearing.abort();
    app.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// The house, without its doors.
async fn build(
    settings: &Settings,
    stopping: CancellationToken,
) -> anyhow::Result<(App, Option<SoleUse>)> {
    let store = Store::connect(&settings.database).await?;
    let sole_use = store.sole_use(Path::new(&settings.database.path))?;
    store.migrate().await?;
    let compute = Compute::new();
    let app = App::new(Parts {
        store,
        objects: LocalStore::open(&settings.storage)?,
        registry: Registry::default().with(offline::NAME, offline::provider(compute.clone())),
        compute,
        clock: Arc::new(SystemClock),
        limits: settings.tasks.clone(),
        stopping,
    });
    app.seed().await?;
    Ok((app, sole_use))
}

fn start_log(log: &Log) -> anyhow::Result<()> {
    let filter: EnvFilter = log.filter.parse()?;
    let registry = tracing_subscriber::registry().with(filter);
    let colours = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    match log.format {
        LogFormat::Text => registry.with(layer).init(),
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).init(),
    }
    Ok(())
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
