//! A frame's pictures: generated or photographed, rendered for their device, written, and later rendered for other
//! devices.

mod illustrate;
mod renditions;

use std::sync::Arc;

pub(super) use illustrate::{BeatPictures, DEFAULT_SIZE, PictureOptions, draw_beat};

use super::FrameDependencies;
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
    pub(super) fn new(deps: &FrameDependencies) -> Self {
        Self {
            store: deps.store.clone(),
            clock: Arc::clone(&deps.clock),
            compute: deps.compute.clone(),
            files: Arc::clone(&deps.files),
        }
    }
}
