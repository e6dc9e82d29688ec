//! The way to an index: where it answers, whether it is fit, and how long anyone waits for it.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use pinecone_sdk::models::{DeletionProtection, IndexModel, Metric, WaitPolicy};
use pinecone_sdk::pinecone::data::Index;
use pinecone_sdk::utils::errors::PineconeError;
use tokio::time::{Instant, timeout};

use super::Pinecone;
use super::wire::{fault, is_nothing_there};
use crate::vectors::Fault;

/// The wait before a second attempt; it doubles from one to the next.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest of them.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How often it may give no answer before it is left alone: whoever has time comes again later.
const MOST_SILENCES: usize = 4;

/// How long nobody waits for it after it did not answer.
const REST: Duration = Duration::from_secs(15);

/// Connections that are kept while nobody uses them.
const IDLE: usize = 8;

/// How long an operation may take, and how often it is tried again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// All attempts together, with the waits between them.
    pub(super) time: Duration,
    /// Attempts at most after the first one.
    pub(super) retries: usize,
}

/// What one process has found out.
#[derive(Default)]
pub(super) struct Known {
    /// Where the index answers, once it was seen to be fit for the model.
    pub(super) host: Option<String>,
    /// The model's numbers a vector.
    pub(super) dimension: Option<usize>,
    /// Connections that nobody uses at the moment.
    idle: Vec<Index>,
    pub(super) rests_until: Option<Instant>,
}

impl Known {
    /// Has the index looked for again.
    pub(super) fn forget(&mut self) {
        self.host = None;
        self.idle.clear();
    }
}

impl Pinecone {
    /// Where the index answers, once it is seen to be fit.
    pub(super) async fn host(&self) -> Result<String, Fault> {
        let (host, dimension) = {
            let known = self.known();
            (known.host.clone(), known.dimension)
        };
        if let Some(host) = host {
            return Ok(host);
        }
        let model =
            match self.client.describe_index(&self.index).await.map_err(|e| self.of_index(e)) {
                Err(Fault::Missing(_)) if self.made_in.is_some() => self.make(dimension).await?,
                described => described?,
            };
        self.fit(&model, dimension)?;
        self.known().host = Some(model.host.clone());
        Ok(model.host)
    }

    /// Makes the index; another instance may do so at the same time.
    async fn make(&self, dimension: Option<usize>) -> Result<IndexModel, Fault> {
        let missing = || Fault::Missing(self.index.clone());
        let (cloud, region) = self.made_in.as_ref().ok_or_else(missing)?;
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
                Err(Fault::NotReady(self.index.clone()))
            }
            Err(error) => Err(fault(error)),
            Ok(model) => {
                tracing::info!(place = self.place, "an index is being made");
                Ok(model)
            }
        }
    }

    /// Whether an index is fit for vectors of so many numbers, and ready.
    pub(super) fn fit(&self, model: &IndexModel, dimension: Option<usize>) -> Result<(), Fault> {
        let index = self.index.clone();
        let numbers = usize::try_from(model.dimension).unwrap_or(0);
        let wanted = dimension.unwrap_or(numbers);
        if model.metric != Metric::Cosine || numbers != wanted {
            let metric = format!("{:?}", model.metric).to_lowercase();
            return Err(Fault::Unfit {
                index,
                found: format!("{numbers} numbers by {metric}"),
                wanted,
            });
        }
        if model.status.ready { Ok(()) } else { Err(Fault::NotReady(index)) }
    }

    /// A connection that nobody else uses: the client's calls want it for themselves.
    pub(super) async fn connection(&self) -> Result<Index, Fault> {
        if let Some(index) = self.known().idle.pop() {
            return Ok(index);
        }
        let host = self.host().await?;
        self.client.index(&host).await.map_err(fault)
    }

    /// What was answered; the connection is kept for the next who asks.
    pub(super) fn answered<T>(
        &self,
        index: Index,
        answer: Result<T, PineconeError>,
    ) -> Result<T, Fault> {
        let answer = answer.map_err(fault)?;
        let mut known = self.known();
        if known.idle.len() < IDLE {
            known.idle.push(index);
        }
        Ok(answer)
    }

    /// The same of a removal.
    pub(super) fn removed(
        &self,
        index: Index,
        answer: Result<(), PineconeError>,
    ) -> Result<(), Fault> {
        match answer {
            Err(error) if is_nothing_there(&error) => Ok(()),
            answer => self.answered(index, answer),
        }
    }

    /// Tries until it is done, cannot be done or takes too long.
    pub(super) async fn patiently<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        patience: Patience,
        attempt: impl FnMut() -> F,
    ) -> Result<T, Fault> {
        let waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(patience.retries)
            .with_jitter();
        let mut silences = 0;
        let tried = attempt.retry(waits).when(|fault| {
            if matches!(fault, Fault::Unavailable(_)) {
                self.known().forget();
                silences += 1;
            }
            fault.may_pass() && silences < MOST_SILENCES
        });
        let done = timeout(patience.time, tried).await.unwrap_or(Err(Fault::Unavailable(None)));
        if matches!(done, Err(Fault::Unavailable(_))) {
            let mut known = self.known();
            known.forget();
            known.rests_until = Some(Instant::now() + REST);
        }
        done
    }

    pub(super) fn of_index(&self, error: PineconeError) -> Fault {
        let is_missing = match &error {
            // Which of them a 404 becomes depends on words in its message, such as the index's name.
            PineconeError::IndexNotFoundError { .. }
            | PineconeError::CollectionNotFoundError { .. }
            | PineconeError::InvalidRegionError { .. }
            | PineconeError::InvalidCloudError { .. } => true,
            PineconeError::InternalServerError { source } => source.status.as_u16() == 404,
            _ => false,
        };
        if is_missing { Fault::Missing(self.index.clone()) } else { fault(error) }
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error while nobody is to wait for it.
    pub(super) fn awake(&self) -> Result<(), Fault> {
        let rests = self.known().rests_until.is_some_and(|until| until > Instant::now());
        if rests { Err(Fault::Unavailable(None)) } else { Ok(()) }
    }
}
