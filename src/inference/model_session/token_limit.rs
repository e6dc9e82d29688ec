//! The limit of tokens of a call. A model that spends all of it on reasoning gets a larger one, once.

use super::super::{Failure, InferenceError, Model, ModelResponse, Usage};
use super::ModelSession;

/// The estimate of characters per token. It is about four in English and fewer in other scripts.
const CHARACTERS_PER_TOKEN: u64 = 2;

impl ModelSession {
    /// Makes a call with a limit of tokens. If the model used them up before it answered, makes the call once more with
    /// a larger limit, which is remembered for the model. A limit in the model's parameters is kept.
    pub(super) async fn with_token_limit<T, F>(
        &self,
        model: &Model,
        default: u64,
        attempt: impl Fn(u64) -> F,
    ) -> Result<ModelResponse<T>, InferenceError>
    where
        F: Future<Output = Result<ModelResponse<T>, InferenceError>>,
    {
        let registry = &self.parts.registry;
        let limit = registry.max_tokens(model, default);
        let result = attempt(limit).await;
        let Err(InferenceError { failure: Failure::OutOfTokens { .. }, .. }) = &result else {
            return result;
        };
        registry.record_out_of_tokens(model);
        let larger = registry.max_tokens(model, default);
        if larger > limit { attempt(larger).await } else { result }
    }
}

/// Returns the most that a model may use for a text.
pub(super) fn max_text_usage(prompt: &str, max_tokens: u64) -> Usage {
    Usage { input_tokens: estimate_tokens(prompt), output_tokens: max_tokens, ..Usage::default() }
}

pub(super) fn estimate_tokens(prompt: &str) -> u64 {
    prompt.chars().count() as u64 / CHARACTERS_PER_TOKEN + 50
}
