//! Configuration: the cascade of levels that sets a client's parameters, the resources that admins edit, and the seeds
//! of a new database.

mod cache;
mod client_view;
mod commands;
mod resolve;
mod resources;
mod seeds;
mod sleep;
mod strategies;

use std::sync::Arc;

pub use client_view::ClientConfigView;
pub(in crate::app) use commands::blackouts;
pub(in crate::app) use resolve::{
    ClientLevels, ConfigOverrides, DEFAULT_FLOCK, ResolvedConfig, SchedulePosition,
    effective_schedule,
};
pub use resources::{Resource, ResourceView};
pub use strategies::StrategyView;

use crate::domain::Clock;
use crate::store::Store;

/// The service for configurations.
#[derive(Debug)]
pub struct Config {
    store: Store,
    clock: Arc<dyn Clock>,
    caches: cache::Caches,
}

impl Config {
    pub(in crate::app) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, caches: cache::Caches::default() }
    }
}
