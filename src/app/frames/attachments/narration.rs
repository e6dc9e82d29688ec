//! A frame's text, spoken.

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

/// A voice whose file is written.
#[derive(Debug)]
pub(in crate::app::frames) struct NarrationClip {
    pub(in crate::app::frames) key: ObjectKey,
    object: MediaObject,
    pub(in crate::app::frames) view: AudioView,
}

/// What became of the wish that a frame be spoken.
#[derive(Debug, Default)]
pub(in crate::app::frames) struct Narration {
    /// A voice for each beat; none where there is nothing to say, or nobody spoke.
    pub(super) clips: Vec<Option<NarrationClip>>,
    /// Beats that nobody spoke in time; that is tried again.
    pending: Vec<usize>,
}

impl Narration {
    /// The files that are written.
    pub(in crate::app::frames) fn keys(&self) -> Vec<ObjectKey> {
        self.clips.iter().flatten().map(|voiced| voiced.key.clone()).collect()
    }

    /// Whether a beat has something to say that is to be spoken later.
    pub(in crate::app::frames) fn is_pending(&self, index: usize) -> bool {
        self.pending.contains(&index)
    }

    /// The voice of a beat.
    pub(in crate::app::frames) fn clip(&self, index: usize) -> Option<&NarrationClip> {
        self.clips.get(index).and_then(Option::as_ref)
    }
}

impl Attachments {
    /// Every beat's text, spoken, if that is wished for.
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
            let ask = SpeechRequest { text: text.clone(), voice };
            let spoken = match session.synthesize_speech(&ask).await {
                Ok(spoken) => {
                    self.write_clip(&run.story.client_id, spoken).await.map_err(|error| {
                        tracing::warn!(%error, "a voice could not be kept");
                        ModelUnavailable {
                            reason: "it could not be kept".to_owned(),
                            is_retryable: true,
                        }
                    })
                }
                Err(nobody) => Err(nobody),
            };
            narration.clips.push(spoken.map_or_else(
                |ModelUnavailable { reason: because, is_retryable: may_pass }| {
                    session.add_note(if may_pass {
                        narration.pending.push(index);
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

    /// Speaks the text of a claimed task's frame, and ends the task in the transaction that keeps the voice.
    ///
    /// # Errors
    ///
    /// [`AppError`] when nobody could; nothing was kept then. [`AppError::may_pass`] tells whether to try again.
    pub(in crate::app::frames) async fn narrate_frame(
        &self,
        lease: &Lease,
        job: NarrateFrame,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        let NarrateFrame { number, voice, .. } = job;
        let (story, words) = self.load_frame(lease, number).await?;
        let session = self.model_session(&story).await?;
        let ask = SpeechRequest { text: words.text.unwrap_or_default(), voice };
        let spoken = steps.run("speak", session.synthesize_speech(&ask)).await;
        let spoken =
            spoken.map_err(|nobody| attachment_error("The text was not spoken", nobody))?;
        let voiced = self.write_clip(&story.client_id, spoken).await?;
        let view = json!({"number": number, "audio": voiced.view});
        let keep = async {
            let mut tx = self.store.begin().await?;
            tx.lock_story(story.id).await?;
            let replaced = tx.attachment_keys(story.id, number, number).await?;
            let frame = FrameKey { story_id: story.id, number };
            voiced.insert(&mut tx, frame, self.clock.now()).await?;
            self.finish(tx, lease, &story, NewAttachment { view, replaced }).await
        };
        self.save_or_discard(steps.run("keep", keep).await, &voiced.key).await?;
        Ok(TaskOutcome::Completed)
    }

    async fn write_clip(
        &self,
        client_id: &str,
        spoken: GeneratedSpeech,
    ) -> Result<NarrationClip, AppError> {
        let GeneratedSpeech { bytes, format, seconds } = spoken;
        // As it is named among media, a sound in WebM has another extension than a film has.
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
    /// The rows of a frame's voice.
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
