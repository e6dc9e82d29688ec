//! Calls an index: finds its host, checks that it is compatible, and applies retries, timeouts and a circuit breaker.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::convert::IndexModel;
use super::rest::RestError;
use super::{Pinecone, WRITE_RETRY, to_body};
use crate::vectors::RemoteIndexError;

/// The metric that an index must have.
const METRIC: &str = "cosine";

/// Delay before the second attempt. It doubles with each attempt.
const INITIAL_BACKOFF: Duration = Duration::from_millis(100);

/// Longest delay between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Number of attempts without a response after which an operation is given up, whatever its retry policy. Tasks retry
/// it later.
const MAX_UNANSWERED: usize = 4;

/// How long the circuit breaker stays open after an operation without a response.
const CIRCUIT_OPEN_DURATION: Duration = Duration::from_secs(15);

/// How long a request to the control API may take, which finds or creates an index.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(20);

/// How long an operation may take, and how often it is retried.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryPolicy {
    /// Limit for all attempts together, including the delays between them.
    pub(super) timeout: Duration,
    /// Limit for one attempt.
    pub(super) attempt_timeout: Duration,
    /// Maximum number of attempts after the first.
    pub(super) retries: usize,
}

/// The state of the connection in one process.
#[derive(Default)]
pub(super) struct ConnectionState {
    /// Base URL of the index, once the index was found to be compatible with the model.
    pub(super) base_url: Option<String>,
    /// Dimension of the model's vectors, once it is known.
    pub(super) dimension: Option<usize>,
    pub(super) circuit_open_until: Option<Instant>,
}

impl ConnectionState {
    /// Forgets the URL, so that the next operation looks the index up again.
    pub(super) fn reset(&mut self) {
        self.base_url = None;
    }
}

impl Pinecone {
    /// Returns the base URL of the index. On the first call, checks that the index is compatible, and creates it if it is
    /// missing and the settings allow that.
    pub(super) async fn base_url(&self) -> Result<String, RemoteIndexError> {
        let (base_url, dimension) = {
            let state = self.state();
            (state.base_url.clone(), state.dimension)
        };
        if let Some(base_url) = base_url {
            return Ok(base_url);
        }
        let model = match self.describe_index(CONTROL_TIMEOUT).await {
            Err(RemoteIndexError::IndexNotFound(_)) if self.creation_region.is_some() => {
                self.create_index(dimension).await?
            }
            described => described?,
        };
        self.check_compatible(&model, dimension)?;
        let base_url = self.rest.index_url(&model.host);
        self.state().base_url = Some(base_url.clone());
        Ok(base_url)
    }

    /// Asks the control API for the index.
    pub(super) async fn describe_index(
        &self,
        limit: Duration,
    ) -> Result<IndexModel, RemoteIndexError> {
        let url = self.rest.control_url(&format!("indexes/{}", self.index));
        match self.rest.get(&url, limit).await {
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {
                Err(RemoteIndexError::IndexNotFound(self.index.clone()))
            }
            described => Ok(described?),
        }
    }

    /// Creates the index. Returns [`RemoteIndexError::NotReady`] if another instance has created it at the same time.
    async fn create_index(&self, dimension: Option<usize>) -> Result<IndexModel, RemoteIndexError> {
        let missing = || RemoteIndexError::IndexNotFound(self.index.clone());
        let (cloud, region) = self.creation_region.as_ref().ok_or_else(missing)?;
        let body = json!({
            "name": self.index,
            "dimension": dimension.ok_or_else(missing)?,
            "metric": METRIC,
            "spec": {"serverless": {"cloud": cloud, "region": region}},
            "deletion_protection": "disabled",
        });
        let url = self.rest.control_url("indexes");
        match self.rest.post(&url, to_body(&body)?, CONTROL_TIMEOUT).await {
            Err(error) if error.status() == Some(StatusCode::CONFLICT) => {
                Err(RemoteIndexError::NotReady(self.index.clone()))
            }
            Err(error) => Err(error.into()),
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
        let found = model.dimension;
        let wanted = dimension.unwrap_or(found);
        if model.metric != METRIC || found != wanted {
            let metric: String =
                model.metric.chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(RemoteIndexError::IncompatibleIndex {
                index,
                found: format!("{found} dimensions and the metric {metric}"),
                wanted,
            });
        }
        if model.status.ready { Ok(()) } else { Err(RemoteIndexError::NotReady(index)) }
    }

    /// Sends a GET request to the index.
    pub(super) async fn get<T: DeserializeOwned + Send + 'static>(
        &self,
        policy: RetryPolicy,
        path: &str,
    ) -> Result<T, RemoteIndexError> {
        self.with_retries(policy, || async {
            let url = format!("{}/{path}", self.base_url().await?);
            Ok(self.rest.get(&url, policy.attempt_timeout).await?)
        })
        .await
    }

    /// Sends a POST request to the index.
    pub(super) async fn post<T: DeserializeOwned + Send + 'static>(
        &self,
        policy: RetryPolicy,
        path: &str,
        body: Bytes,
    ) -> Result<T, RemoteIndexError> {
        self.with_retries(policy, || async {
            let url = format!("{}/{path}", self.base_url().await?);
            Ok(self.rest.post(&url, body.clone(), policy.attempt_timeout).await?)
        })
        .await
    }

    /// Sends a request to remove vectors. A missing namespace counts as success, because there is nothing to remove.
    pub(super) async fn delete(&self, body: &Value) -> Result<(), RemoteIndexError> {
        let body = to_body(body)?;
        self.with_retries(WRITE_RETRY, || async {
            let url = format!("{}/vectors/delete", self.base_url().await?);
            let deleted: Result<Value, RestError> =
                self.rest.post(&url, body.clone(), WRITE_RETRY.attempt_timeout).await;
            match deleted {
                Err(error) if !error.is_missing_namespace() => Err(error.into()),
                _ => Ok(()),
            }
        })
        .await
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
        let deadline = Instant::now() + policy.timeout;
        let attempts = attempt
            .retry(backoff)
            .when(|error| {
                if matches!(error, RemoteIndexError::Unavailable(_)) {
                    self.state().reset();
                    unanswered += 1;
                }
                let delay = error.retry_after().unwrap_or_default();
                error.is_retryable()
                    && unanswered < MAX_UNANSWERED
                    && Instant::now() + delay < deadline
            })
            .adjust(|error, delay| {
                delay.map(|delay| delay.max(error.retry_after().unwrap_or(delay)))
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

    pub(super) fn state(&self) -> MutexGuard<'_, ConnectionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns an error if the circuit breaker is open.
    pub(super) fn check_circuit(&self) -> Result<(), RemoteIndexError> {
        let is_open = self.state().circuit_open_until.is_some_and(|until| until > Instant::now());
        if is_open { Err(RemoteIndexError::Unavailable(None)) } else { Ok(()) }
    }
}
