//! Sight and hearing. There is no model behind the last one: what nobody sees or hears is left out of the story.

use std::sync::Arc;

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

/// How long the slower of several who look at a picture have after the first has told what it sees.
const STRAGGLER_WAIT: Duration = Duration::from_secs(5);

/// What a picture costs to look at, in tokens.
const PICTURE_TOKENS: u64 = 2000;

impl ModelSession {
    /// What all who look see together; `None` when nobody looks or none of them sees anything. The first to answer is
    /// not kept waiting for long by the others.
    pub async fn describe_image(
        &self,
        picture: &Arc<RgbImage>,
        prompt: &str,
    ) -> Option<ImageAnalysis> {
        let ask = VisionRequest { prompt: prompt.to_owned(), picture: Arc::clone(picture) };
        let looking = self.parts.chains.vision.iter().enumerate();
        let mut looking: FuturesUnordered<_> = looking
            .map(|(index, model)| {
                let ask = &ask;
                async move { (index, self.describe_image_with(model, ask).await) }
            })
            .collect();
        let mut until = self.deadline(Capability::Vision) + Duration::from_secs(1);
        let mut seen: Vec<(usize, ImageAnalysis)> = Vec::new();
        while let Ok(Some((index, sight))) = timeout_at(until, looking.next()).await {
            match sight {
                Ok(answer) => {
                    until = until.min(Instant::now() + STRAGGLER_WAIT);
                    seen.push((index, answer.value));
                }
                Err(error) => {
                    self.add_note(format!("The photograph was seen less well, because {error}."));
                }
            }
        }
        if !looking.is_empty() {
            self.add_note("The photograph was seen less well, because not all who look at it answered in time.".to_owned());
        }
        // The order of the cast, and not of their answers, decides whose words stay.
        seen.sort_by_key(|(index, _)| *index);
        seen.into_iter().map(|(_, sight)| sight).reduce(merge_image_analyses)
    }

    /// What was said. `None` when nobody can tell; empty when nothing was said.
    pub async fn transcribe(&self, ask: &SoundRequest) -> Option<String> {
        let mut failures = Vec::new();
        for model in &self.parts.chains.transcription {
            let seconds = ask.seconds.unwrap_or(60.0);
            let most = Usage { input_tokens: 4000, output_tokens: 1000, images: 0, seconds };
            let order = self.pending_call(model, Capability::Transcription, most);
            let heard = self.parts.registry.call_model(
                &order,
                |provider| provider.transcription.clone(),
                |model| async move { model.transcribe(&order.call, ask).await },
            );
            match heard.await {
                Ok(answer) => return Some(answer.value),
                Err(error) => failures.push(error.to_string()),
            }
        }
        let because = if failures.is_empty() {
            "no transcription is configured".to_owned()
        } else {
            failures.join(" and ")
        };
        self.add_note(format!("The sound was kept but not understood, because {because}."));
        None
    }

    async fn describe_image_with(
        &self,
        model: &Model,
        ask: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, InferenceError> {
        self.observe_prompt(Capability::Vision, model, &ask.prompt);
        let mut most = max_text_usage(model, &ask.prompt, MAX_IMAGE_ANALYSIS_TOKENS);
        most.input_tokens += PICTURE_TOKENS;
        let order = self.pending_call(model, Capability::Vision, most);
        let seen = self.parts.registry.call_model(
            &order,
            |provider| provider.vision.clone(),
            |asked| async move { asked.describe_image(&order.call, ask).await },
        );
        seen.await
    }
}
