//! Attachments of a frame: a [`narration`] of its text and a [`video`] of its picture.
//!
//! A narration is quick, so it is made while the picture is painted; a task of its own makes it only if that fails. A
//! video takes minutes, so no frame and no worker waits for it: a task starts it and polls every few seconds. When an
//! attachment is ready, an event of the frame is published.

mod narration;
mod video;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

pub(super) use narration::Narration;
pub(super) use video::wants_video;

use super::{FrameDependencies, FrameRun};
use crate::app::config::Config;
use crate::app::files::Files;
use crate::app::jobs::{GenerateVideo, Jobs, NarrateFrame, Origin, Subject};
use crate::app::models::{ModelSessionParams, Models};
use crate::app::stories::frame_not_found;
use crate::app::{AppError, ErrorKind};
use crate::compute::Compute;
use crate::domain::{Clock, EventKind, FrameKey, MediaName, ObjectKey};
use crate::inference::{ModelSession, ModelUnavailable};
use crate::store::{IllustrationSource, Lease, MediaObject, Store, Story, Tx};

/// Makes narrations and videos.
#[derive(Debug)]
pub(super) struct Attachments {
    store: Store,
    clock: Arc<dyn Clock>,
    compute: Compute,
    files: Arc<Files>,
    config: Arc<Config>,
    models: Arc<Models>,
    jobs: Arc<Jobs>,
}

/// The attachments that tasks make for a frame after it is saved.
pub(super) struct AttachmentPlan {
    /// The frame's number.
    pub(super) number: i32,
    /// Whether its text is still to be narrated.
    pub(super) needs_narration: bool,
    /// The id of the picture to make a video of; `None` for no video.
    pub(super) video_image_id: Option<Uuid>,
}

/// An attachment that a task made.
struct NewAttachment {
    /// The payload of the frame's event, and the task's result.
    view: Value,
    /// Keys of the files that it replaces.
    replaced: Vec<String>,
}

impl Attachments {
    pub(super) fn new(deps: &FrameDependencies) -> Self {
        Self {
            store: deps.store.clone(),
            clock: Arc::clone(&deps.clock),
            compute: deps.compute.clone(),
            files: Arc::clone(&deps.files),
            config: Arc::clone(&deps.config),
            models: Arc::clone(&deps.models),
            jobs: Arc::clone(&deps.jobs),
        }
    }

    /// Enqueues the planned attachments in the transaction that saves the frame.
    pub(super) async fn enqueue(
        &self,
        tx: &mut Tx,
        run: &FrameRun<'_>,
        plan: &AttachmentPlan,
    ) -> Result<(), AppError> {
        let (number, origin) = (plan.number, run.job.origin.clone());
        if plan.needs_narration {
            let voice = run.parameters.narration_voice.clone();
            let job = NarrateFrame { origin: origin.clone(), number, voice };
            self.jobs.enqueue(tx, subject(&run.story), &job).await?;
        }
        if let Some(image_id) = plan.video_image_id {
            self.enqueue_video(tx, &run.story, number, image_id, origin).await?;
        }
        Ok(())
    }

    /// Enqueues a video of a frame's picture.
    pub(super) async fn enqueue_video(
        &self,
        tx: &mut Tx,
        story: &Story,
        number: i32,
        image_id: Uuid,
        origin: Origin,
    ) -> Result<(), AppError> {
        let job = GenerateVideo { origin, number, image_id, pending: None };
        self.jobs.enqueue(tx, subject(story), &job).await?;
        Ok(())
    }

    /// Removes the replaced files, publishes the event and completes the task. The caller saves the transaction.
    async fn finish(
        &self,
        mut tx: Tx,
        lease: &Lease,
        story: &Story,
        attachment: NewAttachment,
    ) -> Result<Tx, AppError> {
        let now = self.clock.now();
        let keys = tx.delete_frame_media(&[], &attachment.replaced).await?;
        self.jobs.enqueue_file_removal(&mut tx, keys).await?;
        let client_id = Some(story.client_id.as_str());
        tx.publish(EventKind::Frame, client_id, Some(story.id), attachment.view.clone(), now);
        lease.complete(&mut tx, &attachment.view, now).await?;
        Ok(tx)
    }

    /// Saves the transaction, or removes the attachment's file if its rows could not be written. If the save itself
    /// fails, its outcome is unknown, so the file stays; maintenance removes it if it is an orphan.
    async fn save_or_discard(
        &self,
        written: Result<Tx, AppError>,
        key: &ObjectKey,
    ) -> Result<(), AppError> {
        match written {
            Ok(tx) => Ok(tx.save().await?),
            Err(error) => {
                self.files.discard(vec![key.clone()]).await;
                Err(error)
            }
        }
    }

    async fn write_media(
        &self,
        client_id: &str,
        bytes: Bytes,
        extension: &str,
        media_type: &str,
    ) -> Result<(ObjectKey, MediaObject), AppError> {
        let key = ObjectKey::Media(MediaName::generated(Uuid::now_v7(), extension));
        let object = self.files.build_media_object(&key, "frame", &bytes, media_type).await?;
        let object = MediaObject { client_id: Some(client_id.to_owned()), ..object };
        let placement = self.files.write_files(vec![(key.clone(), bytes)]).await?;
        Ok((key, self.files.with_sync_state(object, &placement)))
    }

    async fn load_frame(
        &self,
        lease: &Lease,
        number: i32,
    ) -> Result<(Story, IllustrationSource), AppError> {
        let story_id = lease.task().story_id.ok_or_else(frame_not_found)?;
        let story = self.store.story(story_id).await?.ok_or_else(frame_not_found)?;
        let source = self
            .store
            .illustration_source(FrameKey { story_id, number })
            .await?
            .ok_or_else(frame_not_found)?;
        Ok((story, source))
    }

    async fn model_session(&self, story: &Story) -> Result<ModelSession, AppError> {
        let strategy = self.config.story_strategy(story).await?;
        self.models
            .model_session(ModelSessionParams::for_story(story, &story.client_id, &strategy))
            .await
    }
}

fn attachment_error(what: &str, unavailable: ModelUnavailable) -> AppError {
    let ModelUnavailable { reason, is_retryable } = unavailable;
    let kind = if is_retryable { ErrorKind::Unavailable } else { ErrorKind::Provider };
    AppError::new(kind, format!("{what}, because {reason}."))
}

/// Returns the client and the story that a frame's tasks belong to.
fn subject(story: &Story) -> Subject<'_> {
    Subject { client_id: Some(story.client_id.as_str()), story_id: Some(story.id) }
}
