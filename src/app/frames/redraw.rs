//! An illustration made anew: the frame keeps its number and its words, and gets other pictures.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::Below;
use super::attachments::{Attachments, wants_film};
use super::chance::{mix, seed_of};
use super::intake::Ordered;
use super::persist::keep_pictures;
use super::pictures::{Illustrated, Pictures, USUAL, Wanted};
use crate::app::config::Config;
use crate::app::files::Files;
use crate::app::jobs::{Jobs, Origin, RedrawFrame, Steps, Subject, TaskOutcome};
use crate::app::models::{MindsOf, Models};
use crate::app::stories::{Stories, frame_number, no_frame};
use crate::app::{Actor, AppError};
use crate::domain::{Clock, EventKind, FramePlace, Parameters, TraceParent};
use crate::inference::ImageAsk;
use crate::store::{FrameWords, Lease, Store, Story, Tx};

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
struct Redrawn {
    picture: Illustrated,
    /// Whether a video is to be made of it.
    wants_film: bool,
}

impl Redraws {
    pub(super) fn new(
        below: &Below,
        pictures: Arc<Pictures>,
        attachments: Arc<Attachments>,
    ) -> Self {
        Self {
            store: below.store.clone(),
            clock: Arc::clone(&below.clock),
            files: Arc::clone(&below.files),
            config: Arc::clone(&below.config),
            models: Arc::clone(&below.models),
            stories: Arc::clone(&below.stories),
            jobs: Arc::clone(&below.jobs),
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
    ) -> Result<Ordered, AppError> {
        let story = self.stories.story_to_change(actor, story_id).await?;
        let number = frame_number(number)?;
        let frame = FramePlace { story_id: story.id, number };
        self.store.frame_words(frame).await?.ok_or_else(no_frame)?;
        self.jobs.check_room().await?;
        let origin = Origin::new(order.request_id, order.trace);
        let subject = Subject { client_id: Some(&story.client_id), story_id: Some(story.id) };
        let mut tx = self.store.begin().await?;
        let task_id = self.jobs.enqueue(&mut tx, subject, &RedrawFrame { origin, number }).await?;
        tx.save().await?;
        Ok(Ordered { task_id, is_replay: false })
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
        steps: &Steps,
    ) -> Result<TaskOutcome, AppError> {
        let number = job.number;
        let story_id = lease.task().story_id.ok_or_else(no_frame)?;
        let story = self.store.story(story_id).await?.ok_or_else(no_frame)?;
        let words =
            self.store.frame_words(FramePlace { story_id, number }).await?.ok_or_else(no_frame)?;
        let redrawn = self.draw_again(&story, number, words, lease.task().id);
        let redrawn = steps.at("illustrate", redrawn).await?;
        let kept = self.keep_redrawn(lease, &story, job, &redrawn);
        match steps.at("keep", kept).await {
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
    async fn draw_again(
        &self,
        story: &Story,
        number: i32,
        words: FrameWords,
        task_id: Uuid,
    ) -> Result<Redrawn, AppError> {
        let FrameWords { metadata, text, illustration, .. } = words;
        let asked = metadata.get("parameters").and_then(Value::as_object);
        let parameters = match asked {
            Some(asked) => Parameters::read(asked)?,
            None => Parameters::default(),
        };
        let strategy = self.config.strategy_of(story).await?;
        let minds = self.models.minds(MindsOf::story(story, &story.client_id, &strategy)).await?;
        let prompt = illustration.filter(|prompt| !prompt.is_empty()).or(text).unwrap_or_default();
        let ask = ImageAsk { prompt, size: USUAL, seed: mix(seed_of(task_id)), seen: None };
        let picture = minds.image(&ask).await.map_err(AppError::internal)?;
        let wants_film = wants_film(&parameters, &minds);
        let wanted = Wanted { parameters, thumbnail: number == 0 };
        let picture = self.pictures.draw_files(picture, &story.client_id, wanted).await?;
        Ok(Redrawn { picture, wants_film })
    }

    /// All rows of the new pictures, and the old ones gone, not yet saved.
    async fn keep_redrawn(
        &self,
        lease: &Lease,
        story: &Story,
        job: RedrawFrame,
        redrawn: &Redrawn,
    ) -> Result<Tx, AppError> {
        let (number, picture) = (job.number, &redrawn.picture);
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.lock_story(story.id).await? {
            return Err(no_frame());
        }
        let mut old = tx.frame_pictures(story.id, number, number).await?;
        keep_pictures(&mut tx, picture, now).await?;
        let device = picture.for_device();
        let frame = FramePlace { story_id: story.id, number };
        if !tx.set_frame_pictures(frame, picture.original.id, device.id).await? {
            return Err(no_frame());
        }
        if let Some(thumbnail) = &picture.thumbnail {
            old.extend(tx.take_thumbnail(story.id).await?);
            tx.set_thumbnail(story.id, thumbnail.id).await?;
        }
        let mut keys = tx.remove_pictures(&old).await?;
        // Its film begins with the old picture; whoever wished for one gets another.
        if let Some(film) = tx.take_video(frame).await? {
            keys.extend(tx.remove_media_objects(&[&film]).await?);
        }
        if redrawn.wants_film {
            let image_id = picture.original.id;
            self.attachments.order_film(&mut tx, story, number, image_id, job.origin).await?;
        }
        self.jobs.remove_files_later(&mut tx, keys).await?;
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
