//! One task: run under its lease and its deadline, and ended whatever comes of it.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::Worker;
use crate::app::jobs::{AfterFailure, AnyJob, Origin, Steps, TaskOutcome};
use crate::app::{AppError, ErrorKind};
use crate::store::{Lease, LeaseError};
use crate::telemetry;

/// Claims at most, kills included: a task that takes the process down each time must end some day, and one that was
/// only unlucky must not.
const MAX_CLAIMS: i32 = 1000;

/// How a run ended.
enum Outcome {
    /// Its use case completed or deferred it.
    Ended(TaskOutcome),
    /// It failed.
    Failed(AppError),
    /// Another worker has it now.
    Lost,
    /// The process ends.
    Halted,
}

impl Worker {
    pub(super) async fn run_task(&self, lease: &Lease) {
        let task = lease.task();
        let job = AnyJob::decode(task);
        let origin = job.as_ref().ok().and_then(AnyJob::origin);
        let request_id = origin.map(|origin| &*origin.request_id);
        let span = tracing::info_span!("task", id = %task.id, kind = ?task.kind, request_id,
            trace_id = Empty, otel.kind = "consumer");
        // The request may have come to another process; its trace goes on here.
        telemetry::begin(&span, origin.and_then(Origin::trace));
        telemetry::name(&span, format!("task {}", task.kind.name()));
        async {
            let outcome = self.outcome(lease, job).await;
            if let Err(error) = self.end(lease, outcome).await {
                let error = &error as &dyn Error;
                tracing::error!(error, "a task could not be ended; its lease will run out");
            }
        }
        .instrument(span)
        .await;
    }

    async fn outcome(&self, lease: &Lease, job: Result<AnyJob, AppError>) -> Outcome {
        let task = lease.task();
        if task.attempts > MAX_CLAIMS {
            let detail = "The frame was begun too often and never finished.";
            return Outcome::Failed(AppError::new(ErrorKind::Unavailable, detail));
        }
        let job = match job {
            Ok(job) => job,
            Err(error) => return Outcome::Failed(error),
        };
        let frame = Duration::from_secs(self.limits.frame_deadline_seconds);
        let deadline = task.kind.deadline(frame);
        let (steps, watched) = Steps::new();
        let work = AssertUnwindSafe(self.work(lease, job, &steps)).catch_unwind();
        tokio::select! {
            ended = tokio::time::timeout(deadline, work) => match ended {
                Ok(Ok(Ok(outcome))) => Outcome::Ended(outcome),
                Ok(Ok(Err(error))) if error.kind == ErrorKind::LeaseLost => Outcome::Lost,
                Ok(Ok(Err(error))) => Outcome::Failed(error),
                Ok(Err(_panic)) => Outcome::Failed(panicked()),
                Err(_elapsed) => Outcome::Failed(too_long()),
            },
            () = self.hold_lease(lease, watched) => Outcome::Lost,
            () = self.halt.cancelled() => Outcome::Halted,
        }
    }

    /// One arm a kind of job, one use case an arm.
    async fn work(
        &self,
        lease: &Lease,
        job: AnyJob,
        steps: &Steps,
    ) -> Result<TaskOutcome, AppError> {
        let app = &self.app;
        match job {
            AnyJob::TellFrame(job) => app.frames().tell(lease, job, steps).await,
            AnyJob::IllustrateFrame(job) => app.frames().redraw(lease, job, steps).await,
            AnyJob::SpeakFrame(job) => app.frames().speak(lease, job, steps).await,
            AnyJob::FilmFrame(job) => app.frames().film(lease, job, steps).await,
            AnyJob::RemoveFiles(job) => app.files().remove_files(lease, job).await,
            AnyJob::SyncMedia(_) => app.files().sync_media(lease).await,
            AnyJob::CleanMedia(job) => app.files().clean_media(lease, job).await,
            AnyJob::EraseClient(job) => app.ops().erase_client(lease, job).await,
            AnyJob::Remember(job) => app.clients().learn(lease, job).await,
            AnyJob::IndexFrame(job) => app.search().index_frame(lease, job).await,
            AnyJob::IndexFrames(job) => app.search().index_frames(lease, job).await,
            AnyJob::ForgetFrames(job) => app.search().forget_frames(lease, job).await,
        }
    }

    async fn end(&self, lease: &Lease, outcome: Outcome) -> Result<(), LeaseError> {
        let task = lease.task();
        let ended = match &outcome {
            Outcome::Ended(TaskOutcome::Completed) => "done",
            Outcome::Ended(TaskOutcome::Deferred) => "put_off",
            Outcome::Failed(error) => match self.app.jobs().after_failure(task, error) {
                AfterFailure::Retried => "retried",
                AfterFailure::GivenUp => "failed",
            },
            Outcome::Lost => "lost",
            Outcome::Halted => "halted",
        };
        telemetry::task_ended(task.kind.name(), ended);
        if let Outcome::Failed(error) = &outcome {
            telemetry::fail(&Span::current(), format!("{:?}", error.kind));
        }
        match outcome {
            Outcome::Ended(_) => Ok(()),
            Outcome::Failed(error) => self.note_failure(lease, &error).await,
            Outcome::Lost => {
                warn_of_loss();
                Ok(())
            }
            Outcome::Halted => Ok(self.app.jobs().release(lease).await?),
        }
    }

    async fn note_failure(&self, lease: &Lease, error: &AppError) -> Result<(), LeaseError> {
        match self.app.jobs().note_failure(lease, error).await {
            Err(LeaseError::Lost(_)) => {
                warn_of_loss();
                return Ok(());
            }
            noted => noted?,
        }
        let task = lease.task();
        let failure = task.failures.unsigned_abs() + 1;
        let after = self.app.jobs().after_failure(task, error);
        let error = error as &dyn Error;
        match after {
            AfterFailure::Retried => {
                tracing::warn!(failure, error, "a task failed; it is tried again");
            }
            AfterFailure::GivenUp => {
                tracing::error!(failure, error, "a task failed and is given up");
            }
        }
        Ok(())
    }
}

fn warn_of_loss() {
    tracing::warn!("the lease was lost; another worker goes on");
}

fn panicked() -> AppError {
    let detail = "Something broke here; the log has the details under this request id.";
    AppError::new(ErrorKind::Internal, detail)
}

fn too_long() -> AppError {
    AppError::new(ErrorKind::Deadline, "The frame took too long; it is tried again.")
}
