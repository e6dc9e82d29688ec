//! What comes beside a frame: its text spoken, and a film of its picture.
//!
//! A voice is quick: it is made while the picture is painted, and by a task of its own only when that fails. A film takes
//! minutes, so that no frame and no worker waits for it: a task begins it, and looks again every few seconds. Both are
//! told as an event of the frame when they are there.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{AudioView, VideoView};
use super::models::MindsOf;
use super::perceive::Photograph;
use super::story_parts::no_frame;
use super::tell::{Work, mix, seed_of};
use super::{App, AppError, ErrorKind, Steps};
use crate::audio::AudioFormat;
use crate::domain::{EventKind, MediaName, ObjectKey, Parameters, TaskKind};
use crate::inference::{Film, FilmAsk, Filming, Minds, Nobody, SpeechAsk, Spoken};
use crate::store::{FrameWords, MediaObject, NewAudioClip, NewTask, NewVideo, Story, Task, Tx};
use crate::storytellers::Telling;

/// How long to wait before looking again whether a film is made.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(5);

/// How far a task came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// To its end.
    Ended,
    /// It goes on later.
    PutOff,
}

/// The payload of [`TaskKind::SpeakFrame`].
#[derive(Debug, Serialize, Deserialize)]
struct Speech {
    request_id: String,
    traceparent: Option<String>,
    number: i32,
    voice: Option<String>,
}

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

/// A voice whose file is written.
#[derive(Debug)]
pub(super) struct Voiced {
    pub(super) key: ObjectKey,
    object: MediaObject,
    pub(super) view: AudioView,
}

/// What became of the wish that a frame be spoken.
#[derive(Debug, Default)]
pub(super) struct Narration {
    /// A voice for each beat; none where there is nothing to say, or nobody spoke.
    pub(super) voices: Vec<Option<Voiced>>,
    /// Whether those that are missing are to be tried again later.
    later: bool,
}

impl Narration {
    /// The files that are written.
    pub(super) fn keys(&self) -> Vec<ObjectKey> {
        self.voices.iter().flatten().map(|voiced| voiced.key.clone()).collect()
    }

    /// The voice of a beat.
    pub(super) fn of(&self, index: usize) -> Option<&Voiced> {
        self.voices.get(index).and_then(Option::as_ref)
    }
}

/// Who asked for something beside a frame.
struct Asked<'a> {
    request_id: &'a str,
    traceparent: Option<&'a str>,
}

impl App {
    /// Every beat's text, spoken, if that is wished for.
    pub(super) async fn narrate(
        &self,
        work: &Work<'_>,
        telling: &Telling,
        minds: &Minds,
    ) -> Narration {
        let mut narration = Narration::default();
        if work.parameters.narrate != Some(true) {
            return narration;
        }
        for beat in &telling.beats {
            let Some(text) = &beat.text else {
                narration.voices.push(None);
                continue;
            };
            let voice = work.parameters.narration_voice.clone();
            let ask = SpeechAsk { text: text.clone(), voice };
            let spoken = match minds.speak(&ask).await {
                Ok(spoken) => self.voiced(&work.story.client_id, spoken).await.map_err(|error| {
                    tracing::warn!(%error, "a voice could not be kept");
                    Nobody { because: "it could not be kept".to_owned(), may_pass: true }
                }),
                Err(nobody) => Err(nobody),
            };
            narration.voices.push(spoken.map_or_else(
                |Nobody { because, may_pass }| {
                    narration.later |= may_pass;
                    minds.note(if may_pass {
                        format!(
                            "The text is not spoken yet, because {because}; that is tried again."
                        )
                    } else {
                        format!("The text was not spoken, because {because}.")
                    });
                    None
                },
                Some,
            ));
        }
        narration
    }

    /// Orders what a frame gets later, in the transaction that keeps it. `film` is the picture to make a film of.
    pub(super) async fn order_beside(
        &self,
        tx: &mut Tx,
        work: &Work<'_>,
        (index, number): (usize, i32),
        (narration, film): (&Narration, Option<Uuid>),
    ) -> Result<(), AppError> {
        let job = &work.job;
        let asked = Asked { request_id: &job.request_id, traceparent: job.traceparent.as_deref() };
        if narration.later && narration.voices.get(index).is_some_and(Option::is_none) {
            let speech = Speech {
                request_id: asked.request_id.to_owned(),
                traceparent: asked.traceparent.map(str::to_owned),
                number,
                voice: work.parameters.narration_voice.clone(),
            };
            let payload = serde_json::to_value(speech)?;
            self.order_for(tx, &work.story, TaskKind::SpeakFrame, &payload).await?;
        }
        if let Some(image_id) = film {
            self.order_film(tx, &work.story, (number, image_id), asked).await?;
        }
        Ok(())
    }

