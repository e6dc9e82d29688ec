//! What is configured: the cascade of levels that a client's parameters come from, the resources that admins keep,
//! and what a new database begins with.

mod cache;
mod client_view;
mod resolve;
mod resources;
mod seeds;
mod strategies;

use std::sync::Arc;

pub use client_view::ClientConfigView;
pub(in crate::app) use resolve::{
    ClientLevels, ConfigOverrides, ResolvedConfig, SchedulePosition, effective_schedule,
};
pub use resources::{Resource, ResourceView};
pub use strategies::StrategyView;

use crate::domain::Clock;
use crate::store::Store;

/// Configurations, and what they come to for a client.
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
