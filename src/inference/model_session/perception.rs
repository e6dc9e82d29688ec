//! Image description and transcription. They have no offline fallback: what no model can describe or transcribe is left
//! out of the story.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use image::RgbImage;
use tokio::time::{Duration, Instant, timeout_at};

use super::super::{
    Capability, InferenceError, Model, ModelResponse, SoundRequest, Usage, VisionRequest,
    merge_image_analyses,
};
use super::{MAX_IMAGE_ANALYSIS_TOKENS, ModelSession, max_text_usage};
use crate::domain::ImageAnalysis;

/// How long the other vision models may still take after the first one has responded.
const STRAGGLER_WAIT: Duration = Duration::from_secs(5);

/// The estimate of input tokens for one image.
const PICTURE_TOKENS: u64 = 2000;

impl ModelSession {
    /// Describes an image with all vision models at once, and merges their descriptions. Providers get the file `jpeg`, or
    /// the image encoded as one. After the first response, the
    /// others have five more seconds. Returns `None` if no model is configured or all fail.
    pub async fn describe_image(
        &self,
        picture: &Arc<RgbImage>,
        jpeg: Option<&Bytes>,
        prompt: &str,
    ) -> Option<ImageAnalysis> {
        let request = VisionRequest {
            prompt: prompt.to_owned(),
            picture: Arc::clone(picture),
            jpeg: jpeg.cloned(),
            max_tokens: MAX_IMAGE_ANALYSIS_TOKENS,
        };
        let calls = self.parts.chains.vision.iter().enumerate();
        let mut calls: FuturesUnordered<_> = calls
            .map(|(index, model)| {
                let request = &request;
                async move { (index, self.describe_image_with(model, request).await) }
            })
            .collect();
        let mut deadline = self.deadline(Capability::Vision) + Duration::from_secs(1);
        let mut analyses: Vec<(usize, ImageAnalysis)> = Vec::new();
        while let Ok(Some((index, result))) = timeout_at(deadline, calls.next()).await {
            match result {
                Ok(response) => {
                    deadline = deadline.min(Instant::now() + STRAGGLER_WAIT);
                    analyses.push((index, response.value));
                }
                Err(error) => {
                    self.add_note(format!(
                        "The photograph was described less completely, because {error}."
                    ));
                }
            }
        }
        if !calls.is_empty() {
            self.add_note("The photograph was described less completely, because not every model answered in time.".to_owned());
        }
        // The order of the chain, not that of the responses, decides which description takes precedence.
        analyses.sort_by_key(|(index, _)| *index);
        analyses.into_iter().map(|(_, analysis)| analysis).reduce(merge_image_analyses)
    }

    /// Transcribes audio. Returns an empty text if nothing was said, and `None` if no model is configured or all fail.
    pub async fn transcribe(&self, request: &SoundRequest) -> Option<String> {
        let mut failures = Vec::new();
        for model in &self.parts.chains.transcription {
            let seconds = request.seconds.unwrap_or(60.0);
            let max_usage = Usage { input_tokens: 4000, output_tokens: 1000, images: 0, seconds };
            let pending = self.pending_call(model, Capability::Transcription, max_usage);
            let response = self.parts.registry.call_model(
                &pending,
                |provider| provider.transcription.clone(),
                |model| async move { model.transcribe(&pending.call, request).await },
            );
            match response.await {
                Ok(response) => return Some(response.value),
                Err(error) => failures.push(error.to_string()),
            }
        }
        let reason = if failures.is_empty() {
            "no transcription is configured".to_owned()
        } else {
            failures.join(" and ")
        };
        self.add_note(format!("The sound was stored but not transcribed, because {reason}."));
        None
    }

    async fn describe_image_with(
        &self,
        model: &Model,
        request: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, InferenceError> {
        self.observe_prompt(Capability::Vision, model, &request.prompt);
        let attempt = |max_tokens| async move {
            let request = VisionRequest { max_tokens, ..request.clone() };
            let request = &request;
            let mut max_usage = max_text_usage(&request.prompt, max_tokens);
            max_usage.input_tokens += PICTURE_TOKENS;
            let pending = self.pending_call(model, Capability::Vision, max_usage);
            let response = self.parts.registry.call_model(
                &pending,
                |provider| provider.vision.clone(),
                |backend| async move { backend.describe_image(&pending.call, request).await },
            );
            response.await
        };
        self.with_token_limit(model, request.max_tokens, attempt).await
    }
}
