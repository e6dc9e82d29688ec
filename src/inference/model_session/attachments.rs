//! What comes beside a frame: its text spoken, a film of its picture. There is no model behind the last one: a frame is
//! whole without them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::generated_speech::{self, GeneratedSpeech};
use super::super::generated_video::{self, GeneratedVideo};
use super::super::{
    Capability, Failure, InferenceError, Model, ModelResponse, SpeechRequest, Usage, VideoRequest,
};
use super::ModelSession;

/// Characters that are spoken in a second, by a slow voice.
const CHARACTERS_PER_SECOND: f64 = 8.0;

/// The longest film that anyone makes, in seconds.
const MAX_VIDEO_SECONDS: f64 = 10.0;

/// Why there is no film where nobody is configured to make one.
const NO_VIDEO_MODEL: &str = "no model for films is configured";

/// A film that is being made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingVideo {
    provider: String,
    model: String,
    /// What it is asked after by.
    name: String,
}

/// Nobody could do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUnavailable {
    /// Why: the second half of a sentence.
    pub reason: String,
    /// Whether it may go well another time.
    pub is_retryable: bool,
}

impl ModelSession {
    /// A text, spoken.
    ///
    /// # Errors
    ///
    /// [`Nobody`] when no voice is configured, or none of them speaks.
    pub async fn synthesize_speech(
        &self,
        ask: &SpeechRequest,
    ) -> Result<GeneratedSpeech, ModelUnavailable> {
        let spoken =
            self.first_success(&self.parts.chains.speech, |model| self.synthesize_with(model, ask));
        spoken.await.map_err(|nobody| nobody.or_reason("no voice is configured"))
    }

    /// Begins a film.
    ///
    /// # Errors
    ///
    /// [`Nobody`] when no model for films is configured, or none of them begins one.
    pub async fn start_video(&self, ask: &VideoRequest) -> Result<PendingVideo, ModelUnavailable> {
        let begun =
            self.first_success(&self.parts.chains.video, |model| self.start_video_with(model, ask));
        begun.await.map_err(|nobody| nobody.or_reason(NO_VIDEO_MODEL))
    }

    /// The film that was begun; `None` while it is being made.
    ///
    /// # Errors
    ///
    /// [`Nobody`] when it cannot be asked after, or will never be done.
    pub async fn poll_video(
        &self,
        filming: &PendingVideo,
    ) -> Result<Option<GeneratedVideo>, ModelUnavailable> {
        let is_its =
            |model: &&Model| model.provider == filming.provider && model.name == filming.model;
        let nobody = ModelUnavailable { reason: String::new(), is_retryable: false };
        let model = self.parts.chains.video.iter().find(is_its);
        let model = model.ok_or_else(|| nobody.or_reason(NO_VIDEO_MODEL))?;
        let call = self.call(model, self.deadline(Capability::Image));
        let asked = self.parts.registry.poll_video(&call, &filming.name);
        let failed = |error: InferenceError| ModelUnavailable::from_error(&error);
        let Some(bytes) = asked.await.map_err(failed)? else { return Ok(None) };
        let film = self.validate_off_thread(bytes, generated_video::validate).await.map_err(
            |failure| {
                let provider = self.parts.registry.display_name(&model.provider);
                failed(InferenceError { provider, failure })
            },
        )?;
        Ok(Some(film))
    }

    /// Whether anyone here makes films.
    #[must_use]
    pub fn can_generate_video(&self) -> bool {
        !self.parts.chains.video.is_empty()
    }

    /// What the first model gives that can.
    async fn first_success<'a, T, F>(
        &self,
        models: &'a [Model],
        ask: impl Fn(&'a Model) -> F,
    ) -> Result<T, ModelUnavailable>
    where
        F: Future<Output = Result<ModelResponse<T>, InferenceError>>,
    {
        let mut nobody = ModelUnavailable { reason: String::new(), is_retryable: false };
        for model in models {
            match ask(model).await {
                Ok(answer) => return Ok(answer.value),
                Err(error) => {
                    tracing::warn!(%error, model = model.name, "a model failed");
                    let one = ModelUnavailable::from_error(&error);
                    if !nobody.reason.is_empty() {
                        nobody.reason.push_str(" and ");
                    }
                    nobody.reason.push_str(&one.reason);
                    nobody.is_retryable |= one.is_retryable;
                }
            }
        }
        Err(nobody)
    }

    async fn synthesize_with(
        &self,
        model: &Model,
        ask: &SpeechRequest,
    ) -> Result<ModelResponse<GeneratedSpeech>, InferenceError> {
        let characters = ask.text.chars().count();
        let seconds = characters as f64 / CHARACTERS_PER_SECOND + 1.0;
        let input_tokens = super::estimate_tokens(&ask.text);
        let most = Usage { input_tokens, seconds, ..Usage::default() };
        let order = self.pending_call(model, Capability::Speech, most);
        let spoken = self.parts.registry.call_model(
            &order,
            |provider| provider.speech.clone(),
            |asked| async move {
                let ModelResponse { value, .. } = asked.synthesize_speech(&order.call, ask).await?;
                let value = self.validate_off_thread(value, generated_speech::validate).await?;
                let seconds = value.seconds.unwrap_or(seconds);
                Ok(ModelResponse::new(value, Usage { seconds, ..most }))
            },
        );
        spoken.await
    }

    async fn start_video_with(
        &self,
        model: &Model,
        ask: &VideoRequest,
    ) -> Result<ModelResponse<PendingVideo>, InferenceError> {
        self.observe_prompt(Capability::Video, model, &ask.prompt);
        let most = Usage { seconds: MAX_VIDEO_SECONDS, ..Usage::default() };
        let order = self.pending_call(model, Capability::Video, most);
        let begun = self.parts.registry.call_model(
            &order,
            |provider| provider.video.clone(),
            |asked| async move {
                let ModelResponse { value: name, usage, .. } =
                    asked.start_video(&order.call, ask).await?;
                let (provider, model) = (model.provider.clone(), model.name.clone());
                Ok(ModelResponse::new(PendingVideo { provider, model, name }, usage))
            },
        );
        begun.await
    }

    /// What a file is found to be, on a thread for that.
    async fn validate_off_thread<T: Send + 'static>(
        &self,
        bytes: Bytes,
        check: fn(Bytes) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let looked = self.parts.compute.run(move || check(bytes)).await;
        // Whatever breaks a decoder is no file that a device can play.
        looked.unwrap_or_else(|error| {
            tracing::warn!(%error, "a file broke its decoder");
            Err(Failure::invalid_response("its file cannot be read"))
        })
    }
}

impl ModelUnavailable {
    fn from_error(error: &InferenceError) -> Self {
        let failure = &error.failure;
        let may_pass = failure.is_retryable()
            || failure.is_provider_failure()
            || *failure == Failure::CircuitOpen;
        Self { reason: error.to_string(), is_retryable: may_pass }
    }

    fn or_reason(mut self, reason: &str) -> Self {
        if self.reason.is_empty() {
            self.reason.push_str(reason);
        }
        self
    }
}
