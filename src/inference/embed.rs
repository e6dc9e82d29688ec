//! Texts as vectors. They are asked for beside any frame, by whoever indexes or searches; there is no chain, for the
//! vectors of two models have nothing to do with each other.

use super::call::PendingCall;
use super::{
    CallContext, Capability, Failure, InferenceError, ModelResponse, Registry, SpendAccount, Usage,
};

/// The most texts of one call.
pub const MAX_BATCH_TEXTS: usize = 256;

/// A token is about four characters of English; of other scripts it is fewer.
const CHARACTERS_PER_TOKEN: u64 = 2;

impl Registry {
    /// A vector for each text, in their order, all of one length. At most [`MAX_BATCH_TEXTS`] at once.
    ///
    /// # Errors
    ///
    /// [`InferenceError`] when the model gives none, or not what was asked for.
    pub async fn embed(
        &self,
        call: CallContext<'_>,
        account: &SpendAccount,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, InferenceError> {
        let characters: u64 = texts.iter().map(|text| text.chars().count() as u64).sum();
        let input_tokens = characters / CHARACTERS_PER_TOKEN + texts.len() as u64;
        let most = Usage { input_tokens, ..Usage::default() };
        let order =
            PendingCall { capability: Capability::Embedding, call, account, max_usage: most };
        let answer = self
            .call_model(
                &order,
                |provider| provider.embedding.clone(),
                |asked| async move {
                    if texts.len() > MAX_BATCH_TEXTS {
                        return Err(Failure::rejected("too many texts at once"));
                    }
                    validate(asked.embed(&order.call, texts).await?, texts.len())
                },
            )
            .await?;
        Ok(answer.value)
    }
}

fn validate(
    answer: ModelResponse<Vec<Vec<f32>>>,
    texts: usize,
) -> Result<ModelResponse<Vec<Vec<f32>>>, Failure> {
    let vectors = &answer.value;
    let length = vectors.first().map_or(0, Vec::len);
    let is_usable = |vector: &Vec<f32>| {
        vector.len() == length
            && vector.iter().all(|number| number.is_finite())
            && vector.iter().any(|number| *number != 0.0)
    };
    if vectors.len() != texts {
        let given = vectors.len();
        return Err(Failure::invalid_response(&format!(
            "it has {given} vectors for {texts} texts"
        )));
    }
    if !vectors.iter().all(is_usable) {
        return Err(Failure::invalid_response("its vectors are no vectors, or not of one length"));
    }
    Ok(answer)
}

/// The numbers of an array.
pub(super) fn parse_vector(value: &serde_json::Value) -> Option<Vec<f32>> {
    value.as_array()?.iter().map(|number| number.as_f64().map(|number| number as f32)).collect()
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
