//! A request that is sent again gets the answer that it got before, and does nothing twice.
//!
//! The key is taken before the request is done, and its answer kept after that. A process that is killed in between
//! leaves a key without an answer: nobody knows then what was done, and it is not done again.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::{AppError, ErrorKind};
use crate::domain::Clock;
use crate::store::{KeptAnswer, KeyUse, Store, Tx};

/// How long a key is kept.
const KEY_LIFE: TimeDelta = TimeDelta::hours(24);

/// How long to wait for a first request that is under way.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often to look whether it is done.
const LOOK: Duration = Duration::from_millis(50);

/// An answer as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers that belong to it, as a JSON object.
    pub headers: Value,
    /// The body.
    pub body: Vec<u8>,
}

/// What is to be done with a request that has a key.
#[derive(Debug)]
pub enum Keyed {
    /// It is the first with this key: do it, and then tell how it went.
    First,
    /// It was done before, and this was the answer.
    Again(Answer),
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

    /// The task that a key's earlier request became, if there was one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when the key came with another request.
    pub(in crate::app) async fn earlier_task(
        &self,
        key: &KeyUse,
    ) -> Result<Option<Uuid>, AppError> {
        let Some(used) = self.store.used_key(key, self.clock.now() - KEY_LIFE).await? else {
            return Ok(None);
        };
        if used.fingerprint == key.fingerprint {
            return Ok(Some(used.task_id));
        }
        Err(used_for_another())
    }

    /// Uses a key for a task, with the transaction that enqueues it; false when the key is in use already.
    pub(in crate::app) async fn use_for_task(
        &self,
        tx: &mut Tx,
        key: &KeyUse,
        task_id: Uuid,
    ) -> Result<bool, AppError> {
        let now = self.clock.now();
        Ok(tx.use_key(key, task_id, now - KEY_LIFE, now).await?)
    }

    /// Forgets keys that are past their time, within a transaction.
    pub(in crate::app) async fn forget_old(
        tx: &mut Tx,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        tx.forget_keys(now - KEY_LIFE).await?;
        tx.forget_answers(now - KEY_LIFE).await?;
        Ok(())
    }

    /// Takes a key, or finds what was answered under it. A first request that is under way is waited for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] when it came with another request; [`ErrorKind::Conflict`] when its answer held a secret
    /// that is shown once, or does not come.
    pub async fn begin_answer(&self, key: &KeyUse) -> Result<Keyed, AppError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.clock.now();
            let since = now - KEY_LIFE;
            if let Some(kept) = self.store.kept_answer(key, since).await? {
                if let Some(answer) = again(key, kept)? {
                    return Ok(Keyed::Again(answer));
                }
                if Instant::now() >= deadline {
                    let detail = "The first request with this Idempotency-Key was not answered; look at what is there, and use a new key.";
                    return Err(AppError::new(ErrorKind::Conflict, detail));
                }
                tokio::time::sleep(LOOK).await;
                continue;
            }
            let mut tx = self.store.begin().await?;
            if tx.begin_answer(key, since, now).await? {
                tx.save().await?;
                return Ok(Keyed::First);
            }
        }
    }

    /// Keeps the answer to a key's request. What held a secret is kept without its body.
    pub async fn keep_answer(
        &self,
        key: &KeyUse,
        answer: &Answer,
        is_secret: bool,
    ) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        let body = (!is_secret).then_some(&answer.body[..]);
        tx.keep_answer(key, answer.status, &answer.headers, body).await?;
        Ok(tx.save().await?)
    }

    /// Gives a key back whose request changed nothing.
    pub async fn forget_answer(&self, key: &KeyUse) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        tx.forget_answer(key).await?;
        Ok(tx.save().await?)
    }
}

/// The answer that was kept; `None` while there is none.
fn again(key: &KeyUse, kept: KeptAnswer) -> Result<Option<Answer>, AppError> {
    if kept.fingerprint != key.fingerprint {
        return Err(used_for_another());
    }
    let Some(status) = kept.status.and_then(|status| u16::try_from(status).ok()) else {
        return Ok(None);
    };
    let Some(body) = kept.body else {
        let detail = "This was done before, and its answer held a secret that is shown once; to get another one, use a new key.";
        return Err(AppError::new(ErrorKind::Conflict, detail));
    };
    Ok(Some(Answer { status, headers: kept.headers.unwrap_or_default(), body }))
}

fn used_for_another() -> AppError {
    let detail =
        "This Idempotency-Key came with another request before; use a new key for a new request.";
    AppError::new(ErrorKind::Invalid, detail)
}
