//! What a frame gets beside its picture: its text spoken ([`narration`]), and a video of its picture ([`video`]).
//!
//! Narration is quick: it is made while the picture is painted, and by a task of its own only when that fails. A video
//! takes minutes, so that no frame and no worker waits for it: a task begins it, and looks again every few seconds.
//! Both are published as an event of the frame when they are there.

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

/// What a frame is to get later.
pub(super) struct AttachmentPlan {
    /// The frame's number.
    pub(super) number: i32,
    /// Whether its text is still to be spoken.
    pub(super) needs_narration: bool,
    /// The picture that a video is to be made of.
    pub(super) video_image_id: Option<Uuid>,
}

/// What a task gave its frame: for the event and the task's result.
struct NewAttachment {
    view: Value,
    /// Keys of the files whose place it takes.
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

    /// Orders what a frame gets later, in the transaction that keeps the frame.
    pub(super) async fn order(
        &self,
        tx: &mut Tx,
        run: &FrameRun<'_>,
        wanted: &AttachmentPlan,
    ) -> Result<(), AppError> {
        let (number, origin) = (wanted.number, run.job.origin.clone());
        if wanted.needs_narration {
            let voice = run.parameters.narration_voice.clone();
            let speech = NarrateFrame { origin: origin.clone(), number, voice };
            self.jobs.enqueue(tx, subject(&run.story), &speech).await?;
        }
        if let Some(image_id) = wanted.video_image_id {
            self.order_video(tx, &run.story, number, image_id, origin).await?;
        }
        Ok(())
    }

    /// Orders a video of a frame's picture.
    pub(super) async fn order_video(
        &self,
        tx: &mut Tx,
        story: &Story,
        number: i32,
        image_id: Uuid,
        origin: Origin,
    ) -> Result<(), AppError> {
        let job = GenerateVideo { origin, number, image_id, filming: None };
        self.jobs.enqueue(tx, subject(story), &job).await?;
        Ok(())
    }

    /// The end of a task that gave a frame something: replaced files go, the event is published, and nothing is saved
    /// yet.
    async fn finish(
        &self,
        mut tx: Tx,
        lease: &Lease,
        story: &Story,
        given: NewAttachment,
    ) -> Result<Tx, AppError> {
        let now = self.clock.now();
        let replaced: Vec<&str> = given.replaced.iter().map(String::as_str).collect();
        let keys = tx.remove_media_objects(&replaced).await?;
        self.jobs.enqueue_file_removal(&mut tx, keys).await?;
        let client_id = Some(story.client_id.as_str());
        tx.publish(EventKind::Frame, client_id, Some(story.id), given.view.clone(), now);
        lease.complete(&mut tx, &given.view, now).await?;
        Ok(tx)
    }

    /// Saves, or removes the file of what was not kept. Should the answer to a save be lost, the file stays: the sweep
    /// looks after it.
    async fn save_or_discard(
        &self,
        kept: Result<Tx, AppError>,
        key: &ObjectKey,
    ) -> Result<(), AppError> {
        match kept {
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
        let since = self.files.write_files(vec![(key.clone(), bytes)]).await?;
        Ok((key, self.files.with_sync_state(object, since)))
    }

    async fn load_frame(
        &self,
        lease: &Lease,
        number: i32,
    ) -> Result<(Story, IllustrationSource), AppError> {
        let story_id = lease.task().story_id.ok_or_else(frame_not_found)?;
        let story = self.store.story(story_id).await?.ok_or_else(frame_not_found)?;
        let words = self
            .store
            .illustration_source(FrameKey { story_id, number })
            .await?
            .ok_or_else(frame_not_found)?;
        Ok((story, words))
    }

    async fn model_session(&self, story: &Story) -> Result<ModelSession, AppError> {
        let strategy = self.config.story_strategy(story).await?;
        self.models
            .model_session(ModelSessionParams::for_story(story, &story.client_id, &strategy))
            .await
    }
}

fn attachment_error(what: &str, nobody: ModelUnavailable) -> AppError {
    let ModelUnavailable { reason: because, is_retryable: may_pass } = nobody;
    let kind = if may_pass { ErrorKind::Unavailable } else { ErrorKind::Provider };
    AppError::new(kind, format!("{what}, because {because}."))
}

/// Whose events and which story a frame's tasks belong to.
fn subject(story: &Story) -> Subject<'_> {
    Subject { client_id: Some(story.client_id.as_str()), story_id: Some(story.id) }
}
