//! Idempotency keys: a request that is sent again gets the response that it got before, and nothing is done twice.
//!
//! A request that becomes a task acquires its key in the transaction that enqueues the task. Any other request acquires
//! its key before it runs, and its response is stored afterwards. If the process is killed in between, the key has no
//! response. It is then unknown what was done, so the request is not repeated.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::{AppError, ErrorKind};
use crate::domain::Clock;
use crate::store::{IdempotencyKey, IdempotencyRecord, Store, Tx};

/// How long a key is stored.
const KEY_RETENTION: TimeDelta = TimeDelta::hours(24);

/// How long a repeated request waits for the first one to finish.
const WAIT_TIMEOUT: Duration = Duration::from_secs(20);

/// The time between two checks whether the first request has finished.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A stored HTTP response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// The status code.
    pub status: u16,
    /// The headers to replay, as a JSON object.
    pub headers: Value,
    /// The body.
    pub body: Vec<u8>,
}

/// What to do with a request that has a key.
#[derive(Debug)]
pub enum IdempotencyOutcome {
    /// The request is the first with its key. The caller runs it, then calls [`Idempotency::complete`] or
    /// [`Idempotency::release`].
    Fresh,
    /// The request was done before and got this response.
    Replay(StoredResponse),
}

/// The state of the first request with a key.
enum PriorRequest {
    /// The request became this task.
    Task(Uuid),
    /// The request got this response.
    Response(StoredResponse),
    /// The request is still running, or its process was killed.
    InProgress,
}

/// The service for idempotency keys.
#[derive(Debug)]
pub struct Idempotency {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Idempotency {
    pub(in crate::app) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Looks up the first request with a key.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] if the key was used for a different request, and [`ErrorKind::Conflict`] if the
    /// response contained a secret that is returned only once.
    async fn find_prior(&self, key: &IdempotencyKey) -> Result<Option<PriorRequest>, AppError> {
        let Some(record) =
            self.store.idempotency_record(key, self.clock.now() - KEY_RETENTION).await?
        else {
            return Ok(None);
        };
        if record.fingerprint != key.fingerprint {
            return Err(key_reused());
        }
        parse_record(record).map(Some)
    }

    /// Returns the task that the first request with a key became.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] if the key was used for a different request.
    pub(in crate::app) async fn find_task(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<Uuid>, AppError> {
        match self.find_prior(key).await? {
            Some(PriorRequest::Task(task_id)) => Ok(Some(task_id)),
            Some(PriorRequest::Response(_) | PriorRequest::InProgress) => Err(key_reused()),
            None => Ok(None),
        }
    }

    /// Acquires a key for a task in the transaction that enqueues the task. Returns `false` if the key is in use.
    pub(in crate::app) async fn claim_for_task(
        &self,
        tx: &mut Tx,
        key: &IdempotencyKey,
        task_id: Uuid,
    ) -> Result<bool, AppError> {
        let now = self.clock.now();
        Ok(tx.acquire_idempotency_key(key, Some(task_id), now - KEY_RETENTION, now).await?)
    }

    /// Acquires a key for a request that does not become a task, or returns the stored response. If the first request
    /// is still running, this waits up to 20 seconds for its response.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] if the key was used for a different request, and [`ErrorKind::Conflict`] if the
    /// response contained a secret that is returned only once or did not come in time.
    pub async fn begin(&self, key: &IdempotencyKey) -> Result<IdempotencyOutcome, AppError> {
        let deadline = Instant::now() + WAIT_TIMEOUT;
        loop {
            match self.find_prior(key).await? {
                Some(PriorRequest::Response(response)) => {
                    return Ok(IdempotencyOutcome::Replay(response));
                }
                Some(PriorRequest::Task(_)) => return Err(key_reused()),
                Some(PriorRequest::InProgress) if Instant::now() >= deadline => {
                    let detail = "The first request with this Idempotency-Key was not answered; check what it changed, then use a new key.";
                    return Err(AppError::new(ErrorKind::Conflict, detail));
                }
                Some(PriorRequest::InProgress) => tokio::time::sleep(POLL_INTERVAL).await,
                None => {
                    let now = self.clock.now();
                    let mut tx = self.store.begin().await?;
                    if tx.acquire_idempotency_key(key, None, now - KEY_RETENTION, now).await? {
                        tx.save().await?;
                        return Ok(IdempotencyOutcome::Fresh);
                    }
                }
            }
        }
    }

    /// Stores the response to a key's request. A response with a secret is stored without its body.
    pub async fn complete(
        &self,
        key: &IdempotencyKey,
        response: &StoredResponse,
        is_secret: bool,
    ) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        let body = (!is_secret).then_some(&response.body[..]);
        tx.save_response(key, response.status, &response.headers, body).await?;
        Ok(tx.save().await?)
    }

    /// Releases a key whose request changed nothing, so that the request can be repeated.
    pub async fn release(&self, key: &IdempotencyKey) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        tx.release_idempotency_key(key).await?;
        Ok(tx.save().await?)
    }

    /// Deletes expired keys within a transaction.
    pub(in crate::app) async fn delete_expired(
        tx: &mut Tx,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        tx.delete_old_idempotency_keys(now - KEY_RETENTION).await?;
        Ok(())
    }
}

/// Converts the record of a key to the state of its request.
fn parse_record(record: IdempotencyRecord) -> Result<PriorRequest, AppError> {
    if let Some(task_id) = record.task_id {
        return Ok(PriorRequest::Task(task_id));
    }
    let Some(status) = record.status.and_then(|status| u16::try_from(status).ok()) else {
        return Ok(PriorRequest::InProgress);
    };
    let Some(body) = record.body else {
        let detail = "This was done before, and its answer contained a secret that is shown only once; to get another one, use a new key.";
        return Err(AppError::new(ErrorKind::Conflict, detail));
    };
    Ok(PriorRequest::Response(StoredResponse {
        status,
        headers: record.headers.unwrap_or_default(),
        body,
    }))
}

fn key_reused() -> AppError {
    let detail =
        "This Idempotency-Key was used for a different request; use a new key for a new request.";
    AppError::new(ErrorKind::Invalid, detail)
}
