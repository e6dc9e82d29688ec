//! A frame's text, spoken.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Attachments, Given, failed};
use crate::app::AppError;
use crate::app::frames::FrameRun;
use crate::app::jobs::{SpeakFrame, Steps, TaskOutcome};
use crate::app::stories::{AudioView, no_frame};
use crate::audio::AudioFormat;
use crate::domain::{FramePlace, ObjectKey};
use crate::inference::{Minds, Nobody, SpeechAsk, Spoken};
use crate::store::{Lease, MediaObject, NewAudioClip, Tx};
use crate::storytellers::Telling;

/// A voice whose file is written.
#[derive(Debug)]
pub(in crate::app::frames) struct Voiced {
    pub(in crate::app::frames) key: ObjectKey,
    object: MediaObject,
    pub(in crate::app::frames) view: AudioView,
}

/// What became of the wish that a frame be spoken.
#[derive(Debug, Default)]
pub(in crate::app::frames) struct Narration {
    /// A voice for each beat; none where there is nothing to say, or nobody spoke.
    pub(super) voices: Vec<Option<Voiced>>,
    /// Beats that nobody spoke in time; that is tried again.
    later: Vec<usize>,
}

impl Narration {
    /// The files that are written.
    pub(in crate::app::frames) fn keys(&self) -> Vec<ObjectKey> {
        self.voices.iter().flatten().map(|voiced| voiced.key.clone()).collect()
    }

    /// Whether a beat has something to say that is to be spoken later.
    pub(in crate::app::frames) fn lacks(&self, index: usize) -> bool {
        self.later.contains(&index)
    }

    /// The voice of a beat.
    pub(in crate::app::frames) fn of(&self, index: usize) -> Option<&Voiced> {
        self.voices.get(index).and_then(Option::as_ref)
    }
}

impl Attachments {
    /// Every beat's text, spoken, if that is wished for.
    pub(in crate::app::frames) async fn narrate(
        &self,
        run: &FrameRun<'_>,
        telling: &Telling,
        minds: &Minds,
    ) -> Narration {
        let mut narration = Narration::default();
        if run.parameters.narrate != Some(true) {
            return narration;
        }
        for (index, beat) in telling.beats.iter().enumerate() {
            let Some(text) = &beat.text else {
                narration.voices.push(None);
                continue;
            };
            let voice = run.parameters.narration_voice.clone();
            let ask = SpeechAsk { text: text.clone(), voice };
            let spoken = match minds.speak(&ask).await {
                Ok(spoken) => self.voiced(&run.story.client_id, spoken).await.map_err(|error| {
                    tracing::warn!(%error, "a voice could not be kept");
                    Nobody { because: "it could not be kept".to_owned(), may_pass: true }
                }),
                Err(nobody) => Err(nobody),
            };
            narration.voices.push(spoken.map_or_else(
                |Nobody { because, may_pass }| {
                    minds.note(if may_pass {
                        narration.later.push(index);
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
    pub(in crate::app::frames) async fn speak_frame(
        &self,
        lease: &Lease,
        job: SpeakFrame,
        steps: &Steps,
    ) -> Result<TaskOutcome, AppError> {
        let SpeakFrame { number, voice, .. } = job;
        let (story, words) = self.frame_of(lease, number).await?;
        let minds = self.minds_of(&story).await?;
        let ask = SpeechAsk { text: words.text.unwrap_or_default(), voice };
        let spoken = steps.at("speak", minds.speak(&ask)).await;
        let spoken = spoken.map_err(|nobody| failed("The text was not spoken", nobody))?;
        let voiced = self.voiced(&story.client_id, spoken).await?;
        let view = json!({"number": number, "audio": voiced.view});
        let keep = async {
            let mut tx = self.store.begin().await?;
            tx.lock_story(story.id).await?;
            let replaced = tx.keys_beside(story.id, number, number).await?;
            let frame = FramePlace { story_id: story.id, number };
            voiced.keep(&mut tx, frame, self.clock.now()).await?;
            self.finish(tx, lease, &story, Given { view, replaced }).await
        };
        self.keep_or_remove(steps.at("keep", keep).await, &voiced.key).await?;
        Ok(TaskOutcome::Completed)
    }

    async fn voiced(&self, client_id: &str, spoken: Spoken) -> Result<Voiced, AppError> {
        let Spoken { bytes, format, seconds } = spoken;
        // As it is named among media, a sound in WebM has another extension than a film has.
        let extension = match format {
            AudioFormat::Webm => "weba",
            other => other.extension(),
        };
        let (key, object) = self.write(client_id, bytes, extension, format.media_type()).await?;
        let view = AudioView {
            format: object.content_type.clone(),
            url: object.key.clone(),
            duration_seconds: seconds,
        };
        Ok(Voiced { key, object, view })
    }
}

impl Voiced {
    /// The rows of a frame's voice.
    pub(in crate::app::frames) async fn keep(
        &self,
        tx: &mut Tx,
        frame: FramePlace,
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
