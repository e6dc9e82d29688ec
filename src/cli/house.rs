//! What commands build the house from: one place that knows which part needs which setting.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::app::{App, Book, Choices, FileStores, Resources};
use crate::compute::Compute;
use crate::domain::SystemClock;
use crate::inference::{Ledger, Registry, Wire};
use crate::objects::{Bucket, LocalStore};
use crate::settings::Settings;
use crate::situation::Situator;
use crate::store::{SoleUse, Store};
use crate::vectors::Pinecone;
use crate::web;

/// The house of a service, which has an SQLite database to itself.
pub(super) async fn service(
    settings: &Settings,
    stopping: CancellationToken,
) -> anyhow::Result<(App, Option<SoleUse>)> {
    let store = Store::connect(&settings.database).await?;
    let sole_use = store.sole_use(Path::new(&settings.database.path))?;
    let app = furnish(settings, store, stopping, |book| Arc::new(book)).await?;
    Ok((app, sole_use))
}

/// The house of a command that works beside a service; `ledger` may look over the book's shoulder.
pub(super) async fn beside(
    settings: &Settings,
    ledger: impl FnOnce(Book) -> Arc<dyn Ledger>,
) -> anyhow::Result<App> {
    let store = Store::connect(&settings.database).await?;
    furnish(settings, store, CancellationToken::new(), ledger).await
}

async fn furnish(
    settings: &Settings,
    store: Store,
    stopping: CancellationToken,
    ledger: impl FnOnce(Book) -> Arc<dyn Ledger>,
) -> anyhow::Result<App> {
    store.migrate().await?;
    let compute = Compute::new();
    let clock = Arc::new(SystemClock);
    let client = web::client()?;
    let wire = Wire::new(client.clone(), compute.clone());
    let book = Book::new(store.clone(), clock.clone());
    let files = FileStores {
        local: LocalStore::open(&settings.storage)?,
        bucket: Bucket::of(&settings.storage, client.clone())?,
        rules: settings.storage.clone(),
    };
    let app = App::new(Resources {
        store,
        files,
        pinecone: Pinecone::of(&settings.search)?,
        registry: Registry::of(&settings.providers, &wire).kept_in(ledger(book)),
        choices: Choices::of(&settings.minds, &settings.providers),
        memory: settings.memory.clone(),
        situator: Situator::new(&settings.situation, client)?,
        compute,
        clock,
        limits: settings.tasks.clone(),
        stopping,
    });
    app.config().seed().await?;
    Ok(app)
}
