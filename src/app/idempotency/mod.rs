//! A request that is sent again gets the answer that it got before, and does nothing twice.
//!
//! A request that becomes a task takes its key in the transaction that enqueues the task. Any other request takes its key
//! before it is done, and its answer is kept after that. A process that is killed in between leaves a key without an
//! answer: nobody knows then what was done, and it is not done again.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::{AppError, ErrorKind};
use crate::domain::Clock;
use crate::store::{IdempotencyKey, IdempotencyRecord, Store, Tx};

/// How long a key is kept.
const KEY_RETENTION: TimeDelta = TimeDelta::hours(24);

/// How long to wait for a first request that is under way.
const WAIT_TIMEOUT: Duration = Duration::from_secs(20);

/// How often to look whether it is done.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// An answer as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// The status.
    pub status: u16,
    /// The headers that belong to it, as a JSON object.
    pub headers: Value,
    /// The body.
    pub body: Vec<u8>,
}

/// What is to be done with a request that has a key.
#[derive(Debug)]
pub enum IdempotencyOutcome {
    /// It is the first with this key: do it, and then call [`Idempotency::complete`] or [`Idempotency::release`].
    Fresh,
    /// It was done before, and this was the answer.
    Replay(StoredResponse),
}

/// What became of a key's first request.
enum PriorRequest {
    /// It became this task.
    Task(Uuid),
    /// It got this answer.
    Response(StoredResponse),
    /// It is still under way, or was cut off.
    InProgress,
}

/// The keys of requests, and what came of each.
#[derive(Debug)]
pub struct Idempotency {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Idempotency {
    pub(in crate::app) fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Looks up what became of a key's first request, if there was one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when the key came with another request; [`ErrorKind::Conflict`] when the answer held a
    /// secret that is shown once.
    async fn find_prior(&self, key: &IdempotencyKey) -> Result<Option<PriorRequest>, AppError> {
        let Some(used) =
            self.store.idempotency_record(key, self.clock.now() - KEY_RETENTION).await?
        else {
            return Ok(None);
        };
        if used.fingerprint != key.fingerprint {
            return Err(key_reused());
        }
        parse_used_key(used).map(Some)
    }

    /// The task that a key's first request became, if there was one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when the key came with another request.
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

    /// Takes a key for a task, with the transaction that enqueues it; false when the key is taken already.
    pub(in crate::app) async fn claim_for_task(
        &self,
        tx: &mut Tx,
        key: &IdempotencyKey,
        task_id: Uuid,
    ) -> Result<bool, AppError> {
        let now = self.clock.now();
        Ok(tx.acquire_idempotency_key(key, Some(task_id), now - KEY_RETENTION, now).await?)
    }

    /// Takes a key for a request that becomes no task, or finds what was answered under it. A first request that is
    /// under way is waited for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when it came with another request; [`ErrorKind::Conflict`] when its answer held a secret
    /// that is shown once, or does not come.
    pub async fn begin(&self, key: &IdempotencyKey) -> Result<IdempotencyOutcome, AppError> {
        let deadline = Instant::now() + WAIT_TIMEOUT;
        loop {
            match self.find_prior(key).await? {
                Some(PriorRequest::Response(answer)) => {
                    return Ok(IdempotencyOutcome::Replay(answer));
                }
                Some(PriorRequest::Task(_)) => return Err(key_reused()),
                Some(PriorRequest::InProgress) if Instant::now() >= deadline => {
                    let detail = "The first request with this Idempotency-Key was not answered; look at what is there, and use a new key.";
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

    /// Keeps the answer to a key's request. What held a secret is kept without its body.
    pub async fn complete(
        &self,
        key: &IdempotencyKey,
        answer: &StoredResponse,
        is_secret: bool,
    ) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        let body = (!is_secret).then_some(&answer.body[..]);
        tx.save_response(key, answer.status, &answer.headers, body).await?;
        Ok(tx.save().await?)
    }

    /// Gives a key back whose request changed nothing.
    pub async fn release(&self, key: &IdempotencyKey) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        tx.release_idempotency_key(key).await?;
        Ok(tx.save().await?)
    }

    /// Forgets keys that are past their time, within a transaction.
    pub(in crate::app) async fn delete_expired(
        tx: &mut Tx,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        tx.delete_old_idempotency_keys(now - KEY_RETENTION).await?;
        Ok(())
    }
}

/// Reads what became of a request from its key's row.
fn parse_used_key(used: IdempotencyRecord) -> Result<PriorRequest, AppError> {
    if let Some(task_id) = used.task_id {
        return Ok(PriorRequest::Task(task_id));
    }
    let Some(status) = used.status.and_then(|status| u16::try_from(status).ok()) else {
        return Ok(PriorRequest::InProgress);
    };
    let Some(body) = used.body else {
        let detail = "This was done before, and its answer held a secret that is shown once; to get another one, use a new key.";
        return Err(AppError::new(ErrorKind::Conflict, detail));
    };
    Ok(PriorRequest::Response(StoredResponse {
        status,
        headers: used.headers.unwrap_or_default(),
        body,
    }))
}

fn key_reused() -> AppError {
    let detail =
        "This Idempotency-Key came with another request before; use a new key for a new request.";
    AppError::new(ErrorKind::Invalid, detail)
}
