//! Changing a story by hand: its title, its last frame taken back, all of it removed.
//!
//! What is removed is gone with the transaction; its files follow by a task of the same transaction, so that a kill
//! in between leaves neither a frame without its picture nor a picture without its frame.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::accept::FrameJob;
use super::audit::Change;
use super::stories::no_story;
use super::story_parts::{frame_number, lane, no_frame};
use super::{Actor, App, AppError, Done, ErrorKind};
use crate::domain::{EventKind, TaskKind, story_title};
use crate::store::{NewTask, OldPicture, Story, StorySize, Task, Tx};

/// Keys at most in one task that removes files.
const KEYS_A_TASK: usize = 1000;

/// The payload of [`TaskKind::RemoveFiles`].
#[derive(Debug, Serialize, Deserialize)]
struct Removal {
    keys: Vec<String>,
}

impl App {
    /// Gives a story another title; its slug stays.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] and [`ErrorKind::NotYours`]; [`ErrorKind::Invalid`] for a title that is none.
    pub async fn rename_story(
        &self,
        actor: Actor<'_>,
        story_id: &str,
        title: &str,
    ) -> Result<Story, AppError> {
        let story = self.story_to_change(actor, story_id).await?;
        let title = checked_title(title)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.lock_story(story.id).await? {
            return Err(no_story());
        }
        tx.retitle_story(story.id, &title, now).await?;
        let (before, after) = (json!({"title": story.title}), json!({"title": title}));
        let id = story.id.to_string();
        change("update", &id, before, Some(after)).note_of(&mut tx, actor, now).await?;
        let named = json!({"title": title, "slug": story.slug});
        tx.tell(EventKind::Story, Some(&story.client_id), Some(story.id), named, now);
        tx.save().await?;
        tracing::info!(story = %story.id, actor = %actor.principal, "a story was renamed");
        self.store.story(story.id).await?.ok_or_else(no_story)
    }

