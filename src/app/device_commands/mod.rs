//! Commands that admins send to devices: to one Sparrow, or to all Sparrows of a flock. Each Sparrow gets each command
//! once, with its next poll. A blackout holds for screens of every kind until it is ended.

mod delivery;
mod send;

use std::sync::Arc;

use chrono::TimeDelta;

pub use send::SentCommandView;

use super::config::Config;
use crate::domain::Clock;
use crate::store::Store;

/// How long a device can get a command. A device that was off for longer does not do what was meant for another day.
const LIFETIME: TimeDelta = TimeDelta::days(1);

/// The service for commands to devices.
#[derive(Debug)]
pub struct DeviceCommands {
    store: Store,
    clock: Arc<dyn Clock>,
    config: Arc<Config>,
    delivered: delivery::Delivered,
}

impl DeviceCommands {
    pub(in crate::app) fn new(store: Store, clock: Arc<dyn Clock>, config: Arc<Config>) -> Self {
        Self { store, clock, config, delivered: delivery::Delivered::default() }
    }
}
