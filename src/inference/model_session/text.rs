//! Prose: the passages of a story, their corrections, and short texts that are no part of the story.

use tokio::time::Instant;

use super::super::call::PendingCall;
use super::super::{Capability, FrameContext, InferenceError, Model, ModelResponse, TextRequest};
use super::{ModelSession, OutputCheck, STORY_TOLD, apply_check, max_text_usage};

/// The most tokens of a passage. It is cut to a small screen anyway, and a small model that does not stop writing must
/// not use up all the time.
const MAX_PROSE_TOKENS: u64 = 600;

impl ModelSession {
    /// Generates prose that passes a check. If a model's output fails the check, the model is called again, and then
    /// the next model of the chain.
    ///
    /// # Errors
    ///
    /// Returns [`InferenceError`] if even the offline provider fails.
    pub async fn generate_text(
        &self,
        prompt: &str,
        context: &FrameContext,
        check: OutputCheck<'_, String>,
    ) -> Result<String, InferenceError> {
        let chain = &self.parts.chains.text;
        let response = self.try_chain(chain, STORY_TOLD, |model| {
            self.generate_prose(model, prompt, self.deadline(Capability::Text), context, check)
        });
        let (response, model) = response.await?;
        Ok(self.remember(model, response))
    }

    /// Edits a text with the chain of editors. Returns `None` if no editor is configured or all of them fail.
    pub async fn edit_text(
        &self,
        prompt: &str,
        context: &FrameContext,
        check: OutputCheck<'_, String>,
    ) -> Option<String> {
        let mut failures = Vec::new();
        for model in &self.parts.chains.editor {
            let deadline = self.deadline(Capability::Text);
            match self.generate_prose(model, prompt, deadline, context, check).await {
                Ok(response) => {
                    self.lock_state().add_writer(model);
                    return Some(response.value);
                }
                Err(error) => failures.push(error.to_string()),
            }
        }
        if !failures.is_empty() {
            self.add_note(format!("The text was not edited, because {}.", failures.join(" and ")));
        }
        None
    }

    /// Generates a short text that is not part of the story, without a check and without the offline provider. Returns
    /// `None` if all models of the chain fail.
    pub async fn try_text(&self, prompt: &str, context: &FrameContext) -> Option<String> {
        for model in &self.parts.chains.text {
            let deadline = self.deadline(Capability::Text);
            match self.generate_prose(model, prompt, deadline, context, &Ok).await {
                Ok(response) => return Some(response.value),
                Err(error) => {
                    tracing::info!(%error, model = model.name, "model failed to write a short text");
                }
            }
        }
        None
    }

    /// Generates prose with one model. If its content is refused, tries once more with a gentler prompt.
    pub(super) async fn generate_prose(
        &self,
        model: &Model,
        prompt: &str,
        deadline: Instant,
        context: &FrameContext,
        check: OutputCheck<'_, String>,
    ) -> Result<ModelResponse<String>, InferenceError> {
        let attempt = |prompt: String, max_tokens: u64| async move {
            let context = self.context_for(context, &model.provider);
            let request = TextRequest { prompt, max_tokens, context };
            let request = &request;
            self.observe_prompt(Capability::Text, model, &request.prompt);
            let max_usage = max_text_usage(&request.prompt, max_tokens);
            let pending = PendingCall {
                call: self.call(model, deadline),
                ..self.pending_call(model, Capability::Text, max_usage)
            };
            let response = self.parts.registry.call_model(
                &pending,
                |provider| provider.text.clone(),
                |backend| async move {
                    apply_check(model, backend.generate_text(&pending.call, request).await?, check)
                },
            );
            let response = response.await?;
            self.moderate_output(model, response, Clone::clone).await
        };
        let attempt = &attempt;
        let within_limit = |prompt: String| {
            self.with_token_limit(model, MAX_PROSE_TOKENS, move |max_tokens| {
                attempt(prompt.clone(), max_tokens)
            })
        };
        self.retry_if_refused(prompt, within_limit).await
    }
}
