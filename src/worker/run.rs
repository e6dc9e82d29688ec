//! One task: run under its lease and its deadline, and ended whatever comes of it.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::json;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::{Claimed, Worker};
use crate::app::{AppError, Done, ErrorKind, Steps};
use crate::domain::{EventKind, TaskKind, TraceParent, backoff};
use crate::store::{StoreError, Task};
use crate::telemetry;

/// Claims at most, kills included: a task that takes the process down each time must end some day, and one that was
/// only unlucky must not.
const MAX_CLAIMS: i32 = 1000;

/// How a run ended.
enum Outcome {
    /// Its use case ended it.
    Done,
    /// Its use case put it off.
    PutOff,
    /// It failed.
    Failed(AppError),
    /// Another worker has it now.
    Lost,
    /// The process ends.
    Halted,
}

impl Worker {
    pub(super) async fn run_task(&self, claimed: &Claimed) {
        let task = &claimed.task;
        let text = |name: &str| task.payload.get(name).and_then(|value| value.as_str());
        let request_id = text("request_id");
        let span = tracing::info_span!("task", id = %task.id, kind = ?task.kind, request_id,
            trace_id = Empty, otel.kind = "consumer");
        // The request may have come to another process; its trace goes on here.
        telemetry::begin(&span, text("traceparent").and_then(TraceParent::parse));
        telemetry::name(&span, format!("task {}", task.kind.name()));
        async {
            let outcome = self.outcome(claimed).await;
            if let Err(error) = self.end(claimed, outcome).await {
                let error = &error as &dyn Error;
                tracing::error!(error, "a task could not be ended; its lease will run out");
            }
        }
        .instrument(span)
        .await;
    }

    async fn outcome(&self, claimed: &Claimed) -> Outcome {
        if claimed.task.attempts > MAX_CLAIMS {
            let detail = "The frame was begun too often and never finished.";
            return Outcome::Failed(AppError::new(ErrorKind::Unavailable, detail));
        }
        let frame = Duration::from_secs(self.app.limits.frame_deadline_seconds);
        let deadline = claimed.task.kind.deadline(frame);
        let (steps, watched) = Steps::new();
        let work = AssertUnwindSafe(self.work(claimed, &steps)).catch_unwind();
        tokio::select! {
            ended = tokio::time::timeout(deadline, work) => match ended {
                Ok(Ok(Ok(Done::Ended))) => Outcome::Done,
                Ok(Ok(Ok(Done::PutOff))) => Outcome::PutOff,
                Ok(Ok(Err(error))) => Outcome::Failed(error),
                Ok(Err(_panic)) => Outcome::Failed(panicked()),
                Err(_elapsed) => Outcome::Failed(too_long()),
            },
            () = self.hold_lease(claimed, watched) => Outcome::Lost,
            () = self.halt.cancelled() => Outcome::Halted,
        }
    }

    /// One arm a kind of task, one use case an arm.
    async fn work(&self, claimed: &Claimed, steps: &Steps) -> Result<Done, AppError> {
        let Claimed { task, owner } = claimed;
        match task.kind {
            TaskKind::TellFrame => self.app.tell_frame(task, *owner, steps).await?,
            TaskKind::IllustrateFrame => self.app.redraw_frame(task, *owner, steps).await?,
            TaskKind::SpeakFrame => self.app.speak_frame(task, *owner, steps).await?,
            TaskKind::FilmFrame => return self.app.film_frame(task, *owner, steps).await,
            TaskKind::RemoveFiles => return self.app.remove_files(task, *owner).await,
            TaskKind::SyncMedia => self.app.sync_media(task, *owner).await?,
            TaskKind::CleanMedia => self.app.clean_media(task, *owner).await?,
            TaskKind::EraseClient => return self.app.erase_client(task, *owner).await,
            TaskKind::Remember => self.app.remember(task, *owner).await?,
            TaskKind::IndexFrame => self.app.index_frame(task, *owner).await?,
            TaskKind::IndexFrames => self.app.index_frames(task, *owner).await?,
            TaskKind::ForgetFrames => return self.app.forget_frames(task, *owner).await,
        }
        Ok(Done::Ended)
    }

    async fn end(&self, claimed: &Claimed, outcome: Outcome) -> Result<(), StoreError> {
        let task = &claimed.task;
        let ended = match &outcome {
            Outcome::Done => "done",
            Outcome::PutOff => "put_off",
            Outcome::Failed(error) if self.is_tried_again(task, error) => "retried",
            Outcome::Failed(_) => "failed",
            Outcome::Lost => "lost",
            Outcome::Halted => "halted",
        };
        telemetry::task_ended(task.kind.name(), ended);
        if let Outcome::Failed(error) = &outcome {
            telemetry::fail(&Span::current(), format!("{:?}", error.kind));
        }
        match outcome {
            Outcome::Done | Outcome::PutOff => Ok(()),
            Outcome::Failed(error) => self.retry_or_fail(claimed, &error).await,
            Outcome::Lost => {
                tracing::warn!("the lease was lost; another worker goes on");
                Ok(())
            }
            Outcome::Halted => {
                let mut tx = self.app.store.begin().await?;
                tx.release(claimed.task.id, claimed.owner).await?;
                tx.save().await
            }
        }
    }

    fn is_tried_again(&self, task: &Task, error: &AppError) -> bool {
        error.may_pass() && task.failures.unsigned_abs() + 1 < self.app.limits.max_attempts
    }

    async fn retry_or_fail(&self, claimed: &Claimed, error: &AppError) -> Result<(), StoreError> {
        let Claimed { task, owner } = claimed;
        let failure = task.failures.unsigned_abs() + 1;
        let again = self.is_tried_again(task, error);
        let told = json!(error);
        let now = self.app.clock.now();
        let mut tx = self.app.store.begin().await?;
        let (was_ours, status) = if again {
            let wait = backoff(failure, jitter(task, failure));
            (tx.retry(task.id, *owner, &told, now + wait).await?, "pending")
        } else {
            (tx.fail(task.id, *owner, &told, now).await?, "failed")
        };
        if !was_ours {
            tracing::warn!("the lease was lost; another worker goes on");
            return Ok(());
        }
        let event = json!({"id": task.id, "status": status});
        let client_id = task.client_id.as_deref();
        tx.tell(EventKind::Task, client_id, task.story_id, event, now);
        tx.save().await?;
        let error = error as &dyn Error;
        if again {
            tracing::warn!(failure, error, "a task failed; it is tried again");
        } else {
            tracing::error!(failure, error, "a task failed and is given up");
        }
        Ok(())
    }
}

/// Between 0 and 1, unlike for tasks that failed together: from the random end of the task's id.
fn jitter(task: &Task, attempt: u32) -> f64 {
    let bits = (task.id.as_u128() >> (attempt % 32)) as u32;
    f64::from(bits) / f64::from(u32::MAX)
}

fn panicked() -> AppError {
    let detail = "Something broke here; the log has the details under this request id.";
    AppError::new(ErrorKind::Internal, detail)
}

fn too_long() -> AppError {
    AppError::new(ErrorKind::Deadline, "The frame took too long; it is tried again.")
}
