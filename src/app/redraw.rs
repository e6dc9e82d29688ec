//! An illustration made anew: the frame keeps its number and its words, and gets other pictures.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::beside::wants_film;
use super::illustrate::{Illustrated, USUAL, Wanted};
use super::keep::keep_pictures;
use super::models::MindsOf;
use super::story_parts::{frame_number, lane, no_frame};
use super::tell::{mix, seed_of};
use super::{Actor, App, AppError, ErrorKind, Ordered, Steps};
use crate::domain::{EventKind, Parameters, TaskKind, TraceParent};
use crate::inference::ImageAsk;
use crate::store::{FrameWords, NewTask, Story, Task, Tx};

/// What asks for it.
#[derive(Debug)]
pub struct RedrawOrder {
    /// The request's id, for the log.
    pub request_id: String,
    /// Where the request is in its trace, for the task to go on there.
    pub trace: Option<TraceParent>,
}

/// The payload of [`TaskKind::IllustrateFrame`].
#[derive(Debug, Serialize, Deserialize)]
struct Redraw {
    request_id: String,
    traceparent: Option<String>,
    number: i32,
}

impl App {
    /// Orders another illustration for a frame.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] and [`ErrorKind::NotYours`]; [`ErrorKind::Busy`] when there is too much to do.
    pub async fn order_redraw(
        &self,
        actor: Actor<'_>,
        (story_id, number): (&str, &str),
        order: RedrawOrder,
    ) -> Result<Ordered, AppError> {
        let story = self.story_to_change(actor, story_id).await?;
        let number = frame_number(number)?;
        self.store.frame_words(story.id, number).await?.ok_or_else(no_frame)?;
        self.check_room().await?;
        let traceparent = order.trace.map(|trace| trace.to_string());
        let now = self.clock.now();
        let task = NewTask {
            id: Uuid::now_v7(),
            kind: TaskKind::IllustrateFrame,
            lane: Some(lane(story.id)),
            client_id: Some(&story.client_id),
            story_id: Some(story.id),
            payload: &serde_json::to_value(Redraw {
                request_id: order.request_id,
                traceparent,
                number,
            })?,
            now,
        };
        let task_id = task.id;
        let mut tx = self.store.begin().await?;
        tx.enqueue(task).await?;
        let pending = json!({"id": task_id, "status": "pending"});
        tx.tell(EventKind::Task, Some(&story.client_id), Some(story.id), pending, now);
        tx.save().await?;
        Ok(Ordered { task_id, is_replay: false })
    }

    /// Makes the illustration of a claimed task, and ends the task in the transaction that keeps it.
    ///
    /// # Errors
    ///
    /// [`AppError`] when it could not; nothing was kept then. [`AppError::may_pass`] tells whether to try again.
    pub async fn redraw_frame(
        &self,
        task: &Task,
        owner: Uuid,
        steps: &Steps,
    ) -> Result<(), AppError> {
        let Redraw { number, .. } = serde_json::from_value(task.payload.clone())?;
        let story_id = task.story_id.ok_or_else(no_frame)?;
        let story = self.store.story(story_id).await?.ok_or_else(no_frame)?;
        let words = self.store.frame_words(story_id, number).await?.ok_or_else(no_frame)?;
        let picture = self.draw_again(&story, number, words, task.id);
        let (picture, wants_film) = steps.at("illustrate", picture).await?;
        let kept = self.keep_redrawn((task, owner), &story, number, (&picture, wants_film));
        match steps.at("keep", kept).await {
            Ok(tx) => Ok(tx.save().await?),
            Err(error) => {
                let files = picture.files().map(|file| file.key.clone()).collect();
                self.objects.remove_all(files).await;
                Err(error)
            }
        }
    }

    /// The same words with other chance: each task has its own. Also, whether a film is to be made of it.
    async fn draw_again(
        &self,
        story: &Story,
        number: i32,
        words: FrameWords,
        task_id: Uuid,
    ) -> Result<(Illustrated, bool), AppError> {
        let FrameWords { metadata, text, illustration, .. } = words;
        let asked = metadata.get("parameters").and_then(Value::as_object);
        let parameters = match asked {
            Some(asked) => Parameters::read(asked)?,
            None => Parameters::default(),
        };
        let strategy = self.strategy_of(story).await?;
        let minds = self.minds(MindsOf::story(story, &story.client_id, &strategy)).await?;
        let prompt = illustration.filter(|prompt| !prompt.is_empty()).or(text).unwrap_or_default();
        let ask = ImageAsk { prompt, size: USUAL, seed: mix(seed_of(task_id)), seen: None };
        let picture = minds.image(&ask).await.map_err(AppError::internal)?;
        let wants_film = wants_film(&parameters, &minds);
        let wanted = Wanted { parameters, thumbnail: number == 0 };
        Ok((self.draw_files(picture, &story.client_id, wanted).await?, wants_film))
    }

    /// All rows of the new pictures, and the old ones gone, not yet saved.
    async fn keep_redrawn(
        &self,
        (task, owner): (&Task, Uuid),
        story: &Story,
        number: i32,
        (picture, wants_film): (&Illustrated, bool),
    ) -> Result<Tx, AppError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.lock_story(story.id).await? {
            return Err(no_frame());
        }
        let mut old = tx.frame_pictures(story.id, number, number).await?;
        keep_pictures(&mut tx, picture, now).await?;
        let device = picture.device.as_ref().unwrap_or(&picture.original);
        let place = (story.id, number);
        if !tx.set_frame_pictures(place, picture.original.id, device.id).await? {
            return Err(no_frame());
        }
        if let Some(thumbnail) = &picture.thumbnail {
            old.extend(tx.take_thumbnail(story.id).await?);
            tx.set_thumbnail(story.id, thumbnail.id).await?;
        }
        let mut keys = tx.remove_pictures(&old).await?;
        // Its film begins with the old picture; whoever wished for one gets another.
        if let Some(film) = tx.take_video(place).await? {
            keys.extend(tx.remove_media_objects(&[&film]).await?);
        }
        if wants_film {
            let frame = (number, picture.original.id);
            self.order_film_again(&mut tx, story, frame, task).await?;
        }
        self.remove_files_later(&mut tx, keys).await?;
        let client_id = Some(story.client_id.as_str());
        let drawn = json!({"number": number, "illustrated": true});
        tx.tell(EventKind::Frame, client_id, Some(story.id), drawn, now);
        let ended = json!({"id": task.id, "status": "completed"});
        tx.tell(EventKind::Task, client_id, Some(story.id), ended, now);
        let result = json!({
            "story_id": story.id, "number": number,
            "image": device.view, "source_image": picture.original.view,
        });
        if !tx.complete(task.id, owner, &result, now).await? {
            return Err(AppError::new(ErrorKind::Conflict, "Another worker took the task over."));
        }
        Ok(tx)
    }
}
