//! Running one task under its lease and deadline, and recording its outcome.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::Worker;
use crate::app::jobs::{AnyJob, FailureAction, Origin, StepTracker, TaskOutcome};
use crate::app::{AppError, ErrorKind};
use crate::store::{Lease, LeaseError};
use crate::telemetry;

/// Maximum number of claims of one task, however they ended. It ends a task that is deferred for ever.
const MAX_CLAIMS: i32 = 1000;

/// The outcome of running a task.
enum RunOutcome {
    /// The use case completed or deferred the task.
    Finished(TaskOutcome),
    /// The attempt failed.
    Failed(AppError),
    /// Another worker has the task now, or it was cancelled.
    LeaseLost,
    /// The process stops before the task has ended.
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
        // The request may have reached another process; the task continues its trace.
        telemetry::start_or_join_trace(&span, origin.and_then(Origin::trace));
        telemetry::set_span_name(&span, format!("task {}", task.kind.name()));
        async {
            let outcome = self.execute(lease, job).await;
            if let Err(error) = self.finish(lease, outcome).await {
                let error = &error as &dyn Error;
                tracing::error!(error, "task outcome could not be recorded; its lease will expire");
            }
        }
        .instrument(span)
        .await;
    }

    async fn execute(&self, lease: &Lease, job: Result<AnyJob, AppError>) -> RunOutcome {
        let task = lease.task();
        if task.attempts > MAX_CLAIMS {
            let detail = "The task was started too often and never finished.";
            return RunOutcome::Failed(AppError::new(ErrorKind::Unavailable, detail));
        }
        let job = match job {
            Ok(job) => job,
            Err(error) => return RunOutcome::Failed(error),
        };
        let frame_deadline = Duration::from_secs(self.limits.frame_deadline_seconds);
        let deadline = task.kind.deadline(frame_deadline);
        let (steps, receiver) = StepTracker::channel();
        let work = AssertUnwindSafe(self.dispatch(lease, job, &steps)).catch_unwind();
        tokio::select! {
            result = tokio::time::timeout(deadline, work) => match result {
                Ok(Ok(Ok(outcome))) => RunOutcome::Finished(outcome),
                Ok(Ok(Err(error))) if error.kind == ErrorKind::LeaseLost => RunOutcome::LeaseLost,
                Ok(Ok(Err(error))) => RunOutcome::Failed(error),
                Ok(Err(_panic)) => RunOutcome::Failed(panic_error()),
                Err(_elapsed) => RunOutcome::Failed(deadline_error()),
            },
            () = self.renew_lease(lease, receiver) => RunOutcome::LeaseLost,
            () = self.halt.cancelled() => RunOutcome::Halted,
        }
    }

    /// Runs the use case of the job's kind.
    async fn dispatch(
        &self,
        lease: &Lease,
        job: AnyJob,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        let app = &self.app;
        match job {
            AnyJob::TellFrame(job) => app.frames().tell(lease, job, steps).await,
            AnyJob::IllustrateFrame(job) => app.frames().redraw(lease, job, steps).await,
            AnyJob::NarrateFrame(job) => app.frames().narrate(lease, job, steps).await,
            AnyJob::GenerateVideo(job) => app.frames().generate_video(lease, job, steps).await,
            AnyJob::RemoveFiles(job) => app.files().remove_files(lease, job).await,
            AnyJob::SyncMedia(_) => app.files().sync_media(lease).await,
            AnyJob::ApplyRetention(job) => app.files().run_cleanup_task(lease, job).await,
            AnyJob::EraseClient(job) => app.ops().erase_client(lease, job).await,
            AnyJob::LearnFromFrame(job) => app.clients().learn(lease, job).await,
            AnyJob::IndexFrame(job) => app.search().index_frame(lease, job).await,
            AnyJob::IndexFrames(job) => app.search().index_frames(lease, job).await,
            AnyJob::UnindexFrames(job) => app.search().unindex_frames(lease, job).await,
        }
    }

    async fn finish(&self, lease: &Lease, outcome: RunOutcome) -> Result<(), LeaseError> {
        let task = lease.task();
        let label = match &outcome {
            RunOutcome::Finished(TaskOutcome::Completed) => "done",
            RunOutcome::Finished(TaskOutcome::Deferred) => "deferred",
            RunOutcome::Failed(error) => match self.app.jobs().failure_action(task, error) {
                FailureAction::Retry => "retried",
                FailureAction::Fail => "failed",
            },
            RunOutcome::LeaseLost => "lost",
            RunOutcome::Halted => "halted",
        };
        telemetry::count_task(task.kind.name(), label);
        if let RunOutcome::Failed(error) = &outcome {
            telemetry::mark_failed(&Span::current(), format!("{:?}", error.kind));
        }
        match outcome {
            RunOutcome::Finished(_) => Ok(()),
            RunOutcome::Failed(error) => self.record_failure(lease, &error).await,
            RunOutcome::LeaseLost => {
                warn_lease_lost();
                Ok(())
            }
            RunOutcome::Halted => Ok(self.app.jobs().release(lease).await?),
        }
    }

    async fn record_failure(&self, lease: &Lease, error: &AppError) -> Result<(), LeaseError> {
        match self.app.jobs().record_failure(lease, error).await {
            Err(LeaseError::Lost(_)) => {
                warn_lease_lost();
                return Ok(());
            }
            recorded => recorded?,
        }
        let task = lease.task();
        let attempt = task.failures.unsigned_abs() + 1;
        let action = self.app.jobs().failure_action(task, error);
        let error = error as &dyn Error;
        match action {
            FailureAction::Retry => {
                tracing::warn!(attempt, error, "task failed; trying again later");
            }
            FailureAction::Fail => tracing::error!(attempt, error, "task failed; giving up"),
        }
        Ok(())
    }
}

fn warn_lease_lost() {
    tracing::warn!("lease lost; abandoning the attempt");
}

fn panic_error() -> AppError {
    let detail = "Something went wrong here; the log has the details under this request id.";
    AppError::new(ErrorKind::Internal, detail)
}

fn deadline_error() -> AppError {
    AppError::new(ErrorKind::Deadline, "The frame took too long; it is tried again.")
}
