//! Builds the [`App`] for commands. This is the only place that maps settings to the services that need them.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::app::{App, AppResources, FileStores, ModelDefaults, SpendLedger};
use crate::compute::Compute;
use crate::domain::SystemClock;
use crate::http_client;
use crate::inference::{Ledger, ProviderClient, Registry};
use crate::objects::{Bucket, LocalStore};
use crate::settings::Settings;
use crate::situation::SituationService;
use crate::store::{DatabaseLock, Store};
use crate::vectors::Pinecone;

/// Builds the app for `calliope serve`. The lock keeps other services off the same SQLite database; PostgreSQL needs
/// none.
pub(super) async fn build_service(
    settings: &Settings,
    shutdown: CancellationToken,
) -> anyhow::Result<(App, Option<DatabaseLock>)> {
    let store = Store::connect_patiently(&settings.database, &|error| {
        let error = error as &dyn std::error::Error;
        tracing::warn!(error, "database does not answer; trying again");
    })
    .await?;
    let database_lock = store.acquire_database_lock(Path::new(&settings.database.path))?;
    let app = build_app(settings, store, shutdown, |ledger| Arc::new(ledger)).await?;
    Ok((app, database_lock))
}

/// Builds the app for a command, which may run while a service uses the same database. `wrap_ledger` may wrap the
/// ledger to observe what is recorded.
pub(super) async fn build_for_command(
    settings: &Settings,
    wrap_ledger: impl FnOnce(SpendLedger) -> Arc<dyn Ledger>,
) -> anyhow::Result<App> {
    let store = Store::connect(&settings.database).await?;
    build_app(settings, store, CancellationToken::new(), wrap_ledger).await
}

async fn build_app(
    settings: &Settings,
    store: Store,
    shutdown: CancellationToken,
    wrap_ledger: impl FnOnce(SpendLedger) -> Arc<dyn Ledger>,
) -> anyhow::Result<App> {
    store.migrate().await?;
    let compute = Compute::new();
    let clock = Arc::new(SystemClock);
    let certificates = &settings.database.certificates;
    for path in certificates.unreadable() {
        let path = path.display();
        tracing::warn!(%path, "certificates cannot be read; starting without them");
    }
    let client = http_client::build_client_trusting(certificates.pem())?;
    let provider_client = ProviderClient::new(client.clone(), compute.clone())
        .with_certificates(certificates.clone());
    let spend_ledger = SpendLedger::new(store.clone(), clock.clone());
    let files = FileStores {
        local: LocalStore::open(&settings.storage)?,
        bucket: Bucket::from_settings(&settings.storage, client.clone())?,
        settings: settings.storage.clone(),
    };
    let app = App::new(AppResources {
        store,
        files,
        pinecone: Pinecone::from_settings(&settings.search, client.clone(), compute.clone())?,
        registry: Registry::from_settings(&settings.providers, &provider_client)
            .with_ledger(wrap_ledger(spend_ledger)),
        model_defaults: ModelDefaults::from_settings(&settings.models, &settings.providers),
        memory: settings.memory.clone(),
        situator: SituationService::new(&settings.situation, client)?,
        compute,
        clock,
        task_settings: settings.tasks.clone(),
        shutdown,
    });
    app.config().seed().await?;
    Ok(app)
}
