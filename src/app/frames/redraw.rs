//! Redrawing an illustration: the frame keeps its number and its text, and gets new pictures.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::FrameDependencies;
use super::attachments::{Attachments, wants_video};
use super::intake::AcceptedOrder;
use super::persist::insert_pictures;
use super::pictures::{BeatPictures, DEFAULT_SIZE, PictureOptions, Pictures};
use super::random_seed::{mix, seed_from_id};
use crate::app::config::Config;
use crate::app::files::Files;
use crate::app::jobs::{Jobs, Origin, RedrawFrame, StepTracker, Subject, TaskOutcome};
use crate::app::models::{ModelSessionParams, Models};
use crate::app::stories::{Stories, frame_not_found, parse_frame_number};
use crate::app::{Actor, AppError};
use crate::domain::{Clock, EventKind, FrameKey, FrameParameters, TraceParent};
use crate::inference::ImageRequest;
use crate::store::{IllustrationSource, Lease, Store, Story, Tx};

/// A request to redraw a frame's illustration.
#[derive(Debug)]
pub struct RedrawOrder {
    /// The request's id, for the log.
    pub request_id: String,
    /// The request's place in its trace, which the task continues.
    pub trace: Option<TraceParent>,
}

/// Redraws illustrations.
#[derive(Debug)]
pub(super) struct Redraws {
    store: Store,
    clock: Arc<dyn Clock>,
    files: Arc<Files>,
    config: Arc<Config>,
    models: Arc<Models>,
    stories: Arc<Stories>,
    jobs: Arc<Jobs>,
    pictures: Arc<Pictures>,
    attachments: Arc<Attachments>,
}

/// A redrawn picture whose files are written.
struct RedrawnPicture {
    picture: BeatPictures,
    /// Whether a video is to be made of it.
    wants_video: bool,
}

impl Redraws {
    pub(super) fn new(
        deps: &FrameDependencies,
        pictures: Arc<Pictures>,
        attachments: Arc<Attachments>,
    ) -> Self {
        Self {
            store: deps.store.clone(),
            clock: Arc::clone(&deps.clock),
            files: Arc::clone(&deps.files),
            config: Arc::clone(&deps.config),
            models: Arc::clone(&deps.models),
            stories: Arc::clone(&deps.stories),
            jobs: Arc::clone(&deps.jobs),
            pictures,
            attachments,
        }
    }

    /// Enqueues a new illustration for a frame.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::app::ErrorKind::NotFound) if there is no such story or frame;
    /// [`Forbidden`](crate::app::ErrorKind::Forbidden) if the actor may not change the story;
    /// [`Busy`](crate::app::ErrorKind::Busy) if the queue is full.
    pub(super) async fn enqueue_redraw(
        &self,
        actor: Actor<'_>,
        story_id: &str,
        number: &str,
        order: RedrawOrder,
    ) -> Result<AcceptedOrder, AppError> {
        let story = self.stories.find_changeable_story(actor, story_id).await?;
        let number = parse_frame_number(number)?;
        let frame = FrameKey { story_id: story.id, number };
        self.store.illustration_source(frame).await?.ok_or_else(frame_not_found)?;
        self.jobs.check_capacity(Some(&story.client_id)).await?;
        let origin = Origin::new(order.request_id, order.trace);
        let subject = Subject { client_id: Some(&story.client_id), story_id: Some(story.id) };
        let mut tx = self.store.begin().await?;
        let task_id = self.jobs.enqueue(&mut tx, subject, &RedrawFrame { origin, number }).await?;
        tx.save().await?;
        Ok(AcceptedOrder { task_id, is_replay: false, is_pending: true })
    }

