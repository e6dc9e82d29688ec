//! Whether what was told is fit for everybody: an installation stands where anyone may speak to it.

use super::super::{Capability, Failure, InferenceError, Model, ModelResponse, offline};
use super::{ModelSession, estimate_tokens};
use crate::inference::Usage;

impl ModelSession {
    /// Lets a text pass that its judge, where one is configured, finds nothing wrong with. One that cannot be judged
    /// passes with a note: the story goes on.
    pub(super) async fn moderate_output<T>(
        &self,
        model: &Model,
        told: ModelResponse<T>,
        text: impl Fn(&T) -> String,
    ) -> Result<ModelResponse<T>, InferenceError> {
        // The last resort is not judged: there is nobody behind it.
        let judges = self.parts.chains.moderation.iter();
        for judge in judges.filter(|_| model.provider != offline::NAME) {
            let text = text(&told.value);
            match self.moderate(judge, &text).await {
                Ok(wrong) if wrong.is_empty() => return Ok(told),
                Ok(wrong) => {
                    tracing::info!(?wrong, model = model.name, "a text is not fit for everybody");
                    let provider = self.parts.registry.display_name(&model.provider);
                    return Err(InferenceError { provider, failure: Failure::ContentFlagged });
                }
                Err(error) => {
                    self.add_note(format!(
                        "Nobody judged whether the text is fit for everybody, because {error}."
                    ));
                }
            }
        }
        Ok(told)
    }

    async fn moderate(&self, judge: &Model, text: &str) -> Result<Vec<String>, InferenceError> {
        let most = Usage { input_tokens: estimate_tokens(text), ..Usage::default() };
        let order = self.pending_call(judge, Capability::Moderation, most);
        let judged = self.parts.registry.call_model(
            &order,
            |provider| provider.moderation.clone(),
            |asked| async move { asked.moderate(&order.call, text).await },
        );
        Ok(judged.await?.value)
    }
}
