//! The life of a frame: a request is accepted, a worker tells the frame, the client waits for it, and later tasks
//! redraw it, narrate it or make a video of it.
//!
//! Each part is a type of its own in this module. [`Frames`] composes them and is the interface for other modules.

mod attachments;
mod generate;
mod intake;
mod large_picture;
mod next;
mod perception;
mod persist;
mod photograph;
mod pictures;
mod random_seed;
mod redraw;
mod rehearse;
mod run;
mod stored;
mod transcript;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use intake::{AcceptedOrder, AudioInput, FrameOrder};
pub use next::{NextFrame, NextFrameQuery, NextFrameResult, TaggedFrame};
pub use pictures::SmallWidth;
pub use redraw::RedrawOrder;
pub use rehearse::{RehearsalOptions, RehearsalSession, RehearsedFrame};
pub use wait::FrameWait;

use super::clients::Clients;
use super::config::Config;
use super::device_commands::DeviceCommands;
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

/// Orders, tells and reads frames.
#[derive(Debug)]
pub struct Frames {
    intake: intake::Intake,
    waiter: wait::FrameWaiter,
    next: next::NextFrames,
    generator: generate::Generator,
    attachments: Arc<attachments::Attachments>,
    pictures: Arc<pictures::Pictures>,
    redraws: redraw::Redraws,
    rehearsals: rehearse::Rehearsals,
}

/// The services that the parts of [`Frames`] are built from.
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
    pub(in crate::app) device_commands: Arc<DeviceCommands>,
    /// How long a request waits for its frame.
    pub(in crate::app) frame_deadline: Duration,
    /// Cancelled when the process is asked to stop.
    pub(in crate::app) shutdown: CancellationToken,
}

impl Frames {
    pub(in crate::app) fn new(deps: &FrameDependencies) -> Self {
        let pictures = Arc::new(pictures::Pictures::new(deps));
        let waiting = Arc::new(photograph::WaitingPhotographs::default());
        let perceiver = Arc::new(perception::Perceiver::new(deps, Arc::clone(&waiting)));
        let attachments = Arc::new(attachments::Attachments::new(deps));
        Self {
            intake: intake::Intake::new(deps, Arc::clone(&pictures), waiting),
            waiter: wait::FrameWaiter::new(deps, Arc::clone(&pictures)),
            next: next::NextFrames::new(deps, Arc::clone(&pictures)),
            generator: generate::Generator::new(
                deps,
                Arc::clone(&perceiver),
                Arc::clone(&pictures),
                Arc::clone(&attachments),
            ),
            redraws: redraw::Redraws::new(deps, Arc::clone(&pictures), Arc::clone(&attachments)),
            attachments,
            pictures,
            rehearsals: rehearse::Rehearsals::new(deps, perceiver),
        }
    }

    /// Accepts an order. When this returns, the frame's task is durable and survives a crash of this process.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the order is invalid, is for a story that the client may not continue, or the queue is full.
    /// Nothing has changed then.
    pub async fn order(&self, order: FrameOrder) -> Result<AcceptedOrder, AppError> {
        self.intake.order_frame(order).await
    }

    /// Starts to take note of tasks that end. Call it before [`Frames::order`].
    #[must_use]
    pub fn start_waiting(&self) -> FrameWait {
        self.waiter.start()
    }

    /// Waits for the result of an ordered frame's task. During a blackout, the frame is kept and a black one returned.
    ///
    /// # Errors
    ///
    /// The task's own failure; [`ErrorKind::Deadline`](super::ErrorKind::Deadline) if the task takes too long, and
    /// [`ErrorKind::Unavailable`](super::ErrorKind::Unavailable) if the process stops first. In the last two cases the
    /// task continues.
    pub async fn wait_for(
        &self,
        ordered: AcceptedOrder,
        wait: FrameWait,
    ) -> Result<StoryResponse, AppError> {
        self.waiter.wait_for(ordered, wait).await
    }

    /// Waits until the Sparrow has a frame or a command that the device does not have yet, or until the timeout.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](super::ErrorKind::Invalid) if the picture parameters are invalid;
    /// [`ErrorKind::Busy`](super::ErrorKind::Busy) if too many clients wait.
    pub async fn next(
        &self,
        client_id: &ClientId,
        query: NextFrameQuery,
    ) -> Result<NextFrameResult, AppError> {
        self.next.next_frame(client_id, query).await
    }

    /// Tells the frame of a claimed task, and completes the task in the transaction that saves the frame.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the frame could not be told; nothing was saved then.
    pub async fn tell(
        &self,
        lease: &Lease,
        job: TellFrame,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        self.generator.tell_frame(lease, job, steps).await
    }

    /// Narrates the frame of a claimed task, and completes the task in the transaction that saves the narration.
    ///
    /// # Errors
    ///
    /// [`AppError`] if no model could; nothing was saved then.
    pub async fn narrate(
        &self,
        lease: &Lease,
        job: NarrateFrame,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        self.attachments.narrate_frame(lease, job, steps).await
    }

    /// Starts the video of a claimed task's frame, or polls it. While the video is not ready, the task is deferred.
    ///
    /// # Errors
    ///
    /// [`AppError`] if no model could; nothing was saved then.
    pub async fn generate_video(
        &self,
        lease: &Lease,
        job: GenerateVideo,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        self.attachments.generate_video(lease, job, steps).await
    }

    /// Enqueues a new illustration for a frame.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](super::ErrorKind::NotFound) if there is no such story or frame;
    /// [`ErrorKind::Forbidden`](super::ErrorKind::Forbidden) if the actor may not change the story;
    /// [`ErrorKind::Busy`](super::ErrorKind::Busy) if the queue is full.
    pub async fn enqueue_redraw(
        &self,
        actor: Actor<'_>,
        story_id: &str,
        number: &str,
        order: RedrawOrder,
    ) -> Result<AcceptedOrder, AppError> {
        self.redraws.enqueue_redraw(actor, story_id, number, order).await
    }

    /// Draws the illustration of a claimed task, and completes the task in the transaction that saves the illustration.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the illustration could not be made; nothing was saved then.
    pub async fn redraw(
        &self,
        lease: &Lease,
        job: RedrawFrame,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        self.redraws.redraw_frame(lease, job, steps).await
    }

    /// Returns the media key of the small JPEG of an illustration, which is rendered and stored if nobody asked for it
    /// before. Returns `None` if the illustration itself is to be served: there is no illustration of this key, it is
    /// not wider, or too many small pictures wait to be rendered.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the illustration cannot be read or the small picture cannot be stored.
    pub async fn small_picture(
        &self,
        key: &str,
        width: SmallWidth,
    ) -> Result<Option<String>, AppError> {
        self.pictures.small_picture(key, width).await
    }

    /// Returns a JPEG that the built-in painter paints from words about a storyteller. The same words give the same
    /// picture.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the painting fails.
    pub async fn storyteller_picture(&self, words: &str) -> Result<bytes::Bytes, AppError> {
        self.pictures.storyteller_picture(words).await
    }

    /// Starts a story that is not stored, for artists who try a strategy.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](super::ErrorKind::Invalid) if there is no such strategy.
    pub async fn start_rehearsal(
        &self,
        options: RehearsalOptions,
    ) -> Result<RehearsalSession<'_>, AppError> {
        self.rehearsals.start(options).await
    }
}
