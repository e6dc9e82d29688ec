//! Edits the text of a frame.

use serde_json::json;

use super::{NumberedFrame, Stories, frame_not_found, parse_frame_number, story_not_found};
use crate::app::audit::AuditChange;
use crate::app::jobs::{NarrateFrame, Origin, Subject};
use crate::app::{Actor, AppError};
use crate::domain::{EventKind, FrameKey, story_title};

/// The longest text of a frame, in characters.
const MAX_TEXT_CHARS: usize = 20_000;

impl Stories {
    /// Replaces the text of a frame. Search finds the new words, a narration is spoken again, and the story's title
    /// follows if it is the start of the old text. Returns the frame.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`](crate::app::ErrorKind::NotFound) if the story or frame is unknown, with
    /// [`ErrorKind::Forbidden`](crate::app::ErrorKind::Forbidden) if the actor may not change the story, and with
    /// [`ErrorKind::Invalid`](crate::app::ErrorKind::Invalid) if the text is empty or too long.
    pub async fn edit_frame_text(
        &self,
        actor: Actor<'_>,
        story_id: &str,
        number: &str,
        text: &str,
        origin: Origin,
    ) -> Result<NumberedFrame, AppError> {
        let story = self.find_changeable_story(actor, story_id).await?;
        let number_text = number;
        let number = parse_frame_number(number)?;
        let text = validate_text(text)?;
        let frame = FrameKey { story_id: story.id, number };
        let now = self.clock.now();
        let voice = self.narration_voice(frame).await?;
        let mut tx = self.store.begin().await?;
        if !tx.lock_story(story.id).await? {
            return Err(story_not_found());
        }
        let (before, narration) = tx.frame_text(frame).await?.ok_or_else(frame_not_found)?;
        if before.as_deref() == Some(text) {
            drop(tx);
            return self.frame(&story.id.to_string(), number_text).await;
        }
        let is_told_here = tx.set_frame_text(frame, text).await?.ok_or_else(frame_not_found)?;
        if is_told_here {
            self.jobs.enqueue_indexing(&mut tx, story.id, number).await?;
        }
        if let Some(key) = narration {
            // The narration speaks the old words.
            tx.delete_audio_clip(frame).await?;
            let keys = tx.delete_frame_media(&[], &[key]).await?;
            self.jobs.enqueue_file_removal(&mut tx, keys).await?;
            let subject = Subject { client_id: Some(&story.client_id), story_id: Some(story.id) };
            self.jobs.enqueue(&mut tx, subject, &NarrateFrame { origin, number, voice }).await?;
        }
        let client_id = Some(story.client_id.as_str());
        let was_title = before.as_deref().is_some_and(|before| story_title(before) == story.title);
        if was_title && number == 0 {
            let title = story_title(text);
            tx.update_story_title(story.id, &title, now).await?;
            let payload = json!({"title": title, "slug": story.slug});
            tx.publish(EventKind::Story, client_id, Some(story.id), payload, now);
        }
        let id = format!("{}/frames/{number}", story.id);
        let change = AuditChange {
            action: "update",
            resource: "stories",
            id: &id,
            before: Some(json!({"text": before})),
            after: Some(json!({"text": text})),
        };
        change.record_unless_client(&mut tx, actor, now).await?;
        let payload = json!({"number": number, "edited": true});
        tx.publish(EventKind::Frame, client_id, Some(story.id), payload, now);
        tx.save().await?;
        tracing::info!(story_id = %story.id, number, actor = %actor.principal, "frame text edited");
        self.frame(&story.id.to_string(), number_text).await
    }

    /// Returns the voice that the frame's request asked for.
    async fn narration_voice(&self, frame: FrameKey) -> Result<Option<String>, AppError> {
        let source = self.store.illustration_source(frame).await?;
        let voice = source.and_then(|source| {
            let voice = source.metadata.get("parameters")?.get("narration_voice")?;
            voice.as_str().map(str::to_owned)
        });
        Ok(voice)
    }
}

/// Checks a text, and returns it without blanks around it.
fn validate_text(text: &str) -> Result<&str, AppError> {
    if text.chars().count() > MAX_TEXT_CHARS || text.contains('\0') {
        let reason = format!("must be text of at most {MAX_TEXT_CHARS} characters, without NUL");
        return Err(AppError::invalid("text", reason));
    }
    if !text.chars().any(|c| !c.is_whitespace() && !c.is_control()) {
        return Err(AppError::invalid("text", "must not be empty"));
    }
    Ok(text.trim())
}
