//! Narration: a frame's text as speech.

use std::error::Error;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Attachments, NewAttachment, attachment_error};
use crate::app::AppError;
use crate::app::frames::FrameRun;
use crate::app::jobs::{NarrateFrame, StepTracker, TaskOutcome};
use crate::app::stories::{AudioView, frame_not_found};
use crate::audio::AudioFormat;
use crate::domain::{FrameKey, ObjectKey};
use crate::inference::{GeneratedSpeech, ModelSession, ModelUnavailable, SpeechRequest};
use crate::store::{Lease, MediaObject, NewAudioClip, Tx};
use crate::storytellers::Telling;

/// A narration whose file is written.
#[derive(Debug)]
pub(in crate::app::frames) struct NarrationClip {
    pub(in crate::app::frames) key: ObjectKey,
    object: MediaObject,
    pub(in crate::app::frames) view: AudioView,
}

/// The narrations of a telling's beats.
#[derive(Debug, Default)]
pub(in crate::app::frames) struct Narration {
    /// One entry for each beat; `None` for a beat that has no text or could not be narrated. Empty if no narration was
    /// requested.
    pub(super) clips: Vec<Option<NarrationClip>>,
    /// Indexes of the beats whose narration failed and is tried again by a task.
    pending: Vec<usize>,
}

impl Narration {
    /// Returns the keys of the files that are written.
    pub(in crate::app::frames) fn keys(&self) -> Vec<ObjectKey> {
        self.clips.iter().flatten().map(|clip| clip.key.clone()).collect()
    }

    /// Returns whether a task must narrate this beat later.
    pub(in crate::app::frames) fn is_pending(&self, index: usize) -> bool {
        self.pending.contains(&index)
    }

    /// Returns the narration of a beat.
    pub(in crate::app::frames) fn clip(&self, index: usize) -> Option<&NarrationClip> {
        self.clips.get(index).and_then(Option::as_ref)
    }
}

impl Attachments {
    /// Narrates every beat that has a text, if the frame's parameters ask for it.
    pub(in crate::app::frames) async fn narrate(
        &self,
        run: &FrameRun<'_>,
        telling: &Telling,
        session: &ModelSession,
    ) -> Narration {
        let mut narration = Narration::default();
        if run.parameters.narrate != Some(true) {
            return narration;
        }
        for (index, beat) in telling.beats.iter().enumerate() {
            let Some(text) = &beat.text else {
                narration.clips.push(None);
                continue;
            };
            let voice = run.parameters.narration_voice.clone();
            let request = SpeechRequest { text: text.clone(), voice };
            let clip = match session.synthesize_speech(&request).await {
                Ok(speech) => {
                    self.write_clip(&run.story.client_id, speech).await.map_err(|error| {
                        let error = &error as &dyn Error;
                        tracing::warn!(error, "a narration could not be stored");
                        ModelUnavailable {
                            reason: "it could not be stored".to_owned(),
                            is_retryable: true,
                        }
                    })
                }
                Err(unavailable) => Err(unavailable),
            };
            narration.clips.push(clip.map_or_else(
                |ModelUnavailable { reason, is_retryable }| {
                    session.add_note(if is_retryable {
                        narration.pending.push(index);
                        format!("The text is not spoken yet, because {reason}; it is tried again.")
                    } else {
                        format!("The text was not spoken, because {reason}.")
                    });
                    None
                },
                Some,
            ));
        }
        narration
    }

    /// Narrates the frame of a claimed task, and completes the task in the transaction that saves the narration.
    ///
    /// # Errors
    ///
    /// [`AppError`] if no model could; nothing was saved then. [`AppError::is_retryable`] says whether to try again.
    pub(in crate::app::frames) async fn narrate_frame(
        &self,
        lease: &Lease,
        job: NarrateFrame,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        let NarrateFrame { number, voice, .. } = job;
        let (story, source) = self.load_frame(lease, number).await?;
        let session = self.model_session(&story).await?;
        let request = SpeechRequest { text: source.text.unwrap_or_default(), voice };
        let speech = steps.run("speak", session.synthesize_speech(&request)).await;
        let speech = speech.map_err(|error| attachment_error("The text was not spoken", error))?;
        let clip = self.write_clip(&story.client_id, speech).await?;
        let view = json!({"number": number, "audio": clip.view});
        let write = async {
            let mut tx = self.store.begin().await?;
            tx.lock_story(story.id).await?;
            let replaced = tx.attachment_keys(story.id, number, number).await?;
            let frame = FrameKey { story_id: story.id, number };
            clip.insert(&mut tx, frame, self.clock.now()).await?;
            self.finish(tx, lease, &story, NewAttachment { view, replaced }).await
        };
        self.save_or_discard(steps.run("keep", write).await, &clip.key).await?;
        Ok(TaskOutcome::Completed)
    }

    async fn write_clip(
        &self,
        client_id: &str,
        speech: GeneratedSpeech,
    ) -> Result<NarrationClip, AppError> {
        let GeneratedSpeech { bytes, format, seconds } = speech;
        // Among media, `.webm` is a video; audio in WebM has an extension of its own.
        let extension = match format {
            AudioFormat::Webm => "weba",
            other => other.extension(),
        };
        let (key, object) =
            self.write_media(client_id, bytes, extension, format.media_type()).await?;
        let view = AudioView {
            format: object.content_type.clone(),
            url: object.key.clone(),
            duration_seconds: seconds,
        };
        Ok(NarrationClip { key, object, view })
    }
}

impl NarrationClip {
    /// Writes the rows of a frame's narration.
    pub(in crate::app::frames) async fn insert(
        &self,
        tx: &mut Tx,
        frame: FrameKey,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        tx.upsert_media_object(&self.object).await?;
        let clip = NewAudioClip {
            media_key: &self.object.key,
            format: &self.object.content_type,
            duration_seconds: self.view.duration_seconds,
            now,
        };
        if tx.set_audio_clip(frame, clip).await? { Ok(()) } else { Err(frame_not_found()) }
    }
}
