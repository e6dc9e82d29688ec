//! The attachments of a frame: narration and video. They have no offline fallback, because a frame is complete without
//! them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::generated_speech::{self, GeneratedSpeech};
use super::super::generated_video::{self, GeneratedVideo};
use super::super::{
    Capability, Failure, InferenceError, Model, ModelResponse, SpeechRequest, Usage, VideoRequest,
};
use super::ModelSession;

/// The number of characters that a slow voice speaks per second.
const CHARACTERS_PER_SECOND: f64 = 8.0;

/// The longest video that a provider makes, in seconds.
const MAX_VIDEO_SECONDS: f64 = 10.0;

/// The reason for a missing video if no video model is configured.
const NO_VIDEO_MODEL: &str = "no model for films is configured";

/// A video that is being made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingVideo {
    /// The provider's name in the registry.
    provider: String,
    /// The model's name at its provider.
    model: String,
    /// The name by which the provider is polled.
    name: String,
}

/// No model could do the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUnavailable {
    /// The reason, which continues a sentence after "because".
    pub reason: String,
    /// Whether a later attempt may succeed.
    pub is_retryable: bool,
}

impl ModelSession {
    /// Synthesizes the speech of a text with the first model that succeeds.
    ///
    /// # Errors
    ///
    /// Returns [`ModelUnavailable`] if no speech model is configured or all fail.
    pub async fn synthesize_speech(
        &self,
        request: &SpeechRequest,
    ) -> Result<GeneratedSpeech, ModelUnavailable> {
        let response = self
            .first_success(&self.parts.chains.speech, |model| self.synthesize_with(model, request));
        response.await.map_err(|unavailable| unavailable.or_reason("no voice is configured"))
    }

    /// Starts a video with the first model that accepts the request.
    ///
    /// # Errors
    ///
    /// Returns [`ModelUnavailable`] if no video model is configured or all fail.
    pub async fn start_video(
        &self,
        request: &VideoRequest,
    ) -> Result<PendingVideo, ModelUnavailable> {
        let response = self
            .first_success(&self.parts.chains.video, |model| self.start_video_with(model, request));
        response.await.map_err(|unavailable| unavailable.or_reason(NO_VIDEO_MODEL))
    }

    /// Returns a video that was started; `None` while it is being made.
    ///
    /// # Errors
    ///
    /// Returns [`ModelUnavailable`] if the provider cannot be polled, the video has failed, or the model is no longer
    /// configured.
    pub async fn poll_video(
        &self,
        pending_video: &PendingVideo,
    ) -> Result<Option<GeneratedVideo>, ModelUnavailable> {
        let is_same_model = |model: &&Model| {
            model.provider == pending_video.provider && model.name == pending_video.model
        };
        let unavailable = ModelUnavailable { reason: String::new(), is_retryable: false };
        let model = self.parts.chains.video.iter().find(is_same_model);
        let model = model.ok_or_else(|| unavailable.or_reason(NO_VIDEO_MODEL))?;
        let call = self.call(model, self.deadline(Capability::Image));
        let polled = self.parts.registry.poll_video(&call, &pending_video.name);
        let failed = |error: InferenceError| ModelUnavailable::from_error(&error);
        let Some(bytes) = polled.await.map_err(failed)? else { return Ok(None) };
        let video = self.validate_off_thread(bytes, generated_video::validate).await.map_err(
            |failure| {
                let provider = self.parts.registry.display_name(&model.provider);
                failed(InferenceError { provider, failure })
            },
        )?;
        Ok(Some(video))
    }

    /// Whether a video model is configured.
    #[must_use]
    pub fn can_generate_video(&self) -> bool {
        !self.parts.chains.video.is_empty()
    }

    /// Returns the result of the first model that succeeds.
    async fn first_success<'a, T, F>(
        &self,
        models: &'a [Model],
        attempt: impl Fn(&'a Model) -> F,
    ) -> Result<T, ModelUnavailable>
    where
        F: Future<Output = Result<ModelResponse<T>, InferenceError>>,
    {
        let mut unavailable = ModelUnavailable { reason: String::new(), is_retryable: false };
        for model in models {
            match attempt(model).await {
                Ok(response) => return Ok(response.value),
                Err(error) => {
                    tracing::warn!(%error, model = model.name, "model failed");
                    let failed = ModelUnavailable::from_error(&error);
                    if !unavailable.reason.is_empty() {
                        unavailable.reason.push_str(" and ");
                    }
                    unavailable.reason.push_str(&failed.reason);
                    unavailable.is_retryable |= failed.is_retryable;
                }
            }
        }
        Err(unavailable)
    }

    async fn synthesize_with(
        &self,
        model: &Model,
        request: &SpeechRequest,
    ) -> Result<ModelResponse<GeneratedSpeech>, InferenceError> {
        let characters = request.text.chars().count();
        let seconds = characters as f64 / CHARACTERS_PER_SECOND + 1.0;
        let input_tokens = super::estimate_tokens(&request.text);
        let max_usage = Usage { input_tokens, seconds, ..Usage::default() };
        let pending = self.pending_call(model, Capability::Speech, max_usage);
        let response = self.parts.registry.call_model(
            &pending,
            |provider| provider.speech.clone(),
            |backend| async move {
                let ModelResponse { value, .. } =
                    backend.synthesize_speech(&pending.call, request).await?;
                let value = self.validate_off_thread(value, generated_speech::validate).await?;
                let seconds = value.seconds.unwrap_or(seconds);
                Ok(ModelResponse::new(value, Usage { seconds, ..max_usage }))
            },
        );
        response.await
    }

    async fn start_video_with(
        &self,
        model: &Model,
        request: &VideoRequest,
    ) -> Result<ModelResponse<PendingVideo>, InferenceError> {
        self.observe_prompt(Capability::Video, model, &request.prompt);
        let max_usage = Usage { seconds: MAX_VIDEO_SECONDS, ..Usage::default() };
        let pending = self.pending_call(model, Capability::Video, max_usage);
        let response = self.parts.registry.call_model(
            &pending,
            |provider| provider.video.clone(),
            |backend| async move {
                let ModelResponse { value: name, usage, .. } =
                    backend.start_video(&pending.call, request).await?;
                let (provider, model) = (model.provider.clone(), model.name.clone());
                Ok(ModelResponse::new(PendingVideo { provider, model, name }, usage))
            },
        );
        response.await
    }

    /// Validates a file on the thread pool.
    async fn validate_off_thread<T: Send + 'static>(
        &self,
        bytes: Bytes,
        check: fn(Bytes) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let result = self.parts.compute.run(move || check(bytes)).await;
        // A file that makes a decoder panic cannot be played on a device either.
        result.unwrap_or_else(|error| {
            tracing::warn!(%error, "decoder panicked");
            Err(Failure::invalid_response("its file cannot be read"))
        })
    }
}

impl ModelUnavailable {
    fn from_error(error: &InferenceError) -> Self {
        let failure = &error.failure;
        let is_retryable = failure.is_retryable()
            || failure.is_provider_failure()
            || *failure == Failure::CircuitOpen;
        Self { reason: error.to_string(), is_retryable }
    }

    fn or_reason(mut self, reason: &str) -> Self {
        if self.reason.is_empty() {
            self.reason.push_str(reason);
        }
        self
    }
}
