//! Operations of an installation: backup and restore, erasure and export of a client, health and load, the audit log,
//! and automatic maintenance.

mod audit_log;
mod backup;
mod erase;
mod export;
mod load;
mod maintenance;
mod overview;
mod readiness;

use std::sync::Arc;

pub use backup::{BackupManifest, RestoreSummary, restore};
pub use export::ExportStream;
pub use load::{QueueStats, SystemLoad};
pub use overview::InstallationStats;
pub use readiness::{HealthStatus, Readiness};

use super::clients::Clients;
use super::config::Config;
use super::files::Files;
use super::jobs::Jobs;
use super::models::Models;
use super::search::Search;
use super::stories::Stories;
use crate::domain::Clock;
use crate::store::Store;

/// The operations service. Clones share all state.
#[derive(Debug, Clone)]
pub struct Ops {
    store: Store,
    clock: Arc<dyn Clock>,
    config: Arc<Config>,
    files: Arc<Files>,
    models: Arc<Models>,
    stories: Arc<Stories>,
    clients: Arc<Clients>,
    search: Arc<Search>,
    jobs: Arc<Jobs>,
}

impl Ops {
    pub(in crate::app) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        config: Arc<Config>,
        files: Arc<Files>,
        models: Arc<Models>,
        stories: Arc<Stories>,
        clients: Arc<Clients>,
        search: Arc<Search>,
        jobs: Arc<Jobs>,
    ) -> Self {
        Self { store, clock, config, files, models, stories, clients, search, jobs }
    }
}
