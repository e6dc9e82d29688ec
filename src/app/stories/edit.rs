//! Edits stories: renames a story, removes its last frame, or removes the whole story.
//!
//! Rows are deleted in one transaction, which also enqueues a task that removes their files, so that a kill in between
//! leaves neither a frame without its image nor an image without its frame.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Stories, frame_not_found, parse_frame_number, story_not_found};
use crate::app::audit::AuditChange;
use crate::app::jobs::{Job, TellFrame, decode, story_lane};
use crate::app::{Actor, AppError, ErrorKind};
use crate::domain::{EventKind, FrameKey, story_title};
use crate::store::{ImageToDelete, Story, StorySize, Tx};

impl Stories {
    /// Changes a story's title. Its slug stays the same.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the story is unknown, with [`ErrorKind::Forbidden`] if the actor may not
    /// change it, and with [`ErrorKind::Invalid`] if the title is empty or too long.
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
        tx.update_story_title(story.id, &title, now).await?;
        let (before, after) = (json!({"title": story.title}), json!({"title": title}));
        let id = story.id.to_string();
        story_change("update", &id, before, Some(after))
            .record_unless_client(&mut tx, actor, now)
            .await?;
        let payload = json!({"title": title, "slug": story.slug});
        tx.publish(EventKind::Story, Some(&story.client_id), Some(story.id), payload, now);
        tx.save().await?;
        tracing::info!(story_id = %story.id, actor = %actor.principal, "story renamed");
        self.store.story(story.id).await?.ok_or_else(story_not_found)
    }

    /// Removes a story's last frame and restores the state before it.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the story or frame is unknown, with [`ErrorKind::Forbidden`] if the actor
    /// may not change the story, and with [`ErrorKind::Conflict`] if the frame is not the last one or a frame is being
    /// told.
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
            let detail =
                "A frame of the story is being told; wait until it is done, or cancel its task.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let state = tx.state_before(frame).await?.ok_or_else(frame_not_found)?;
        let mut images = tx.frame_images(story.id, number, number).await?;
        if number == 0 {
            images.extend(tx.clear_thumbnail(story.id).await?);
        }
        let attachment_keys = tx.attachment_keys(story.id, number, number).await?;
        if !tx.delete_last_frame(frame, &state, now).await? {
            let detail = "Only a story's last frame can be removed; remove the later frames first.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let keys = tx.delete_frame_media(&images, &attachment_keys).await?;
        self.jobs.enqueue_file_removal(&mut tx, keys).await?;
        self.jobs.enqueue_unindexing(&mut tx, story.id, number..=number).await?;
        let payload = json!({"number": number, "removed": true});
        tx.publish(EventKind::Frame, Some(&story.client_id), Some(story.id), payload, now);
        tx.save().await?;
        tracing::info!(story_id = %story.id, number, actor = %actor.principal, "frame removed");
        Ok(())
    }

    /// Removes a story with everything that belongs to it, and cancels its open tasks.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the story is unknown and with [`ErrorKind::Forbidden`] if the actor may
    /// not change it.
    pub async fn delete_story(&self, actor: Actor<'_>, story_id: &str) -> Result<(), AppError> {
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
        let payload = json!({"removed": true});
        tx.publish(EventKind::Story, Some(&story.client_id), Some(story.id), payload, now);
        tx.save().await?;
        tracing::info!(story_id = %story.id, actor = %actor.principal, "story removed");
        Ok(())
    }

    /// Deletes the rows of a story and of everything that belongs to it. The caller must have locked the story. Returns
    /// the keys of the files that the caller has to remove, and the size of the story.
    pub(in crate::app) async fn remove_story_rows(
        &self,
        tx: &mut Tx,
        id: Uuid,
    ) -> Result<(Vec<String>, StorySize), AppError> {
        let mut images: Vec<ImageToDelete> = tx.frame_images(id, 0, i32::MAX).await?;
        images.extend(tx.clear_thumbnail(id).await?);
        let attachment_keys = tx.attachment_keys(id, 0, i32::MAX).await?;
        let size = tx.story_size(id).await?;
        self.jobs.enqueue_unindexing(tx, id, 0..=size.frames - 1).await?;
        tx.delete_story(id).await?;
        let mut keys = tx.delete_frame_media(&images, &attachment_keys).await?;
        let tasks = tx.delete_story_tasks_and_events(id).await?;
        let mut other_keys: Vec<String> = Vec::new();
        for task in tasks.iter().filter(|task| task.kind == TellFrame::KIND) {
            let job: TellFrame = decode(task)?;
            other_keys.extend(job.inputs().into_iter().map(str::to_owned));
        }
        let other_keys: Vec<&str> = other_keys.iter().map(String::as_str).collect();
        keys.extend(tx.delete_media_objects(&other_keys).await?);
        Ok((keys, size))
    }
}

/// Builds the audit record of a change to a story.
fn story_change<'a>(
    action: &'static str,
    id: &'a str,
    before: Value,
    after: Option<Value>,
) -> AuditChange<'a> {
    AuditChange { action, resource: "stories", id, before: Some(before), after }
}

/// Validates a title and puts it on one line.
pub(in crate::app) fn validate_title(title: &str) -> Result<String, AppError> {
    if title.chars().count() > 1000 || title.contains('\0') {
        return Err(AppError::invalid(
            "title",
            "must be text of at most 1000 characters, without NUL",
        ));
    }
    if !title.chars().any(|c| !c.is_whitespace() && !c.is_control()) {
        return Err(AppError::invalid("title", "must not be empty"));
    }
    Ok(story_title(title))
}
