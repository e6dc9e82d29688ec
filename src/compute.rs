//! Threads for work that would hold up others: decoding, painting, packing, hashing.
//!
//! The async threads never run anything above a millisecond; such work comes here and waits for its turn, so
//! that a burst of frames cannot start more of it than there are cores.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// A bounded way onto the blocking threads. Clones share the bound.
#[derive(Debug, Clone)]
pub struct Compute {
    permits: Arc<Semaphore>,
}

/// The work panicked. The panic itself was logged where it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a computation broke off")]
pub struct ComputePanicked;

impl Compute {
    /// One piece of work at a time per core.
    #[must_use]
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { permits: Arc::new(Semaphore::new(cores)) }
    }

    /// Runs `work` when its turn comes. Work that has begun is not called off when the caller goes away.
    ///
    /// # Errors
    ///
    /// [`BrokenOff`] when it panics.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ComputePanicked> {
        let permit =
            Arc::clone(&self.permits).acquire_owned().await.map_err(|_| ComputePanicked)?;
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || {
            let _turn = permit;
            span.in_scope(work)
        })
        .await
        .map_err(|_| ComputePanicked)
    }
}

impl Default for Compute {
    fn default() -> Self {
        Self::new()
    }
}
