//! An illustration made anew: the frame keeps its number and its words, and gets other pictures.

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

/// What asks for it.
#[derive(Debug)]
pub struct RedrawOrder {
    /// The request's id, for the log.
    pub request_id: String,
    /// Where the request is in its trace, for the task to go on there.
    pub trace: Option<TraceParent>,
}

/// Makes illustrations anew.
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

/// A picture that was painted anew, its files written.
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

    /// Orders another illustration for a frame.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::app::ErrorKind::NotFound) and [`NotYours`](crate::app::ErrorKind::NotYours);
    /// [`Busy`](crate::app::ErrorKind::Busy) when there is too much to do.
    pub(super) async fn order_redraw(
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
        self.jobs.check_capacity().await?;
        let origin = Origin::new(order.request_id, order.trace);
        let subject = Subject { client_id: Some(&story.client_id), story_id: Some(story.id) };
        let mut tx = self.store.begin().await?;
        let task_id = self.jobs.enqueue(&mut tx, subject, &RedrawFrame { origin, number }).await?;
        tx.save().await?;
        Ok(AcceptedOrder { task_id, is_replay: false })
    }

    /// Makes the illustration of a claimed task, and ends the task in the transaction that keeps it.
    ///
    /// # Errors
    ///
    /// [`AppError`] when it could not; nothing was kept then. [`AppError::may_pass`] tells whether to try again.
    pub(super) async fn redraw_frame(
        &self,
        lease: &Lease,
        job: RedrawFrame,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        let number = job.number;
        let story_id = lease.task().story_id.ok_or_else(frame_not_found)?;
        let story = self.store.story(story_id).await?.ok_or_else(frame_not_found)?;
        let words = self
            .store
            .illustration_source(FrameKey { story_id, number })
            .await?
            .ok_or_else(frame_not_found)?;
        let redrawn = self.redraw_picture(&story, number, words, lease.task().id);
        let redrawn = steps.run("illustrate", redrawn).await?;
        let kept = self.replace_pictures(lease, &story, job, &redrawn);
        match steps.run("keep", kept).await {
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

    /// The same words with other chance: each task has its own.
    async fn redraw_picture(
        &self,
        story: &Story,
        number: i32,
        words: IllustrationSource,
        task_id: Uuid,
    ) -> Result<RedrawnPicture, AppError> {
        let IllustrationSource { metadata, text, illustration, .. } = words;
        let asked = metadata.get("parameters").and_then(Value::as_object);
        let parameters = match asked {
            Some(asked) => FrameParameters::parse(asked)?,
            None => FrameParameters::default(),
        };
        let strategy = self.config.story_strategy(story).await?;
        let session = self
            .models
            .model_session(ModelSessionParams::for_story(story, &story.client_id, &strategy))
            .await?;
        let prompt = illustration.filter(|prompt| !prompt.is_empty()).or(text).unwrap_or_default();
        let ask = ImageRequest {
            prompt,
            size: DEFAULT_SIZE,
            seed: mix(seed_from_id(task_id)),
            seen: None,
        };
        let picture = session.generate_image(&ask).await.map_err(AppError::internal)?;
        let wants_video = wants_video(&parameters, &session);
        let wanted = PictureOptions { parameters, with_thumbnail: number == 0 };
        let picture = self.pictures.write_pictures(picture, &story.client_id, wanted).await?;
        Ok(RedrawnPicture { picture, wants_video })
    }

    /// All rows of the new pictures, and the old ones gone, not yet saved.
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
        let mut keys = tx.delete_images(&old).await?;
        // Its film begins with the old picture; whoever wished for one gets another.
        if let Some(video) = tx.delete_video(frame).await? {
            keys.extend(tx.remove_media_objects(&[&video]).await?);
        }
        if redrawn.wants_video {
            let image_id = picture.original.id;
            self.attachments.order_video(&mut tx, story, number, image_id, job.origin).await?;
        }
        self.jobs.enqueue_file_removal(&mut tx, keys).await?;
        let client_id = Some(story.client_id.as_str());
        let drawn = json!({"number": number, "illustrated": true});
        tx.publish(EventKind::Frame, client_id, Some(story.id), drawn, now);
        let result = json!({
            "story_id": story.id, "number": number,
            "image": device.view, "source_image": picture.original.view,
        });
        lease.complete(&mut tx, &result, now).await?;
        Ok(tx)
    }
}
