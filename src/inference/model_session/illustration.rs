//! Illustrations: if a model fails, the next one is called; if the content is refused, the prompt is reworded.

use super::super::generated_image::{self, DecodedImage, ModelImage};
use super::super::{
    Capability, Failure, FrameContext, ImageRequest, InferenceError, Model, ModelResponse, Usage,
};
use super::{ModelSession, NotePrefix, estimate_tokens, name_of};

/// The start of a note about an illustration.
const IMAGE_PAINTED: NotePrefix = NotePrefix("The illustration was painted");

/// The most times that a refused prompt is reworded.
const MAX_REWORDINGS: usize = 2;

/// The most output tokens that an image model charges for one image.
pub(super) const MAX_IMAGE_TOKENS: u64 = 6500;

impl ModelSession {
    /// Generates an illustration that is not blank.
    ///
    /// # Errors
    ///
    /// Returns [`InferenceError`] if even the offline provider fails.
    pub async fn generate_image(
        &self,
        request: &ImageRequest,
    ) -> Result<ModelImage, InferenceError> {
        let chain = &self.parts.chains.image;
        let response = self.try_chain(chain, IMAGE_PAINTED, |model| async move {
            let ModelResponse { value: image, usage, memory } =
                self.generate_image_rewording(model, request).await?;
            let value = ModelImage { image, model: name_of(model) };
            Ok(ModelResponse { value, usage, memory })
        });
        Ok(response.await?.0.value)
    }

    /// Generates an illustration with one model, and rewords the prompt if its content is refused.
    async fn generate_image_rewording(
        &self,
        model: &Model,
        request: &ImageRequest,
    ) -> Result<ModelResponse<DecodedImage>, InferenceError> {
        let mut request = request.clone();
        let mut attempts_left = MAX_REWORDINGS;
        loop {
            match self.generate_image_with(model, &request).await {
                Err(error) if error.failure == Failure::ContentRefused && attempts_left > 0 => {
                    attempts_left -= 1;
                    let Some(reword) = &self.parts.chains.reword else { return Err(error) };
                    let Some(prompt) = reword(request.prompt.clone()).await else {
                        return Err(error);
                    };
                    let context = FrameContext::empty();
                    let Some(words) = self.try_text(&prompt, &context).await else {
                        return Err(error);
                    };
                    self.add_note(format!(
                        "The illustration was asked for in other words, because {error}."
                    ));
                    request.prompt = words;
                }
                result => return result,
            }
        }
    }

    async fn generate_image_with(
        &self,
        model: &Model,
        request: &ImageRequest,
    ) -> Result<ModelResponse<DecodedImage>, InferenceError> {
        self.observe_prompt(Capability::Image, model, &request.prompt);
        let tokens = estimate_tokens(&request.prompt);
        let max_usage = Usage {
            input_tokens: tokens,
            output_tokens: MAX_IMAGE_TOKENS,
            images: 1,
            seconds: 0.0,
        };
        let pending = self.pending_call(model, Capability::Image, max_usage);
        let compute = &self.parts.compute;
        let response = self.parts.registry.call_model(
            &pending,
            |provider| provider.image.clone(),
            |backend| async move {
                let ModelResponse { value, usage, memory } =
                    backend.generate_image(&pending.call, request).await?;
                let result = compute.run(move || generated_image::validate(value)).await;
                let value = result.map_err(|error| Failure::Internal(error.to_string()))??;
                Ok(ModelResponse { value, usage, memory })
            },
        );
        response.await
    }
}
