//! What is known of clients: what they report, what is learned about them, what they recorded, and their voices.

mod learning;
mod memory;
mod recordings;
mod telemetry;
mod voices;

use std::sync::Arc;

pub(in crate::app) use learning::lessons_of;
pub use memory::{
    ContextOrder, ContextView, InsightOrder, NamedPattern, PatternOrder, PatternView,
};
pub use telemetry::TelemetryOrder;
pub use voices::VoiceProfileView;

use super::config::Config;
use super::files::Files;
use super::jobs::Jobs;
use super::models::Models;
use crate::domain::Clock;
use crate::settings::Memory;
use crate::store::Store;

/// What is known of clients.
#[derive(Debug)]
pub struct Clients {
    store: Store,
    clock: Arc<dyn Clock>,
    config: Arc<Config>,
    files: Arc<Files>,
    models: Arc<Models>,
    jobs: Arc<Jobs>,
    memory: Memory,
    seen_lately: telemetry::SeenLately,
}

impl Clients {
    pub(in crate::app) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        config: Arc<Config>,
        files: Arc<Files>,
        models: Arc<Models>,
        jobs: Arc<Jobs>,
        memory: Memory,
    ) -> Self {
        let seen_lately = telemetry::SeenLately::default();
        Self { store, clock, config, files, models, jobs, memory, seen_lately }
    }
}
