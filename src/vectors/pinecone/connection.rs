//! The way to an index: where it answers, whether it is fit, and how long anyone waits for it.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use pinecone_sdk::models::{DeletionProtection, IndexModel, Metric, WaitPolicy};
use pinecone_sdk::pinecone::data::Index;
use pinecone_sdk::utils::errors::PineconeError;
use tokio::time::{Instant, timeout};

use super::Pinecone;
use super::convert::{is_missing_namespace, map_error};
use crate::vectors::RemoteIndexError;

/// The wait before a second attempt; it doubles from one to the next.
const INITIAL_BACKOFF: Duration = Duration::from_millis(100);

/// The longest of them.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// How often it may give no answer before it is left alone: whoever has time comes again later.
const MAX_UNANSWERED: usize = 4;

/// How long nobody waits for it after it did not answer.
const CIRCUIT_OPEN_DURATION: Duration = Duration::from_secs(15);

/// Connections that are kept while nobody uses them.
const MAX_IDLE_CONNECTIONS: usize = 8;

/// How long an operation may take, and how often it is tried again.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryPolicy {
    /// All attempts together, with the waits between them.
    pub(super) timeout: Duration,
    /// Attempts at most after the first one.
    pub(super) retries: usize,
}

/// What one process has found out.
#[derive(Default)]
pub(super) struct ConnectionState {
    /// Where the index answers, once it was seen to be fit for the model.
    pub(super) host: Option<String>,
    /// The model's numbers a vector.
    pub(super) dimension: Option<usize>,
    /// Connections that nobody uses at the moment.
    idle: Vec<Index>,
    pub(super) circuit_open_until: Option<Instant>,
}

impl ConnectionState {
    /// Has the index looked for again.
    pub(super) fn reset(&mut self) {
        self.host = None;
        self.idle.clear();
    }
}

impl Pinecone {
    /// Where the index answers, once it is seen to be fit.
    pub(super) async fn host(&self) -> Result<String, RemoteIndexError> {
        let (host, dimension) = {
            let known = self.state();
            (known.host.clone(), known.dimension)
        };
        if let Some(host) = host {
            return Ok(host);
        }
        let model = match self
            .client
            .describe_index(&self.index)
            .await
            .map_err(|e| self.map_index_error(e))
        {
            Err(RemoteIndexError::IndexNotFound(_)) if self.creation_region.is_some() => {
                self.create_index(dimension).await?
            }
            described => described?,
        };
        self.check_compatible(&model, dimension)?;
        self.state().host = Some(model.host.clone());
        Ok(model.host)
    }

    /// Makes the index; another instance may do so at the same time.
    async fn create_index(&self, dimension: Option<usize>) -> Result<IndexModel, RemoteIndexError> {
        let missing = || RemoteIndexError::IndexNotFound(self.index.clone());
        let (cloud, region) = self.creation_region.as_ref().ok_or_else(missing)?;
        let numbers = dimension.and_then(|dimension| i32::try_from(dimension).ok());
        let (guarded, wait) = (DeletionProtection::Disabled, WaitPolicy::NoWait);
        let made = self
            .client
            .create_serverless_index(
                &self.index,
                numbers.ok_or_else(missing)?,
                Metric::Cosine,
                *cloud,
                region,
                guarded,
                wait,
            )
            .await;
        match made {
            Err(PineconeError::ResourceAlreadyExistsError { .. }) => {
                Err(RemoteIndexError::NotReady(self.index.clone()))
            }
            Err(error) => Err(map_error(error)),
            Ok(model) => {
                tracing::info!(place = self.place, "an index is being made");
                Ok(model)
            }
        }
    }

    /// Whether an index is fit for vectors of so many numbers, and ready.
    pub(super) fn check_compatible(
        &self,
        model: &IndexModel,
        dimension: Option<usize>,
    ) -> Result<(), RemoteIndexError> {
        let index = self.index.clone();
        let numbers = usize::try_from(model.dimension).unwrap_or(0);
        let wanted = dimension.unwrap_or(numbers);
        if model.metric != Metric::Cosine || numbers != wanted {
            let metric = format!("{:?}", model.metric).to_lowercase();
            return Err(RemoteIndexError::IncompatibleIndex {
                index,
                found: format!("{numbers} numbers by {metric}"),
                wanted,
            });
        }
        if model.status.ready { Ok(()) } else { Err(RemoteIndexError::NotReady(index)) }
    }

    /// A connection that nobody else uses: the client's calls want it for themselves.
    pub(super) async fn connection(&self) -> Result<Index, RemoteIndexError> {
        if let Some(index) = self.state().idle.pop() {
            return Ok(index);
        }
        let host = self.host().await?;
        self.client.index(&host).await.map_err(map_error)
    }

    /// What was answered; the connection is kept for the next who asks.
    pub(super) fn finish_call<T>(
        &self,
        index: Index,
        answer: Result<T, PineconeError>,
    ) -> Result<T, RemoteIndexError> {
        let answer = answer.map_err(map_error)?;
        let mut known = self.state();
        if known.idle.len() < MAX_IDLE_CONNECTIONS {
            known.idle.push(index);
        }
        Ok(answer)
    }

    /// The same of a removal.
    pub(super) fn finish_delete(
        &self,
        index: Index,
        answer: Result<(), PineconeError>,
    ) -> Result<(), RemoteIndexError> {
        match answer {
            Err(error) if is_missing_namespace(&error) => Ok(()),
            answer => self.finish_call(index, answer),
        }
    }

    /// Tries until it is done, cannot be done or takes too long.
    pub(super) async fn with_retries<T, F: Future<Output = Result<T, RemoteIndexError>>>(
        &self,
        patience: RetryPolicy,
        attempt: impl FnMut() -> F,
    ) -> Result<T, RemoteIndexError> {
        let waits = ExponentialBuilder::default()
            .with_min_delay(INITIAL_BACKOFF)
            .with_max_delay(MAX_BACKOFF)
            .with_max_times(patience.retries)
            .with_jitter();
        let mut silences = 0;
        let tried = attempt.retry(waits).when(|fault| {
            if matches!(fault, RemoteIndexError::Unavailable(_)) {
                self.state().reset();
                silences += 1;
            }
            fault.is_retryable() && silences < MAX_UNANSWERED
        });
        let done = timeout(patience.timeout, tried)
            .await
            .unwrap_or(Err(RemoteIndexError::Unavailable(None)));
        if matches!(done, Err(RemoteIndexError::Unavailable(_))) {
            let mut known = self.state();
            known.reset();
            known.circuit_open_until = Some(Instant::now() + CIRCUIT_OPEN_DURATION);
        }
        done
    }

    pub(super) fn map_index_error(&self, error: PineconeError) -> RemoteIndexError {
        let is_missing = match &error {
            // Which of them a 404 becomes depends on words in its message, such as the index's name.
            PineconeError::IndexNotFoundError { .. }
            | PineconeError::CollectionNotFoundError { .. }
            | PineconeError::InvalidRegionError { .. }
            | PineconeError::InvalidCloudError { .. } => true,
            PineconeError::InternalServerError { source } => source.status.as_u16() == 404,
            _ => false,
        };
        if is_missing {
            RemoteIndexError::IndexNotFound(self.index.clone())
        } else {
            map_error(error)
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, ConnectionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error while nobody is to wait for it.
    pub(super) fn check_circuit(&self) -> Result<(), RemoteIndexError> {
        let rests = self.state().circuit_open_until.is_some_and(|until| until > Instant::now());
        if rests { Err(RemoteIndexError::Unavailable(None)) } else { Ok(()) }
    }
}