    /// Orders a film for a frame whose picture was made anew.
    pub(super) async fn order_film_again(
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

    async fn order_film(
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

    /// Enqueues a task that goes down no lane: the story goes on meanwhile.
    async fn order_for(
        &self,
        tx: &mut Tx,
        story: &Story,
        kind: TaskKind,
        payload: &Value,
    ) -> Result<(), AppError> {
        let (id, now) = (Uuid::now_v7(), self.clock.now());
        let client_id = Some(story.client_id.as_str());
        let story_id = Some(story.id);
        tx.enqueue(NewTask { id, kind, lane: None, client_id, story_id, payload, now }).await?;
        let pending = json!({"id": id, "status": "pending"});
        tx.tell(EventKind::Task, client_id, story_id, pending, now);
        Ok(())
    }

    /// Speaks the text of a claimed task's frame, and ends the task in the transaction that keeps the voice.
    ///
    /// # Errors
    ///
    /// [`AppError`] when nobody could; nothing was kept then. [`AppError::may_pass`] tells whether to try again.
    pub async fn speak_frame(
        &self,
        task: &Task,
        owner: Uuid,
        steps: &Steps,
    ) -> Result<(), AppError> {
        let Speech { number, voice, .. } = serde_json::from_value(task.payload.clone())?;
        let (story, words) = self.frame_of(task, number).await?;
        let minds = self.minds_of(&story).await?;
        let ask = SpeechAsk { text: words.text.unwrap_or_default(), voice };
        let spoken = steps.at("speak", minds.speak(&ask)).await;
        let spoken = spoken.map_err(|nobody| failed("The text was not spoken", nobody))?;
        let voiced = self.voiced(&story.client_id, spoken).await?;
        let view = json!({"number": number, "audio": voiced.view});
        let keep = async {
            let mut tx = self.store.begin().await?;
            tx.lock_story(story.id).await?;
            let old = tx.keys_beside(story.id, number, number).await?;
            voiced.keep(&mut tx, (story.id, number), self.clock.now()).await?;
            self.end_beside(tx, (task, owner), &story, (view, old)).await
        };
        self.keep_or_remove(steps.at("keep", keep).await, &voiced.key).await
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
        let bytes = self.objects.read(&picture.key).await?;
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

    /// The end of a task that gave a frame something: old files go, the event is told, and nothing is saved yet.
    async fn end_beside(
        &self,
        mut tx: Tx,
        (task, owner): (&Task, Uuid),
        story: &Story,
        (told, old): (Value, Vec<String>),
    ) -> Result<Tx, AppError> {
        let now = self.clock.now();
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let keys = tx.remove_media_objects(&old).await?;
        self.remove_files_later(&mut tx, keys).await?;
        let client_id = Some(story.client_id.as_str());
        tx.tell(EventKind::Frame, client_id, Some(story.id), told.clone(), now);
        let ended = json!({"id": task.id, "status": "completed"});
        tx.tell(EventKind::Task, client_id, Some(story.id), ended, now);
        if !tx.complete(task.id, owner, &told, now).await? {
            return Err(AppError::new(ErrorKind::Conflict, "Another worker took the task over."));
        }
        Ok(tx)
    }

    /// Saves, or removes the file of what was not kept. Should the answer to a save be lost, the file stays: the sweep
    /// looks after it.
    async fn keep_or_remove(
        &self,
        kept: Result<Tx, AppError>,
        key: &ObjectKey,
    ) -> Result<(), AppError> {
        match kept {
            Ok(tx) => Ok(tx.save().await?),
            Err(error) => {
                self.objects.remove_all(vec![key.clone()]).await;
                Err(error)
            }
        }
    }

    async fn voiced(&self, client_id: &str, spoken: Spoken) -> Result<Voiced, AppError> {
        let Spoken { bytes, format, seconds } = spoken;
        // As it is named among media, a sound in WebM has another extension than a film has.
        let extension = match format {
            AudioFormat::Webm => "weba",
            other => other.extension(),
        };
        let (key, object) =
            self.write_beside(client_id, bytes, extension, format.media_type()).await?;
        let view = AudioView {
            format: object.content_type.clone(),
            url: object.key.clone(),
            duration_seconds: seconds,
        };
        Ok(Voiced { key, object, view })
    }

    async fn write_beside(
        &self,
        client_id: &str,
        bytes: Bytes,
        extension: &str,
        media_type: &str,
    ) -> Result<(ObjectKey, MediaObject), AppError> {
        let key = ObjectKey::Media(MediaName::of(Uuid::now_v7(), extension));
        let object = self.media_object(&key, "frame", &bytes, media_type).await?;
        let object = MediaObject { client_id: Some(client_id.to_owned()), ..object };
        self.objects.put_all(vec![(key.clone(), bytes)]).await?;
        Ok((key, object))
    }

    async fn frame_of(&self, task: &Task, number: i32) -> Result<(Story, FrameWords), AppError> {
        let story_id = task.story_id.ok_or_else(no_frame)?;
        let story = self.store.story(story_id).await?.ok_or_else(no_frame)?;
        let words = self.store.frame_words(story_id, number).await?.ok_or_else(no_frame)?;
        Ok((story, words))
    }

    async fn minds_of(&self, story: &Story) -> Result<Minds, AppError> {
        let strategy = self.strategy_of(story).await?;
        self.minds(MindsOf::story(story, &story.client_id, &strategy)).await
    }
}

impl Voiced {
    /// The rows of a frame's voice.
    pub(super) async fn keep(
        &self,
        tx: &mut Tx,
        frame: (Uuid, i32),
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        tx.keep_media_object(&self.object).await?;
        let clip = NewAudioClip {
            media_key: &self.object.key,
            format: &self.object.content_type,
            duration_seconds: self.view.duration_seconds,
            now,
        };
        if tx.set_audio_clip(frame, clip).await? { Ok(()) } else { Err(no_frame()) }
    }
}

/// Whether a film is wished for and can be made; notes where it cannot.
pub(super) fn wants_film(parameters: &Parameters, minds: &Minds) -> bool {
    if parameters.generate_video != Some(true) {
        return false;
    }
    if !minds.can_film() {
        let note = "No film is made, because no model for films is configured.";
        minds.note(note.to_owned());
    }
    minds.can_film()
}

fn failed(what: &str, nobody: Nobody) -> AppError {
    let Nobody { because, may_pass } = nobody;
    let kind = if may_pass { ErrorKind::Unavailable } else { ErrorKind::Provider };
    AppError::new(kind, format!("{what}, because {because}."))
}
