//! The road of a frame: an order is taken, told by a worker, waited for, and later redrawn, narrated or filmed.
//!
//! Each part of the road is a type of its own in this module; [`Frames`] puts them together and is what others see.

mod attachments;
mod generate;
mod intake;
mod next;
mod perception;
mod persist;
mod pictures;
mod random_seed;
mod redraw;
mod rehearse;
mod run;
mod stored;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use intake::{AcceptedOrder, AudioInput, FrameOrder};
pub use next::{NextFrame, NextFrameQuery, NextFrameResult, TaggedFrame};
pub use redraw::RedrawOrder;
pub use rehearse::{RehearsalOptions, RehearsalSession, RehearsedFrame};

use super::clients::Clients;
use super::config::Config;
use super::events::Events;
use super::files::Files;
use super::idempotency::Idempotency;
use super::jobs::{
    GenerateVideo, Jobs, NarrateFrame, RedrawFrame, StepTracker, TaskOutcome, TellFrame,
};
use super::models::Models;
use super::stories::{Stories, StoryResponse};
use super::{Actor, AppError};
use crate::compute::Compute;
use crate::domain::{ClientId, Clock};
use crate::situation::SituationService;
use crate::store::{Lease, Store};
use run::FrameRun;

/// Ordering, telling and reading frames.
#[derive(Debug)]
pub struct Frames {
    intake: intake::Intake,
    waiter: wait::FrameWaiter,
    next: next::NextFrames,
    generator: generate::Generator,
    attachments: Arc<attachments::Attachments>,
    redraws: redraw::Redraws,
    rehearsals: rehearse::Rehearsals,
}

/// What the parts of [`Frames`] stand on; each takes what it needs.
pub(in crate::app) struct FrameDependencies {
    pub(in crate::app) store: Store,
    pub(in crate::app) clock: Arc<dyn Clock>,
    pub(in crate::app) compute: Compute,
    pub(in crate::app) situator: SituationService,
    pub(in crate::app) jobs: Arc<Jobs>,
    pub(in crate::app) idempotency: Arc<Idempotency>,
    pub(in crate::app) files: Arc<Files>,
    pub(in crate::app) config: Arc<Config>,
    pub(in crate::app) models: Arc<Models>,
    pub(in crate::app) stories: Arc<Stories>,
    pub(in crate::app) events: Events,
    pub(in crate::app) clients: Arc<Clients>,
    /// How long a frame may take.
    pub(in crate::app) frame_deadline: Duration,
    /// Cancelled when the process is asked to stop.
    pub(in crate::app) stopping: CancellationToken,
}

impl Frames {
    pub(in crate::app) fn new(deps: &FrameDependencies) -> Self {
        let pictures = Arc::new(pictures::Pictures::new(deps));
        let senses = Arc::new(perception::Perceiver::new(deps));
        let attachments = Arc::new(attachments::Attachments::new(deps));
        Self {
            intake: intake::Intake::new(deps, Arc::clone(&pictures)),
            waiter: wait::FrameWaiter::new(deps),
            next: next::NextFrames::new(deps, Arc::clone(&pictures)),
            generator: generate::Generator::new(
                deps,
                Arc::clone(&senses),
                Arc::clone(&pictures),
                Arc::clone(&attachments),
            ),
            redraws: redraw::Redraws::new(deps, pictures, Arc::clone(&attachments)),
            attachments,
            rehearsals: rehearse::Rehearsals::new(deps, senses),
        }
    }

    /// Takes an order: when this returns, its frame will be told, whatever happens to this process.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the order cannot be used, is for someone else's story, or there is no room; nothing has
    /// changed then.
    pub async fn order(&self, order: FrameOrder) -> Result<AcceptedOrder, AppError> {
        self.intake.order_frame(order).await
    }

    /// Waits for the answer of a frame's task.
    ///
    /// # Errors
    ///
    /// What the task failed with; [`ErrorKind::Deadline`](super::ErrorKind) when it takes too long,
    /// [`ErrorKind::Unavailable`](super::ErrorKind) when the process stops first. The task goes on all the same.
    pub async fn wait_for(&self, task_id: Uuid) -> Result<StoryResponse, AppError> {
        self.waiter.wait_for(task_id).await
    }

    /// Waits until the Sparrow has a frame that the device does not have yet, or until the timeout.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](super::ErrorKind) for pixels that cannot be made; [`ErrorKind::Busy`](super::ErrorKind)
    /// when too many wait.
    pub async fn next(
        &self,
        client_id: &ClientId,
        order: NextFrameQuery,
    ) -> Result<NextFrameResult, AppError> {
        self.next.next_frame(client_id, order).await
    }

    /// Tells the frame of a claimed task, and ends the task in the transaction that keeps the frame.
    ///
    /// # Errors
    ///
    /// [`AppError`] when it could not; nothing was kept then.
    pub async fn tell(
        &self,
        lease: &Lease,
        job: TellFrame,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        self.generator.tell_frame(lease, job, steps).await
    }

    /// Speaks the text of a claimed task's frame, and ends the task in the transaction that keeps the narration.
    ///
    /// # Errors
    ///
    /// [`AppError`] when nobody could; nothing was kept then.
    pub async fn narrate(
        &self,
        lease: &Lease,
        job: NarrateFrame,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        self.attachments.narrate_frame(lease, job, steps).await
    }

    /// Begins the video of a claimed task's frame, or looks whether it is made.
    ///
    /// # Errors
    ///
    /// [`AppError`] when nobody could; nothing was kept then.
    pub async fn generate_video(
        &self,
        lease: &Lease,
        job: GenerateVideo,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        self.attachments.generate_video(lease, job, steps).await
    }

    /// Orders another illustration for a frame.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](super::ErrorKind) and [`ErrorKind::NotYours`](super::ErrorKind);
    /// [`ErrorKind::Busy`](super::ErrorKind) when there is too much to do.
    pub async fn order_redraw(
        &self,
        actor: Actor<'_>,
        story_id: &str,
        number: &str,
        order: RedrawOrder,
    ) -> Result<AcceptedOrder, AppError> {
        self.redraws.order_redraw(actor, story_id, number, order).await
    }

    /// Makes the illustration of a claimed task, and ends the task in the transaction that keeps it.
    ///
    /// # Errors
    ///
    /// [`AppError`] when it could not; nothing was kept then.
    pub async fn redraw(
        &self,
        lease: &Lease,
        job: RedrawFrame,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        self.redraws.redraw_frame(lease, job, steps).await
    }

    /// Begins a story that nobody keeps, for artists who try a strategy.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](super::ErrorKind) when there is no such strategy.
    pub async fn start_rehearsal(
        &self,
        order: RehearsalOptions,
    ) -> Result<RehearsalSession<'_>, AppError> {
        self.rehearsals.start(order).await
    }
}
