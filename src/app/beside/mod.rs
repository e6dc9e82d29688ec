//! What comes beside a frame: its text spoken ([`voice`]), and a film of its picture ([`film`]).
//!
//! A voice is quick: it is made while the picture is painted, and by a task of its own only when that fails. A film takes
//! minutes, so that no frame and no worker waits for it: a task begins it, and looks again every few seconds. Both are
//! told as an event of the frame when they are there.

mod film;
mod voice;

use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::models::MindsOf;
use super::story_parts::no_frame;
use super::tell::Work;
use super::{App, AppError, ErrorKind};
use crate::domain::{EventKind, MediaName, ObjectKey, TaskKind};
use crate::inference::{Minds, Nobody};
use crate::store::{FrameWords, MediaObject, NewTask, Story, Task, Tx};

pub(super) use film::wants_film;
pub(super) use voice::Narration;

/// How far a task came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// To its end.
    Ended,
    /// It goes on later.
    PutOff,
}

/// Who asked for something beside a frame.
struct Asked<'a> {
    request_id: &'a str,
    traceparent: Option<&'a str>,
}

impl App {
    /// Orders what a frame gets later, in the transaction that keeps it. `film` is the picture to make a film of.
    pub(super) async fn order_beside(
        &self,
        tx: &mut Tx,
        work: &Work<'_>,
        (index, number): (usize, i32),
        (narration, film): (&Narration, Option<Uuid>),
    ) -> Result<(), AppError> {
        if narration.lacks(index) {
            self.order_speech(tx, work, number).await?;
        }
        if let Some(image_id) = film {
            let (request_id, traceparent) =
                (&*work.job.request_id, work.job.traceparent.as_deref());
            let asked = Asked { request_id, traceparent };
            self.order_film(tx, &work.story, (number, image_id), asked).await?;
        }
        Ok(())
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
        let since = self.write_files(vec![(key.clone(), bytes)]).await?;
        Ok((key, self.synced(object, since)))
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

fn failed(what: &str, nobody: Nobody) -> AppError {
    let Nobody { because, may_pass } = nobody;
    let kind = if may_pass { ErrorKind::Unavailable } else { ErrorKind::Provider };
    AppError::new(kind, format!("{what}, because {because}."))
}
