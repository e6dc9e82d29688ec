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
pub(super) use video::wants_film;

use super::{Below, FrameRun};
use crate::app::config::Config;
use crate::app::files::Files;
use crate::app::jobs::{FilmFrame, Jobs, Origin, SpeakFrame, Subject};
use crate::app::models::{MindsOf, Models};
use crate::app::stories::no_frame;
use crate::app::{AppError, ErrorKind};
use crate::compute::Compute;
use crate::domain::{Clock, EventKind, FramePlace, MediaName, ObjectKey};
use crate::inference::{Minds, Nobody};
use crate::store::{FrameWords, Lease, MediaObject, Store, Story, Tx};

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
pub(super) struct AttachmentsWanted {
    /// The frame's number.
    pub(super) number: i32,
    /// Whether its text is still to be spoken.
    pub(super) speech: bool,
    /// The picture that a video is to be made of.
    pub(super) film_of: Option<Uuid>,
}

/// What a task gave its frame: for the event and the task's result.
struct Given {
    view: Value,
    /// Keys of the files whose place it takes.
    replaced: Vec<String>,
}

impl Attachments {
    pub(super) fn new(below: &Below) -> Self {
        Self {
            store: below.store.clone(),
            clock: Arc::clone(&below.clock),
            compute: below.compute.clone(),
            files: Arc::clone(&below.files),
            config: Arc::clone(&below.config),
            models: Arc::clone(&below.models),
            jobs: Arc::clone(&below.jobs),
        }
    }

    /// Orders what a frame gets later, in the transaction that keeps the frame.
    pub(super) async fn order(
        &self,
        tx: &mut Tx,
        run: &FrameRun<'_>,
        wanted: &AttachmentsWanted,
    ) -> Result<(), AppError> {
        let (number, origin) = (wanted.number, run.job.origin.clone());
        if wanted.speech {
            let voice = run.parameters.narration_voice.clone();
            let speech = SpeakFrame { origin: origin.clone(), number, voice };
            self.jobs.enqueue(tx, subject(&run.story), &speech).await?;
        }
        if let Some(image_id) = wanted.film_of {
            self.order_film(tx, &run.story, number, image_id, origin).await?;
        }
        Ok(())
    }

    /// Orders a video of a frame's picture.
    pub(super) async fn order_film(
        &self,
        tx: &mut Tx,
        story: &Story,
        number: i32,
        image_id: Uuid,
        origin: Origin,
    ) -> Result<(), AppError> {
        let film = FilmFrame { origin, number, image_id, filming: None };
        self.jobs.enqueue(tx, subject(story), &film).await?;
        Ok(())
    }

    /// The end of a task that gave a frame something: replaced files go, the event is published, and nothing is saved
    /// yet.
    async fn finish(
        &self,
        mut tx: Tx,
        lease: &Lease,
        story: &Story,
        given: Given,
    ) -> Result<Tx, AppError> {
        let now = self.clock.now();
        let replaced: Vec<&str> = given.replaced.iter().map(String::as_str).collect();
        let keys = tx.remove_media_objects(&replaced).await?;
        self.jobs.remove_files_later(&mut tx, keys).await?;
        let client_id = Some(story.client_id.as_str());
        tx.publish(EventKind::Frame, client_id, Some(story.id), given.view.clone(), now);
        lease.complete(&mut tx, &given.view, now).await?;
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
                self.files.discard(vec![key.clone()]).await;
                Err(error)
            }
        }
    }

    async fn write(
        &self,
        client_id: &str,
        bytes: Bytes,
        extension: &str,
        media_type: &str,
    ) -> Result<(ObjectKey, MediaObject), AppError> {
        let key = ObjectKey::Media(MediaName::of(Uuid::now_v7(), extension));
        let object = self.files.media_object(&key, "frame", &bytes, media_type).await?;
        let object = MediaObject { client_id: Some(client_id.to_owned()), ..object };
        let since = self.files.write_files(vec![(key.clone(), bytes)]).await?;
        Ok((key, self.files.synced(object, since)))
    }

    async fn frame_of(&self, lease: &Lease, number: i32) -> Result<(Story, FrameWords), AppError> {
        let story_id = lease.task().story_id.ok_or_else(no_frame)?;
        let story = self.store.story(story_id).await?.ok_or_else(no_frame)?;
        let words =
            self.store.frame_words(FramePlace { story_id, number }).await?.ok_or_else(no_frame)?;
        Ok((story, words))
    }

    async fn minds_of(&self, story: &Story) -> Result<Minds, AppError> {
        let strategy = self.config.strategy_of(story).await?;
        self.models.minds(MindsOf::story(story, &story.client_id, &strategy)).await
    }
}

fn failed(what: &str, nobody: Nobody) -> AppError {
    let Nobody { because, may_pass } = nobody;
    let kind = if may_pass { ErrorKind::Unavailable } else { ErrorKind::Provider };
    AppError::new(kind, format!("{what}, because {because}."))
}

/// Whose events and which story a frame's tasks belong to.
fn subject(story: &Story) -> Subject<'_> {
    Subject { client_id: Some(story.client_id.as_str()), story_id: Some(story.id) }
}
