//! Runs CPU-bound work (decoding, painting, packing, hashing) on the blocking threads.
//!
//! The async threads run nothing that takes more than a millisecond. Longer work runs here, at most one piece per core
//! at a time, even during a burst of frames.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Runs work on the blocking threads, up to a limit. Clones share the limit.
#[derive(Debug, Clone)]
pub struct Compute {
    permits: Arc<Semaphore>,
}

/// The work panicked. The panic hook has logged the panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a computation panicked")]
pub struct ComputePanicked;

impl Compute {
    /// Creates a pool that runs one piece of work at a time per core.
    #[must_use]
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { permits: Arc::new(Semaphore::new(cores)) }
    }

    /// Runs `work` as soon as a core is free. Work that has started runs to its end even if the future is dropped.
    ///
    /// # Errors
    ///
    /// [`ComputePanicked`] if `work` panics.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ComputePanicked> {
        let permit =
            Arc::clone(&self.permits).acquire_owned().await.map_err(|_| ComputePanicked)?;
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
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
