//! Illustrations: the next model where one fails, other words where the content is refused.

use super::super::generated_image::{self, DecodedImage};
use super::super::{
    Capability, Failure, FrameContext, ImageRequest, InferenceError, Model, ModelResponse, Usage,
};
use super::{ModelSession, NotePrefix, estimate_tokens};

/// How a note about an illustration begins.
const IMAGE_PAINTED: NotePrefix = NotePrefix("The illustration was painted");

/// How often a refused prompt is put in other words.
const MAX_REWORDINGS: usize = 2;

/// The most tokens that an image model counts for a picture that it paints.
const MAX_IMAGE_TOKENS: u64 = 6500;

impl ModelSession {
    /// An illustration that shows something.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when even the offline provider fails.
    pub async fn generate_image(&self, ask: &ImageRequest) -> Result<DecodedImage, InferenceError> {
        let chain = &self.parts.chains.image;
        let painted = self
            .try_chain(chain, IMAGE_PAINTED, |model| self.generate_image_rewording(model, ask))
            .await;
        Ok(painted?.0.value)
    }

    /// An illustration of one model; in other words when its content is refused.
    async fn generate_image_rewording(
        &self,
        model: &Model,
        ask: &ImageRequest,
    ) -> Result<ModelResponse<DecodedImage>, InferenceError> {
        let mut ask = ask.clone();
        let mut left = MAX_REWORDINGS;
        loop {
            match self.generate_image_with(model, &ask).await {
                Err(error) if error.failure == Failure::ContentRefused && left > 0 => {
                    left -= 1;
                    let reword = self.parts.chains.reword.as_ref();
                    let Some(prompt) = reword.and_then(|reword| reword(&ask.prompt)) else {
                        return Err(error);
                    };
                    let nothing = FrameContext::empty();
                    let Some(words) = self.try_text(&prompt, &nothing).await else {
                        return Err(error);
                    };
                    self.add_note(format!(
                        "The illustration was asked for in other words, because {error}."
                    ));
                    ask.prompt = words;
                }
                answer => return answer,
            }
        }
    }

    async fn generate_image_with(
        &self,
        model: &Model,
        ask: &ImageRequest,
    ) -> Result<ModelResponse<DecodedImage>, InferenceError> {
        self.observe_prompt(Capability::Image, model, &ask.prompt);
        let tokens = estimate_tokens(&ask.prompt);
        let most = Usage {
            input_tokens: tokens,
            output_tokens: MAX_IMAGE_TOKENS,
            images: 1,
            seconds: 0.0,
        };
        let order = self.pending_call(model, Capability::Image, most);
        let compute = &self.parts.compute;
        let painted = self.parts.registry.call_model(
            &order,
            |provider| provider.image.clone(),
            |asked| async move {
                let ModelResponse { value, usage, memory } =
                    asked.generate_image(&order.call, ask).await?;
                let looked = compute.run(move || generated_image::validate(value)).await;
                let value = looked.map_err(|error| Failure::Internal(error.to_string()))??;
                Ok(ModelResponse { value, usage, memory })
            },
        );
        painted.await
    }
}
