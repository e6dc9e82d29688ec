//! A film of a frame's picture.

use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use super::{Attachments, Given, failed};
use crate::app::frames::chance::{mix, seed_of};
use crate::app::frames::senses::Photograph;
use crate::app::jobs::{FilmFrame, Steps, TaskOutcome};
use crate::app::stories::{VideoView, no_frame};
use crate::app::{AppError, ErrorKind};
use crate::domain::{FramePlace, Parameters};
use crate::inference::{Film, FilmAsk, Minds};
use crate::store::{FrameWords, Lease, NewVideo, Story};

/// How long to wait before looking again whether a film is made.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(5);

impl Attachments {
    /// Begins the film of a claimed task's frame, or looks whether it is made; then the task ends in the transaction that
    /// keeps it.
    ///
    /// # Errors
    ///
    /// [`AppError`] when nobody could; nothing was kept then. [`AppError::may_pass`] tells whether to try again.
    pub(in crate::app::frames) async fn film_frame(
        &self,
        lease: &Lease,
        job: FilmFrame,
        steps: &Steps,
    ) -> Result<TaskOutcome, AppError> {
        let (story, words) = self.frame_of(lease, job.number).await?;
        if words.image_id != Some(job.image_id) {
            let detail = "The frame has another picture by now.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let minds = self.minds_of(&story).await?;
        let now = self.clock.now();
        let nobody = |nobody| failed("No film was made", nobody);
        let Some((filming, since)) = job.filming.clone() else {
            let ask = self.film_ask(&job, words, lease.task().id).await?;
            let filming = steps.at("begin", minds.begin_film(&ask)).await.map_err(nobody)?;
            let job = FilmFrame { filming: Some((filming, now)), ..job };
            return self.jobs.defer(lease, &job, self.clock.now() + LOOK_AGAIN).await;
        };
        let film = steps.at("look", minds.film(&filming)).await.map_err(nobody)?;
        match film {
            Some(film) => {
                self.keep_film(lease, &story, &job, film, steps).await?;
                Ok(TaskOutcome::Completed)
            }
            None if now - since > self.models.longest_film() => {
                Err(AppError::new(ErrorKind::Provider, "The film was not made in time."))
            }
            None => self.jobs.defer(lease, &job, self.clock.now() + LOOK_AGAIN).await,
        }
    }

    async fn film_ask(
        &self,
        job: &FilmFrame,
        words: FrameWords,
        task_id: Uuid,
    ) -> Result<FilmAsk, AppError> {
        let picture = self.store.picture(job.image_id).await?.ok_or_else(no_frame)?;
        let bytes =
            self.files.file(&picture.key).await?.ok_or_else(|| AppError::gone(&picture.key))?;
        let photograph = self.compute.run(move || Photograph::read(&bytes)).await?;
        let picture = photograph.map_err(AppError::internal)?.pixels;
        let prompt = words.illustration.filter(|prompt| !prompt.is_empty()).or(words.text);
        let prompt = prompt.unwrap_or_default();
        Ok(FilmAsk { prompt, picture, seed: mix(seed_of(task_id)) })
    }

    async fn keep_film(
        &self,
        lease: &Lease,
        story: &Story,
        job: &FilmFrame,
        film: Film,
        steps: &Steps,
    ) -> Result<(), AppError> {
        let (key, object) = self.write(&story.client_id, film.bytes, "mp4", "video/mp4").await?;
        let (width, height) = (film.size.width.cast_signed(), film.size.height.cast_signed());
        let view = VideoView {
            width,
            height,
            format: object.content_type.clone(),
            url: object.key.clone(),
            duration_seconds: film.seconds,
            frame_rate: film.frame_rate,
        };
        let frame = FramePlace { story_id: story.id, number: job.number };
        let keep = async {
            let now = self.clock.now();
            let mut tx = self.store.begin().await?;
            // A redraw of the picture waits, or has ended; then the film is of another picture.
            tx.lock_story(story.id).await?;
            let words = tx.frame_image(frame).await?;
            if words != Some(job.image_id) {
                let detail = "The frame has another picture by now.";
                return Err(AppError::new(ErrorKind::Conflict, detail));
            }
            let old = tx.take_video(frame).await?;
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
            if !tx.set_video(frame, video).await? {
                return Err(no_frame());
            }
            let view = json!({"number": job.number, "video": view});
            let given = Given { view, replaced: old.into_iter().collect() };
            self.finish(tx, lease, story, given).await
        };
        self.keep_or_remove(steps.at("keep", keep).await, &key).await
    }
}

/// Whether a film is wished for and can be made; notes where it cannot.
pub(in crate::app::frames) fn wants_film(parameters: &Parameters, minds: &Minds) -> bool {
    if parameters.generate_video != Some(true) {
        return false;
    }
    if !minds.can_film() {
        let note = "No film is made, because no model for films is configured.";
        minds.note(note.to_owned());
    }
    minds.can_film()
}
