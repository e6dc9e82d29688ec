//! Connects to an index: finds its host, checks that it is compatible, and applies retries, timeouts and a circuit
//! breaker.

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

/// Delay before the second attempt. It doubles with each attempt.
const INITIAL_BACKOFF: Duration = Duration::from_millis(100);

/// Longest delay between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Number of attempts without a response after which an operation is given up, whatever its retry policy. Tasks retry
/// it later.
const MAX_UNANSWERED: usize = 4;

/// How long the circuit breaker stays open after an operation without a response.
const CIRCUIT_OPEN_DURATION: Duration = Duration::from_secs(15);

/// Maximum number of idle connections that are kept.
const MAX_IDLE_CONNECTIONS: usize = 8;

/// How long an operation may take, and how often it is retried.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryPolicy {
    /// Limit for all attempts together, including the delays between them.
    pub(super) timeout: Duration,
    /// Maximum number of attempts after the first.
    pub(super) retries: usize,
}

/// The state of the connection in one process.
#[derive(Default)]
pub(super) struct ConnectionState {
    /// Host of the index, once the index was found to be compatible with the model.
    pub(super) host: Option<String>,
    /// Dimension of the model's vectors, once it is known.
    pub(super) dimension: Option<usize>,
    /// Connections that are not in use.
    idle: Vec<Index>,
    pub(super) circuit_open_until: Option<Instant>,
}

impl ConnectionState {
    /// Discards the host and the connections, so that the next operation looks the index up again.
    pub(super) fn reset(&mut self) {
        self.host = None;
        self.idle.clear();
    }
}

impl Pinecone {
    /// Returns the host of the index. On the first call, checks that the index is compatible, and creates it if it is
    /// missing and the settings allow that.
    pub(super) async fn host(&self) -> Result<String, RemoteIndexError> {
        let (host, dimension) = {
            let state = self.state();
            (state.host.clone(), state.dimension)
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

    /// Creates the index. Returns [`RemoteIndexError::NotReady`] if another instance has created it at the same time.
    async fn create_index(&self, dimension: Option<usize>) -> Result<IndexModel, RemoteIndexError> {
        let missing = || RemoteIndexError::IndexNotFound(self.index.clone());
        let (cloud, region) = self.creation_region.as_ref().ok_or_else(missing)?;
        let dimension = dimension.and_then(|dimension| i32::try_from(dimension).ok());
        let created = self
            .client
            .create_serverless_index(
                &self.index,
                dimension.ok_or_else(missing)?,
                Metric::Cosine,
                *cloud,
                region,
                DeletionProtection::Disabled,
                WaitPolicy::NoWait,
            )
            .await;
        match created {
            Err(PineconeError::ResourceAlreadyExistsError { .. }) => {
                Err(RemoteIndexError::NotReady(self.index.clone()))
            }
            Err(error) => Err(map_error(error)),
            Ok(model) => {
                tracing::info!(place = self.place, "remote index is being created");
                Ok(model)
            }
        }
    }

    /// Checks that an index is ready, and compatible with vectors of this dimension.
    pub(super) fn check_compatible(
        &self,
        model: &IndexModel,
        dimension: Option<usize>,
    ) -> Result<(), RemoteIndexError> {
        let index = self.index.clone();
        let found = usize::try_from(model.dimension).unwrap_or(0);
        let wanted = dimension.unwrap_or(found);
        if model.metric != Metric::Cosine || found != wanted {
            let metric = format!("{:?}", model.metric).to_lowercase();
            return Err(RemoteIndexError::IncompatibleIndex {
                index,
                found: format!("{found} dimensions and the metric {metric}"),
                wanted,
            });
        }
        if model.status.ready { Ok(()) } else { Err(RemoteIndexError::NotReady(index)) }
    }

    /// Returns a connection for exclusive use, because the client's methods take `&mut self`.
    pub(super) async fn connection(&self) -> Result<Index, RemoteIndexError> {
        if let Some(index) = self.state().idle.pop() {
            return Ok(index);
        }
        let host = self.host().await?;
        self.client.index(&host).await.map_err(map_error)
    }

    /// Converts the result of a call, and keeps the connection for later calls if the call succeeded.
    pub(super) fn finish_call<T>(
        &self,
        index: Index,
        result: Result<T, PineconeError>,
    ) -> Result<T, RemoteIndexError> {
        let result = result.map_err(map_error)?;
        let mut state = self.state();
        if state.idle.len() < MAX_IDLE_CONNECTIONS {
            state.idle.push(index);
        }
        Ok(result)
    }

    /// Does the same for a removal. A missing namespace counts as success, because there is nothing to remove.
    pub(super) fn finish_delete(
        &self,
        index: Index,
        result: Result<(), PineconeError>,
    ) -> Result<(), RemoteIndexError> {
        match result {
            Err(error) if is_missing_namespace(&error) => Ok(()),
            result => self.finish_call(index, result),
        }
    }

    /// Calls `attempt` until it succeeds, fails for good, or the policy gives up. Opens the circuit breaker if Pinecone
    /// does not respond.
    pub(super) async fn with_retries<T, F: Future<Output = Result<T, RemoteIndexError>>>(
        &self,
        policy: RetryPolicy,
        attempt: impl FnMut() -> F,
    ) -> Result<T, RemoteIndexError> {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(INITIAL_BACKOFF)
            .with_max_delay(MAX_BACKOFF)
            .with_max_times(policy.retries)
            .with_jitter();
        let mut unanswered = 0;
        let attempts = attempt.retry(backoff).when(|error| {
            if matches!(error, RemoteIndexError::Unavailable(_)) {
                self.state().reset();
                unanswered += 1;
            }
            error.is_retryable() && unanswered < MAX_UNANSWERED
        });
        let result = timeout(policy.timeout, attempts)
            .await
            .unwrap_or(Err(RemoteIndexError::Unavailable(None)));
        if matches!(result, Err(RemoteIndexError::Unavailable(_))) {
            let mut state = self.state();
            state.reset();
            state.circuit_open_until = Some(Instant::now() + CIRCUIT_OPEN_DURATION);
        }
        result
    }

    pub(super) fn map_index_error(&self, error: PineconeError) -> RemoteIndexError {
        let is_missing = match &error {
            // The client maps a 404 to one of these by words in its message, such as the index's name.
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

    /// Returns an error if the circuit breaker is open.
    pub(super) fn check_circuit(&self) -> Result<(), RemoteIndexError> {
        let is_open = self.state().circuit_open_until.is_some_and(|until| until > Instant::now());
        if is_open { Err(RemoteIndexError::Unavailable(None)) } else { Ok(()) }
    }
}