    /// Takes a story's last frame back, as if it had never been told.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] when it is not the last, or the story is being told.
    pub async fn take_frame_back(
        &self,
        actor: Actor<'_>,
        story_id: &str,
        number: &str,
    ) -> Result<(), AppError> {
        let story = self.story_to_change(actor, story_id).await?;
        let number = frame_number(number)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.lock_story(story.id).await? {
            return Err(no_story());
        }
        if tx.open_task(&lane(story.id)).await?.is_some() {
            let detail = "The story is being told; wait until that is done, or cancel its task.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let state = tx.state_before(story.id, number).await?.ok_or_else(no_frame)?;
        let mut pictures = tx.frame_pictures(story.id, number, number).await?;
        if number == 0 {
            pictures.extend(tx.take_thumbnail(story.id).await?);
        }
        let beside = tx.keys_beside(story.id, number, number).await?;
        if !tx.take_frame_back(story.id, number, &state, now).await? {
            let detail = "Only a story's last frame can be taken back; begin with that one.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let mut keys = tx.remove_pictures(&pictures).await?;
        let beside: Vec<&str> = beside.iter().map(String::as_str).collect();
        keys.extend(tx.remove_media_objects(&beside).await?);
        self.remove_files_later(&mut tx, keys).await?;
        self.forget_later(&mut tx, story.id, number..=number).await?;
        let gone = json!({"number": number, "removed": true});
        tx.tell(EventKind::Frame, Some(&story.client_id), Some(story.id), gone, now);
        tx.save().await?;
        tracing::info!(story = %story.id, number, actor = %actor.principal, "a frame was taken back");
        Ok(())
    }

    /// Removes a story with everything that belongs to it. What is under way in it is called off.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] and [`ErrorKind::NotYours`].
    pub async fn remove_story(&self, actor: Actor<'_>, story_id: &str) -> Result<(), AppError> {
        let story = self.story_to_change(actor, story_id).await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.lock_story(story.id).await? {
            return Err(no_story());
        }
        let (keys, _) = self.remove_story_rows(&mut tx, story.id).await?;
        self.remove_files_later(&mut tx, keys).await?;
        let before = json!({"client_id": story.client_id, "title": story.title});
        let id = story.id.to_string();
        change("delete", &id, before, None).note_of(&mut tx, actor, now).await?;
        let gone = json!({"removed": true});
        tx.tell(EventKind::Story, Some(&story.client_id), Some(story.id), gone, now);
        tx.save().await?;
        tracing::info!(story = %story.id, actor = %actor.principal, "a story was removed");
        Ok(())
    }

    /// Removes a story, locked before, with everything that belongs to it; the keys of its files, which are to follow, and how
    /// much it was.
    pub(super) async fn remove_story_rows(
        &self,
        tx: &mut Tx,
        id: Uuid,
    ) -> Result<(Vec<String>, StorySize), AppError> {
        let mut pictures: Vec<OldPicture> = tx.frame_pictures(id, 0, i32::MAX).await?;
        pictures.extend(tx.take_thumbnail(id).await?);
        let beside = tx.keys_beside(id, 0, i32::MAX).await?;
        let size = tx.story_size(id).await?;
        self.forget_later(tx, id, 0..=size.frames - 1).await?;
        tx.remove_story(id).await?;
        let mut keys = tx.remove_pictures(&pictures).await?;
        let tasks = tx.remove_work_on(id).await?;
        let inputs = tasks.into_iter().flat_map(|task| {
            let job: FrameJob = serde_json::from_value(task.payload).unwrap_or_default();
            [job.image, job.sound, job.video].into_iter().flatten()
        });
        let inputs: Vec<String> = inputs.collect();
        let others: Vec<&str> = inputs.iter().chain(&beside).map(String::as_str).collect();
        keys.extend(tx.remove_media_objects(&others).await?);
        Ok((keys, size))
    }

    /// A story that the actor may change.
    pub(super) async fn story_to_change(
        &self,
        actor: Actor<'_>,
        story_id: &str,
    ) -> Result<Story, AppError> {
        let story = self.find_story(story_id).await?;
        if actor.may_change(&story.client_id) {
            return Ok(story);
        }
        let detail = "This story was made for another Sparrow and can only be read; send that one's client_id if you speak for it.";
        Err(AppError::new(ErrorKind::NotYours, detail))
    }

    /// Has files removed whose rows this transaction removes.
    pub(super) async fn remove_files_later(
        &self,
        tx: &mut Tx,
        keys: Vec<String>,
    ) -> Result<(), AppError> {
        for keys in keys.chunks(KEYS_A_TASK) {
            let task = NewTask {
                id: Uuid::now_v7(),
                kind: TaskKind::RemoveFiles,
                lane: None,
                client_id: None,
                story_id: None,
                payload: &serde_json::to_value(Removal { keys: keys.to_vec() })?,
                now: self.clock.now(),
            };
            tx.enqueue(task).await?;
        }
        Ok(())
    }

    /// Removes the files of a claimed task, and ends it; while a backup is made it is put off.
    ///
    /// # Errors
    ///
    /// [`AppError`] when one cannot be removed; the task is tried again then.
    pub async fn remove_files(&self, task: &Task, owner: Uuid) -> Result<Done, AppError> {
        let now = self.clock.now();
        if let Some(until) = self.store.kept_until().await?.filter(|until| *until > now) {
            // A backup that is being made may still speak of them.
            let mut tx = self.store.begin().await?;
            if tx.put_off(task.id, owner, &task.payload, until).await? {
                tx.save().await?;
            }
            return Ok(Done::PutOff);
        }
        let Removal { keys } = serde_json::from_value(task.payload.clone())?;
        let removed = keys.len();
        self.objects.remove_keys(keys.clone()).await?;
        if let Some(bucket) = &self.bucket {
            bucket.remove_all(&keys).await?;
        }
        let mut tx = self.store.begin().await?;
        let result = Value::from(removed);
        // The names of files may tell of whom they were.
        tx.forget_order(task.id).await?;
        if tx.complete(task.id, owner, &result, self.clock.now()).await? {
            tx.save().await?;
        }
        Ok(Done::Ended)
    }
}

/// A change of a story, for the audit.
fn change<'a>(
    action: &'static str,
    id: &'a str,
    before: Value,
    after: Option<Value>,
) -> Change<'a> {
    Change { action, resource: "stories", id, before: Some(before), after }
}

/// A title that can be kept, on one line.
pub(super) fn checked_title(title: &str) -> Result<String, AppError> {
    if title.chars().count() > 1000 || title.contains('\0') {
        return Err(AppError::invalid(
            "title",
            "must be text of at most 1000 characters, without NUL",
        ));
    }
    let title = story_title(title);
    if title.is_empty() {
        return Err(AppError::invalid("title", "is empty; say what the story is called"));
    }
    Ok(title)
}
