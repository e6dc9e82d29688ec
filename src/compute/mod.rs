//! Runs CPU-bound work (decoding, painting, packing, hashing) on threads of its own.
//!
//! The async threads run nothing that takes more than a millisecond. Longer work runs here, at most one piece per core
//! at a time, even during a burst of frames, and at a lower priority. Pictures that clients send are decoded within
//! shares ([`Decoding`]).

mod shares;
mod threads;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

pub use shares::{SharePermit, Shares};
use threads::Threads;

/// The most pictures of one client that are decoded at once.
const DECODES_PER_CLIENT: usize = 2;

/// Runs work on one thread per core. Clones share the threads.
#[derive(Debug, Clone)]
pub struct Compute {
    threads: Arc<Threads>,
    /// One permit for each thread. Work waits here, not at the threads, so that work that nobody waits for any more does
    /// not run.
    permits: Arc<Semaphore>,
    received: Arc<DecodeLimits>,
    of_tasks: Arc<DecodeLimits>,
}

/// The limits of pictures that are decoded for the same purpose.
#[derive(Debug)]
struct DecodeLimits {
    clients: Shares<String>,
    /// Large pictures get a part of the cores, so that small ones need not wait for them.
    large: Arc<Semaphore>,
}

/// A picture to decode.
#[derive(Debug, Clone, Copy)]
pub struct Decoding<'a> {
    /// The client that sent the picture. At most two pictures of a client are decoded at once.
    pub client_id: &'a str,
    /// Whether decoding takes long.
    pub is_large: bool,
    /// Why the picture is decoded.
    pub purpose: DecodePurpose,
}

/// Why a picture is decoded. Each purpose has its own limits: otherwise requests that arrive would delay the tasks of
/// earlier ones, and these would occupy the workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodePurpose {
    /// To check a picture that arrives with a request.
    Check,
    /// To use a picture in a task.
    Task,
}

/// The work panicked. The panic hook has logged the panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a computation panicked")]
pub struct ComputePanicked;

impl Compute {
    /// Creates a pool that runs one piece of work at a time per core.
    #[must_use]
    pub fn new() -> Self {
        Self::with_cores(std::thread::available_parallelism().map_or(1, usize::from))
    }

    fn with_cores(cores: usize) -> Self {
        Self {
            threads: Arc::new(Threads::new(cores)),
            permits: Arc::new(Semaphore::new(cores)),
            received: Arc::new(DecodeLimits::new(cores)),
            of_tasks: Arc::new(DecodeLimits::new(cores)),
        }
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
        let (sender, receiver) = oneshot::channel();
        self.threads.run(Box::new(move || {
            let _permit = permit;
            if let Ok(done) = catch_unwind(AssertUnwindSafe(|| span.in_scope(work))) {
                // Nobody may be waiting any more.
                let _ = sender.send(done);
            }
        }));
        receiver.await.map_err(|_| ComputePanicked)
    }

    /// Decodes a picture of a client as [`Compute::run`] does, once the client's share and that of large pictures allow
    /// it.
    ///
    /// # Errors
    ///
    /// [`ComputePanicked`] if `work` panics.
    pub async fn decode<T: Send + 'static>(
        &self,
        decoding: Decoding<'_>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ComputePanicked> {
        let limits = match decoding.purpose {
            DecodePurpose::Check => &self.received,
            DecodePurpose::Task => &self.of_tasks,
        };
        let permits = limits.acquire(&decoding).await?;
        self.run(move || {
            let _permits = permits;
            work()
        })
        .await
    }
}

impl DecodeLimits {
    fn new(cores: usize) -> Self {
        // Both purposes together leave a core to everything else, if there are more than two.
        let large = (cores.saturating_sub(1) / 2).max(1);
        let clients = Shares::new(Semaphore::MAX_PERMITS, DECODES_PER_CLIENT);
        Self { clients, large: Arc::new(Semaphore::new(large)) }
    }

    async fn acquire(
        &self,
        decoding: &Decoding<'_>,
    ) -> Result<(SharePermit, Option<OwnedSemaphorePermit>), ComputePanicked> {
        let share = self.clients.acquire(&decoding.client_id.to_owned(), 1).await;
        let large = if decoding.is_large {
            let permit = Arc::clone(&self.large).acquire_owned().await;
            Some(permit.map_err(|_| ComputePanicked)?)
        } else {
            None
        };
        Ok((share.ok_or(ComputePanicked)?, large))
    }
}

impl Default for Compute {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn decoding(client_id: &str, is_large: bool, purpose: DecodePurpose) -> Decoding<'_> {
        Decoding { client_id, is_large, purpose }
    }

    /// Returns a pool of four cores, whatever the machine has.
    fn four_cores() -> Compute {
        Compute::with_cores(4)
    }

    #[tokio::test]
    async fn one_client_or_large_pictures_do_not_delay_others() {
        let compute = four_cores();
        let mut held = Vec::new();
        for (client_id, is_large) in [("a", false), ("b", true)] {
            for _ in 0..20 {
                let (compute, (release, released)) = (compute.clone(), mpsc::channel::<()>());
                held.push(release);
                tokio::spawn(async move {
                    let decoding = decoding(client_id, is_large, DecodePurpose::Check);
                    compute.decode(decoding, move || released.recv()).await
                });
            }
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let other = decoding("c", false, DecodePurpose::Check);
        assert_eq!(compute.decode(other, || 7).await, Ok(7), "another client");
        let task = decoding("a", true, DecodePurpose::Task);
        assert_eq!(compute.decode(task, || 8).await, Ok(8), "the task of an earlier request");
        drop(held);
        let same = decoding("a", false, DecodePurpose::Check);
        assert_eq!(compute.decode(same, || 9).await, Ok(9), "its turn comes");
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_place_back() {
        let compute = four_cores();
        for _ in 0..10 {
            let picture = decoding("a", true, DecodePurpose::Task);
            let decoded = compute.decode(picture, || panic!("a broken decoder")).await;
            assert_eq!(decoded, Err::<(), _>(ComputePanicked));
        }
    }
}
