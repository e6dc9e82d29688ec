//! A frame's pictures: painted or photographed, rendered for their device, written, and rendered again for another one.

mod illustrate;
mod renditions;

use std::sync::Arc;

pub(super) use illustrate::{Illustrated, USUAL, Wanted, picture_of};

use super::Below;
use crate::app::files::Files;
use crate::compute::Compute;
use crate::domain::Clock;
use crate::store::Store;

/// Renders and writes pictures.
#[derive(Debug)]
pub(super) struct Pictures {
    store: Store,
    clock: Arc<dyn Clock>,
    compute: Compute,
    files: Arc<Files>,
}

impl Pictures {
    pub(super) fn new(below: &Below) -> Self {
        Self {
            store: below.store.clone(),
            clock: Arc::clone(&below.clock),
            compute: below.compute.clone(),
            files: Arc::clone(&below.files),
        }
    }
}
