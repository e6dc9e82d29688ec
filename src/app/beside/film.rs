//! A film of a frame's picture.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Asked, Done, failed};
use crate::app::answer::VideoView;
use crate::app::perceive::Photograph;
use crate::app::story_parts::no_frame;
use crate::app::tell::{mix, seed_of};
use crate::app::{App, AppError, ErrorKind, Steps};
use crate::domain::{Parameters, TaskKind};
use crate::inference::{Film, FilmAsk, Filming, Minds};
use crate::store::{FrameWords, NewVideo, Story, Task, Tx};

/// How long to wait before looking again whether a film is made.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(5);

/// The payload of [`TaskKind::FilmFrame`].
#[derive(Debug, Serialize, Deserialize)]
struct FilmJob {
    request_id: String,
    traceparent: Option<String>,
    number: i32,
    /// The picture that it begins with. A frame that has another by now gets no film of this one.
    image_id: Uuid,
    /// What is asked after, and since when, once it is begun.
    filming: Option<(Filming, DateTime<Utc>)>,
}

impl App {
    /// Orders a film for a frame whose picture was made anew.
    pub(in crate::app) async fn order_film_again(
        &self,
        tx: &mut Tx,
        story: &Story,
        frame: (i32, Uuid),
        task: &Task,
    ) -> Result<(), AppError> {
        let text = |name: &str| task.payload.get(name).and_then(Value::as_str);
        let request_id = text("request_id").unwrap_or_default();
        let asked = Asked { request_id, traceparent: text("traceparent") };
        self.order_film(tx, story, frame, asked).await
    }

    pub(super) async fn order_film(
        &self,
        tx: &mut Tx,
        story: &Story,
        (number, image_id): (i32, Uuid),
        asked: Asked<'_>,
    ) -> Result<(), AppError> {
        let film = FilmJob {
            request_id: asked.request_id.to_owned(),
            traceparent: asked.traceparent.map(str::to_owned),
            number,
            image_id,
            filming: None,
        };
        let payload = serde_json::to_value(film)?;
        self.order_for(tx, story, TaskKind::FilmFrame, &payload).await
    }

    /// Begins the film of a claimed task's frame, or looks whether it is made; then the task ends in the transaction that
    /// keeps it.
    ///
    /// # Errors
    ///
    /// [`AppError`] when nobody could; nothing was kept then. [`AppError::may_pass`] tells whether to try again.
    pub async fn film_frame(
        &self,
        task: &Task,
        owner: Uuid,
        steps: &Steps,
    ) -> Result<Done, AppError> {
        let job: FilmJob = serde_json::from_value(task.payload.clone())?;
        let (story, words) = self.frame_of(task, job.number).await?;
        if words.image_id != Some(job.image_id) {
            let detail = "The frame has another picture by now.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let minds = self.minds_of(&story).await?;
        let now = self.clock.now();
        let nobody = |nobody| failed("No film was made", nobody);
        let Some((filming, since)) = job.filming.clone() else {
            let ask = self.film_ask(&job, words, task.id).await?;
            let filming = steps.at("begin", minds.begin_film(&ask)).await.map_err(nobody)?;
            let job = FilmJob { filming: Some((filming, now)), ..job };
            return self.look_later((task, owner), &job).await;
        };
        let film = steps.at("look", minds.film(&filming)).await.map_err(nobody)?;
        match film {
            Some(film) => {
                self.keep_film((task, owner), &story, &job, film, steps).await?;
                Ok(Done::Ended)
            }
            None if now - since > self.choices.longest_film() => {
                Err(AppError::new(ErrorKind::Provider, "The film was not made in time."))
            }
            None => self.look_later((task, owner), &job).await,
        }
    }

    async fn look_later(
        &self,
        (task, owner): (&Task, Uuid),
        job: &FilmJob,
    ) -> Result<Done, AppError> {
        let payload = serde_json::to_value(job)?;
        let mut tx = self.store.begin().await?;
        if tx.put_off(task.id, owner, &payload, self.clock.now() + LOOK_AGAIN).await? {
            tx.save().await?;
        }
        Ok(Done::PutOff)
    }

    async fn film_ask(
        &self,
        job: &FilmJob,
        words: FrameWords,
        task_id: Uuid,
    ) -> Result<FilmAsk, AppError> {
        let picture = self.store.picture(job.image_id).await?.ok_or_else(no_frame)?;
        let bytes = self.file(&picture.key).await?.ok_or_else(|| AppError::gone(&picture.key))?;
        let picture = self.compute.run(move || Photograph::read(&bytes)).await??.pixels;
        let prompt = words.illustration.filter(|prompt| !prompt.is_empty()).or(words.text);
        let prompt = prompt.unwrap_or_default();
        Ok(FilmAsk { prompt, picture, seed: mix(seed_of(task_id)) })
    }

    async fn keep_film(
        &self,
        claim: (&Task, Uuid),
        story: &Story,
        job: &FilmJob,
        film: Film,
        steps: &Steps,
    ) -> Result<(), AppError> {
        let (key, object) =
            self.write_beside(&story.client_id, film.bytes, "mp4", "video/mp4").await?;
        let (width, height) = (film.size.width.cast_signed(), film.size.height.cast_signed());
        let view = VideoView {
            width,
            height,
            format: object.content_type.clone(),
            url: object.key.clone(),
            duration_seconds: film.seconds,
            frame_rate: film.frame_rate,
        };
        let keep = async {
            let now = self.clock.now();
            let mut tx = self.store.begin().await?;
            // A redraw of the picture waits, or has ended; then the film is of another picture.
            tx.lock_story(story.id).await?;
            let words = tx.frame_image(story.id, job.number).await?;
            if words != Some(job.image_id) {
                let detail = "The frame has another picture by now.";
                return Err(AppError::new(ErrorKind::Conflict, detail));
            }
            let old = tx.take_video((story.id, job.number)).await?;
            tx.keep_media_object(&object).await?;
            let video = NewVideo {
                media_key: &object.key,
                width,
                height,
                format: &object.content_type,
                duration_seconds: film.seconds,
                frame_rate: film.frame_rate,
                now,
            };
            if !tx.set_video((story.id, job.number), video).await? {
                return Err(no_frame());
            }
            let told = json!({"number": job.number, "video": view});
            self.end_beside(tx, claim, story, (told, old.into_iter().collect())).await
        };
        self.keep_or_remove(steps.at("keep", keep).await, &key).await
    }
}

/// Whether a film is wished for and can be made; notes where it cannot.
pub(in crate::app) fn wants_film(parameters: &Parameters, minds: &Minds) -> bool {
    if parameters.generate_video != Some(true) {
        return false;
    }
    if !minds.can_film() {
        let note = "No film is made, because no model for films is configured.";
        minds.note(note.to_owned());
    }
    minds.can_film()
}