    /// Draws the illustration of a claimed task, and completes the task in the transaction that saves the illustration.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the illustration could not be made; nothing was saved then. [`AppError::is_retryable`] says
    /// whether to try again.
    pub(super) async fn redraw_frame(
        &self,
        lease: &Lease,
        job: RedrawFrame,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        let number = job.number;
        let story_id = lease.task().story_id.ok_or_else(frame_not_found)?;
        let story = self.store.story(story_id).await?.ok_or_else(frame_not_found)?;
        let source = self
            .store
            .illustration_source(FrameKey { story_id, number })
            .await?
            .ok_or_else(frame_not_found)?;
        let redrawing = self.redraw_picture(&story, number, source, lease.task().id);
        let redrawn = steps.run("illustrate", redrawing).await?;
        let replacing = self.replace_pictures(lease, &story, job, &redrawn);
        match steps.run("keep", replacing).await {
            Ok(tx) => {
                tx.save().await?;
                Ok(TaskOutcome::Completed)
            }
            Err(error) => {
                let files = redrawn.picture.files().map(|file| file.key.clone()).collect();
                self.files.discard(files).await;
                Err(error)
            }
        }
    }

    /// Draws the same prompt with another seed, which is derived from the task's id.
    async fn redraw_picture(
        &self,
        story: &Story,
        number: i32,
        source: IllustrationSource,
        task_id: Uuid,
    ) -> Result<RedrawnPicture, AppError> {
        let IllustrationSource { metadata, text, illustration, .. } = source;
        let stored = metadata.get("parameters").and_then(Value::as_object);
        let parameters = match stored {
            Some(stored) => FrameParameters::parse(stored)?,
            None => FrameParameters::default(),
        };
        let strategy = self.config.story_strategy(story).await?;
        let session = self
            .models
            .model_session(ModelSessionParams::for_story(story, &story.client_id, &strategy))
            .await?;
        let prompt = illustration.filter(|prompt| !prompt.is_empty()).or(text).unwrap_or_default();
        let request = ImageRequest {
            prompt,
            size: DEFAULT_SIZE,
            seed: mix(seed_from_id(task_id)),
            seen: None,
        };
        let picture = session.generate_image(&request).await.map_err(AppError::internal)?;
        let picture = picture.into();
        let wants_video = wants_video(&parameters, &session);
        let options = PictureOptions { parameters, with_thumbnail: number == 0 };
        let picture = self.pictures.write_pictures(picture, &story.client_id, options).await?;
        Ok(RedrawnPicture { picture, wants_video })
    }

    /// Replaces the frame's pictures and completes the task, without saving.
    async fn replace_pictures(
        &self,
        lease: &Lease,
        story: &Story,
        job: RedrawFrame,
        redrawn: &RedrawnPicture,
    ) -> Result<Tx, AppError> {
        let (number, picture) = (job.number, &redrawn.picture);
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.lock_story(story.id).await? {
            return Err(frame_not_found());
        }
        let mut old = tx.frame_images(story.id, number, number).await?;
        insert_pictures(&mut tx, picture, now).await?;
        let device = picture.device_or_original();
        let frame = FrameKey { story_id: story.id, number };
        if !tx.set_frame_images(frame, picture.original.id, device.id).await? {
            return Err(frame_not_found());
        }
        if let Some(thumbnail) = &picture.thumbnail {
            old.extend(tx.clear_thumbnail(story.id).await?);
            tx.set_thumbnail(story.id, thumbnail.id).await?;
        }
        // The frame's video begins with the old picture, so it is removed. If one was requested, another is made.
        let video: Vec<String> = tx.delete_video(frame).await?.into_iter().collect();
        let keys = tx.delete_frame_media(&old, &video).await?;
        if redrawn.wants_video {
            let image_id = picture.original.id;
            self.attachments.enqueue_video(&mut tx, story, number, image_id, job.origin).await?;
        }
        self.jobs.enqueue_file_removal(&mut tx, keys).await?;
        let client_id = Some(story.client_id.as_str());
        let payload = json!({"number": number, "illustrated": true});
        tx.publish(EventKind::Frame, client_id, Some(story.id), payload, now);
        let result = json!({
            "story_id": story.id, "number": number,
            "image": device.view, "source_image": picture.original.view,
        });
        lease.complete(&mut tx, &result, now).await?;
        Ok(tx)
    }
}
