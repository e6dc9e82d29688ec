//! Changing a story by hand: its title, its last frame taken back, all of it removed.
//!
//! What is removed is gone with the transaction; its files follow by a task of the same transaction, so that a kill
//! in between leaves neither a frame without its picture nor a picture without its frame.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Stories, frame_not_found, parse_frame_number, story_not_found};
use crate::app::audit::AuditChange;
use crate::app::jobs::{Job, TellFrame, decode, story_lane};
use crate::app::{Actor, AppError, ErrorKind};
use crate::domain::{EventKind, FrameKey, story_title};
use crate::store::{ImageToDelete, Story, StorySize, Tx};

impl Stories {
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
        let story = self.find_changeable_story(actor, story_id).await?;
        let title = validate_title(title)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.lock_story(story.id).await? {
            return Err(story_not_found());
        }
        tx.retitle_story(story.id, &title, now).await?;
        let (before, after) = (json!({"title": story.title}), json!({"title": title}));
        let id = story.id.to_string();
        story_change("update", &id, before, Some(after))
            .record_unless_client(&mut tx, actor, now)
            .await?;
        let named = json!({"title": title, "slug": story.slug});
        tx.publish(EventKind::Story, Some(&story.client_id), Some(story.id), named, now);
        tx.save().await?;
        tracing::info!(story = %story.id, actor = %actor.principal, "a story was renamed");
        self.store.story(story.id).await?.ok_or_else(story_not_found)
    }

    /// Takes a story's last frame back, as if it had never been told.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] when it is not the last, or the story is being told.
    pub async fn remove_last_frame(
        &self,
        actor: Actor<'_>,
        story_id: &str,
        number: &str,
    ) -> Result<(), AppError> {
        let story = self.find_changeable_story(actor, story_id).await?;
        let number = parse_frame_number(number)?;
        let frame = FrameKey { story_id: story.id, number };
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.lock_story(story.id).await? {
            return Err(story_not_found());
        }
        if tx.open_task(&story_lane(story.id)).await?.is_some() {
            let detail = "The story is being told; wait until that is done, or cancel its task.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let state = tx.state_before(frame).await?.ok_or_else(frame_not_found)?;
        let mut pictures = tx.frame_images(story.id, number, number).await?;
        if number == 0 {
            pictures.extend(tx.clear_thumbnail(story.id).await?);
        }
        let attachment_keys = tx.attachment_keys(story.id, number, number).await?;
        if !tx.delete_last_frame(frame, &state, now).await? {
            let detail = "Only a story's last frame can be taken back; begin with that one.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let mut keys = tx.delete_images(&pictures).await?;
        let attachment_keys: Vec<&str> = attachment_keys.iter().map(String::as_str).collect();
        keys.extend(tx.remove_media_objects(&attachment_keys).await?);
        self.jobs.enqueue_file_removal(&mut tx, keys).await?;
        self.jobs.enqueue_unindexing(&mut tx, story.id, number..=number).await?;
        let gone = json!({"number": number, "removed": true});
        tx.publish(EventKind::Frame, Some(&story.client_id), Some(story.id), gone, now);
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
        let story = self.find_changeable_story(actor, story_id).await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if !tx.lock_story(story.id).await? {
            return Err(story_not_found());
        }
        let (keys, _) = self.remove_story_rows(&mut tx, story.id).await?;
        self.jobs.enqueue_file_removal(&mut tx, keys).await?;
        let before = json!({"client_id": story.client_id, "title": story.title});
        let id = story.id.to_string();
        story_change("delete", &id, before, None).record_unless_client(&mut tx, actor, now).await?;
        let gone = json!({"removed": true});
        tx.publish(EventKind::Story, Some(&story.client_id), Some(story.id), gone, now);
        tx.save().await?;
        tracing::info!(story = %story.id, actor = %actor.principal, "a story was removed");
        Ok(())
    }

    /// Removes a story, locked before, with everything that belongs to it; the keys of its files, which are to follow, and how
    /// much it was.
    pub(in crate::app) async fn remove_story_rows(
        &self,
        tx: &mut Tx,
        id: Uuid,
    ) -> Result<(Vec<String>, StorySize), AppError> {
        let mut pictures: Vec<ImageToDelete> = tx.frame_images(id, 0, i32::MAX).await?;
        pictures.extend(tx.clear_thumbnail(id).await?);
        let attachment_keys = tx.attachment_keys(id, 0, i32::MAX).await?;
        let size = tx.story_size(id).await?;
        self.jobs.enqueue_unindexing(tx, id, 0..=size.frames - 1).await?;
        tx.remove_story(id).await?;
        let mut keys = tx.delete_images(&pictures).await?;
        let tasks = tx.delete_story_tasks_and_events(id).await?;
        let mut others: Vec<String> = attachment_keys;
        for task in tasks.iter().filter(|task| task.kind == TellFrame::KIND) {
            let job: TellFrame = decode(task)?;
            others.extend(job.inputs().into_iter().map(str::to_owned));
        }
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        keys.extend(tx.remove_media_objects(&others).await?);
        Ok((keys, size))
    }
}

/// A change of a story, for the audit.
fn story_change<'a>(
    action: &'static str,
    id: &'a str,
    before: Value,
    after: Option<Value>,
) -> AuditChange<'a> {
    AuditChange { action, resource: "stories", id, before: Some(before), after }
}

/// A title that can be kept, on one line.
pub(in crate::app) fn validate_title(title: &str) -> Result<String, AppError> {
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
