//! Embedding and moderation of texts.

use async_openai::types::embeddings::{CreateEmbeddingRequest, EmbeddingInput, EncodingFormat};
use async_openai::types::moderations::{CreateModerationRequest, ModerationInput};
use async_trait::async_trait;
use serde_json::Value;

use super::OpenAi;
use super::api::{Endpoint, to_json};
use crate::inference::{
    CallContext, EmbeddingModel, Failure, ModelResponse, ModerationModel, Usage, embed, usage,
};

#[async_trait]
impl EmbeddingModel for OpenAi {
    async fn embed(
        &self,
        call: &CallContext<'_>,
        texts: &[String],
    ) -> Result<ModelResponse<Vec<Vec<f32>>>, Failure> {
        let typed = CreateEmbeddingRequest {
            model: call.model.name.clone(),
            input: EmbeddingInput::StringArray(texts.to_vec()),
            encoding_format: Some(EncodingFormat::Float),
            ..CreateEmbeddingRequest::default()
        };
        let response = self.post_json(call, Endpoint::Embeddings, to_json(typed)?).await?;
        let no_vectors = || Failure::invalid_response("there are no vectors in it");
        let data = response.get("data").and_then(Value::as_array).ok_or_else(no_vectors)?;
        let mut vectors = vec![Vec::new(); data.len()];
        for (position, entry) in data.iter().enumerate() {
            // Entries carry an index, because not every server returns them in order.
            let index = entry.get("index").and_then(Value::as_u64).unwrap_or(position as u64);
            let slot = usize::try_from(index).ok().and_then(|index| vectors.get_mut(index));
            *slot.ok_or_else(no_vectors)? =
                entry.get("embedding").and_then(embed::parse_vector).ok_or_else(no_vectors)?;
        }
        let used = usage::tokens(&response);
        // Everything that is embedded is read, also where a server reports only the sum.
        let input_tokens =
            if used.input_tokens == 0 { used.output_tokens } else { used.input_tokens };
        let usage = Usage { input_tokens, ..Usage::default() };
        Ok(ModelResponse::new(vectors, usage))
    }
}

#[async_trait]
impl ModerationModel for OpenAi {
    async fn moderate(
        &self,
        call: &CallContext<'_>,
        text: &str,
    ) -> Result<ModelResponse<Vec<String>>, Failure> {
        let typed = CreateModerationRequest {
            model: Some(call.model.name.clone()),
            input: ModerationInput::String(text.to_owned()),
        };
        let response = self.post_json(call, Endpoint::Moderations, to_json(typed)?).await?;
        let result = response.pointer("/results/0");
        let is_flagged = result.and_then(|result| result.get("flagged")).and_then(Value::as_bool);
        let is_flagged = is_flagged
            .ok_or_else(|| Failure::invalid_response("there is no moderation result in it"))?;
        let mut flagged_categories = Vec::new();
        if is_flagged {
            let categories = result.and_then(|result| result.get("categories"));
            let categories = categories.and_then(Value::as_object).into_iter().flatten();
            let flagged = categories.filter(|(_, flag)| flag.as_bool() == Some(true));
            flagged_categories.extend(flagged.map(|(name, _)| name.clone()));
            if flagged_categories.is_empty() {
                flagged_categories.push("something".to_owned());
            }
        }
        Ok(ModelResponse::new(flagged_categories, Usage::default()))
    }
}
