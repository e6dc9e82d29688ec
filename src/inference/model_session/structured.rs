//! A text with the plan of its story, as a JSON object, or as prose from a model that cannot return one.

use serde_json::Value;
use tokio::time::Instant;

use super::super::call::PendingCall;
use super::super::{
    Capability, Failure, FrameContext, InferenceError, Model, ModelResponse, StructuredRequest,
    offline,
};
use super::{ModelSession, OutputCheck, STORY_TOLD, apply_check, max_text_usage};

/// The share of the time for a text in which a model may return it with a plan, in JSON. The rest is left for prose
/// alone.
const STRUCTURED_TIME_SHARE: f64 = 0.6;

/// The most tokens of a passage with the plan of its story.
pub(super) const MAX_PLAN_TOKENS: u64 = 1000;

/// The prompts for a text with its plan.
#[derive(Debug, Clone, Copy)]
pub struct StructuredPrompt<'a> {
    /// The prompt for a JSON object.
    pub prompt: &'a str,
    /// A JSON schema of type `object`.
    pub schema: &'a Value,
    /// The prompt for the text alone, for a model that cannot return JSON, or not in time.
    pub prose_prompt: &'a str,
}

impl ModelSession {
    /// Generates an object that has the schema's properties and passes a check. A model that cannot return one is asked
    /// for prose alone, which `from_prose` converts to an object, because small models write better than they plan.
    ///
    /// # Errors
    ///
    /// Returns [`InferenceError`] if even the offline provider fails.
    pub async fn generate_structured(
        &self,
        request: StructuredPrompt<'_>,
        context: &FrameContext,
        check: OutputCheck<'_, Value>,
        from_prose: OutputCheck<'_, String, Value>,
    ) -> Result<Value, InferenceError> {
        let chain = &self.parts.chains.text;
        let response = self.try_chain(chain, STORY_TOLD, |model| {
            self.structured_or_prose(model, request, context, check, from_prose)
        });
        let (response, model) = response.await?;
        Ok(self.remember(model, response))
    }

    /// Generates an object with one model, or else prose that is converted to an object.
    async fn structured_or_prose(
        &self,
        model: &Model,
        StructuredPrompt { prompt, schema, prose_prompt }: StructuredPrompt<'_>,
        context: &FrameContext,
        check: OutputCheck<'_, Value>,
        from_prose: OutputCheck<'_, String, Value>,
    ) -> Result<ModelResponse<Value>, InferenceError> {
        let deadline = self.deadline(Capability::Structured);
        if model.provider == offline::NAME {
            return self.generate_object(model, prompt, schema, deadline, context, check).await;
        }
        let registry = &self.parts.registry;
        if !registry.is_prose_only(model) {
            let now = Instant::now();
            // The rest of the time is enough for prose, which is shorter.
            let json_deadline =
                now + deadline.saturating_duration_since(now).mul_f64(STRUCTURED_TIME_SHARE);
            let object =
                self.generate_object(model, prompt, schema, json_deadline, context, check).await;
            let Err(InferenceError { failure, .. }) = &object else {
                registry.record_structured_success(model);
                return object;
            };
            if !is_structured_output_failure(failure) {
                return object;
            }
            registry.record_structured_failure(model, *failure == Failure::TimedOut);
        }
        let parses = |text: String| from_prose(text.clone()).map(|_| text);
        let response = self.generate_prose(model, prose_prompt, deadline, context, &parses).await?;
        let ModelResponse { value, usage, memory } = response;
        let value = from_prose(value).map_err(|reason| InferenceError {
            provider: registry.display_name(&model.provider),
            failure: Failure::invalid_response(&reason),
        })?;
        Ok(ModelResponse { value, usage, memory })
    }

    async fn generate_object(
        &self,
        model: &Model,
        prompt: &str,
        schema: &Value,
        deadline: Instant,
        context: &FrameContext,
        check: OutputCheck<'_, Value>,
    ) -> Result<ModelResponse<Value>, InferenceError> {
        let attempt = |prompt: String, max_tokens: u64| async move {
            let context = self.context_for(context, &model.provider);
            let schema = schema.clone();
            let request = StructuredRequest { prompt, schema, max_tokens, context };
            let request = &request;
            self.observe_prompt(Capability::Structured, model, &request.prompt);
            let max_usage = max_text_usage(&request.prompt, max_tokens);
            let pending = self.pending_call(model, Capability::Structured, max_usage);
            let pending = PendingCall { call: self.call(model, deadline), ..pending };
            let response = self.parts.registry.call_model(
                &pending,
                |provider| provider.structured.clone(),
                |backend| async move {
                    apply_check(
                        model,
                        backend.generate_structured(&pending.call, request).await?,
                        check,
                    )
                },
            );
            let response = response.await?;
            self.moderate_output(model, response, Value::to_string).await
        };
        let attempt = &attempt;
        let within_limit = |prompt: String| {
            self.with_token_limit(model, MAX_PLAN_TOKENS, move |max_tokens| {
                attempt(prompt.clone(), max_tokens)
            })
        };
        self.retry_if_refused(prompt, within_limit).await
    }
}

/// Whether a failure may only mean that the model cannot return JSON: it did not finish in time, it returned something
/// else, or its provider does not support structured output.
fn is_structured_output_failure(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::InvalidResponse(_)
            | Failure::OutOfTokens { .. }
            | Failure::TimedOut
            | Failure::Unsupported
    )
}
