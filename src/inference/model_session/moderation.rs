//! Moderation of generated texts. An installation stands where anyone may speak to it, so its texts must be suitable
//! for everyone.

use super::super::{Capability, Failure, InferenceError, Model, ModelResponse, offline};
use super::{ModelSession, estimate_tokens};
use crate::inference::Usage;

impl ModelSession {
    /// Moderates a response, if a moderation model is configured. A text that cannot be moderated is accepted with a
    /// note, so that the story goes on.
    pub(super) async fn moderate_output<T>(
        &self,
        model: &Model,
        response: ModelResponse<T>,
        text: impl Fn(&T) -> String,
    ) -> Result<ModelResponse<T>, InferenceError> {
        // The offline provider is not moderated, because no provider comes after it.
        let moderators = self.parts.chains.moderation.iter();
        for moderator in moderators.filter(|_| model.provider != offline::NAME) {
            let text = text(&response.value);
            match self.moderate(moderator, &text).await {
                Ok(categories) if categories.is_empty() => return Ok(response),
                Ok(categories) => {
                    tracing::info!(?categories, model = model.name, "moderation flagged a text");
                    let provider = self.parts.registry.display_name(&model.provider);
                    return Err(InferenceError { provider, failure: Failure::ContentFlagged });
                }
                Err(error) => {
                    self.add_note(format!("The text was not moderated, because {error}."));
                }
            }
        }
        Ok(response)
    }

    async fn moderate(&self, moderator: &Model, text: &str) -> Result<Vec<String>, InferenceError> {
        let max_usage = Usage { input_tokens: estimate_tokens(text), ..Usage::default() };
        let pending = self.pending_call(moderator, Capability::Moderation, max_usage);
        let response = self.parts.registry.call_model(
            &pending,
            |provider| provider.moderation.clone(),
            |backend| async move { backend.moderate(&pending.call, text).await },
        );
        Ok(response.await?.value)
    }
}
