//! A frame's pictures: generated or photographed, rendered for their device, written, and later rendered for other
//! devices and for pages.

mod black;
mod illustrate;
mod renditions;
mod small;

use std::sync::Arc;

use bytes::Bytes;
use moka::sync::Cache;
use tokio::sync::Semaphore;

pub(super) use illustrate::{BeatPictures, DEFAULT_SIZE, PictureOptions, draw_beat};
pub use small::SmallWidth;

use super::FrameDependencies;
use crate::app::files::Files;
use crate::compute::Compute;
use crate::domain::Clock;
use crate::store::Store;

/// Number of small pictures that are rendered at once, so that pages full of them leave the cores to frames.
const MAX_SMALL_AT_ONCE: usize = 1;

/// Number of storytellers whose pictures are kept in memory, at most about 20 kB each.
const MAX_STORYTELLERS: u64 = 64;

/// Renders and writes pictures.
#[derive(Debug)]
pub(super) struct Pictures {
    store: Store,
    clock: Arc<dyn Clock>,
    compute: Compute,
    files: Arc<Files>,
    /// One permit for each small picture that may be rendered at the same time.
    small_turns: Semaphore,
    /// Pictures of storytellers, by the words from which they were painted.
    storytellers: Cache<String, Bytes>,
}

impl Pictures {
    pub(super) fn new(deps: &FrameDependencies) -> Self {
        Self {
            store: deps.store.clone(),
            clock: Arc::clone(&deps.clock),
            compute: deps.compute.clone(),
            files: Arc::clone(&deps.files),
            small_turns: Semaphore::new(MAX_SMALL_AT_ONCE),
            storytellers: Cache::new(MAX_STORYTELLERS),
        }
    }
}
