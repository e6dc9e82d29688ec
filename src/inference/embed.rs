//! Embeds texts for the search index and for queries, outside of any frame. There is no chain of models, because the
//! vectors of two models are not comparable.

use super::call::PendingCall;
use super::{
    CallContext, Capability, Failure, InferenceError, ModelResponse, Registry, SpendAccount, Usage,
};

/// The most texts in one call.
pub const MAX_BATCH_TEXTS: usize = 256;

/// The estimate of characters per token. It is about four in English and fewer in other scripts.
const CHARACTERS_PER_TOKEN: u64 = 2;

impl Registry {
    /// Returns one vector for each text, in the same order and all of the same length. Accepts at most
    /// [`MAX_BATCH_TEXTS`] texts.
    ///
    /// # Errors
    ///
    /// Returns [`InferenceError`] if there are too many texts, or if the model fails or returns invalid vectors.
    pub async fn embed(
        &self,
        call: CallContext<'_>,
        account: &SpendAccount,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, InferenceError> {
        let characters: u64 = texts.iter().map(|text| text.chars().count() as u64).sum();
        let input_tokens = characters / CHARACTERS_PER_TOKEN + texts.len() as u64;
        let max_usage = Usage { input_tokens, ..Usage::default() };
        let capability = Capability::Embedding;
        let pending = PendingCall { capability, call, account, max_usage, later_micro_usd: 0 };
        let response = self
            .call_model(
                &pending,
                |provider| provider.embedding.clone(),
                |backend| async move {
                    if texts.len() > MAX_BATCH_TEXTS {
                        return Err(Failure::rejected("too many texts at once"));
                    }
                    validate(backend.embed(&pending.call, texts).await?, texts.len())
                },
            )
            .await?;
        Ok(response.value)
    }
}

fn validate(
    response: ModelResponse<Vec<Vec<f32>>>,
    texts: usize,
) -> Result<ModelResponse<Vec<Vec<f32>>>, Failure> {
    let vectors = &response.value;
    let length = vectors.first().map_or(0, Vec::len);
    let is_usable = |vector: &Vec<f32>| {
        vector.len() == length
            && vector.iter().all(|value| value.is_finite())
            && vector.iter().any(|value| *value != 0.0)
    };
    if vectors.len() != texts {
        let given = vectors.len();
        return Err(Failure::invalid_response(&format!(
            "it has {given} vectors for {texts} texts"
        )));
    }
    if !vectors.iter().all(is_usable) {
        return Err(Failure::invalid_response("its vectors are malformed or differ in length"));
    }
    Ok(response)
}

/// Parses an array of numbers.
pub(super) fn parse_vector(value: &serde_json::Value) -> Option<Vec<f32>> {
    value.as_array()?.iter().map(|value| value.as_f64().map(|value| value as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_checked() {
        let check = |vectors: &[&[f32]], texts| {
            let vectors = vectors.iter().map(|vector| vector.to_vec()).collect();
            validate(ModelResponse::new(vectors, Usage::default()), texts).is_ok()
        };
        assert!(check(&[&[1.0, 0.0], &[0.5, 0.5]], 2));
        assert!(check(&[], 0));
        assert!(!check(&[&[1.0, 0.0]], 2));
        assert!(!check(&[&[1.0, 0.0], &[1.0]], 2));
        assert!(!check(&[&[]], 1));
        assert!(!check(&[&[0.0, 0.0]], 1));
        assert!(!check(&[&[f32::NAN]], 1));
    }
}
