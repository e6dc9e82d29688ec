//! Data about clients: telemetry, memory, learning, recordings, voice profiles and shares.

mod learning;
mod memory;
mod recordings;
mod shares;
mod telemetry;
mod voice_profiles;

use std::sync::Arc;

pub(in crate::app) use learning::extract_lessons;
pub use memory::{
    BatchPattern, ContextRequest, ContextView, InsightRequest, PatternRequest, PatternView,
};
pub use shares::{NewShareView, NewVisitorView, ShareLookup, ShareRequest, ShareWatch, Shares};
pub use telemetry::TelemetryRequest;
pub use voice_profiles::VoiceProfileView;

use super::config::Config;
use super::files::Files;
use super::jobs::Jobs;
use super::models::Models;
use crate::domain::Clock;
use crate::settings::MemorySettings;
use crate::store::Store;

/// The service for data about clients.
#[derive(Debug)]
pub struct Clients {
    store: Store,
    clock: Arc<dyn Clock>,
    config: Arc<Config>,
    files: Arc<Files>,
    models: Arc<Models>,
    jobs: Arc<Jobs>,
    memory: MemorySettings,
    recently_seen: telemetry::RecentlySeen,
    shares: Shares,
}

impl Clients {
    pub(in crate::app) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        config: Arc<Config>,
        files: Arc<Files>,
        models: Arc<Models>,
        jobs: Arc<Jobs>,
        memory: MemorySettings,
        shares: Shares,
    ) -> Self {
        let recently_seen = telemetry::RecentlySeen::default();
        Self { store, clock, config, files, models, jobs, memory, recently_seen, shares }
    }

    /// Returns the service for shares.
    #[must_use]
    pub const fn shares(&self) -> &Shares {
        &self.shares
    }
}
