//! Texts as vectors, and whether they are fit for everybody.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::OpenAi;
use crate::inference::{
    CallContext, EmbeddingModel, Failure, ModelResponse, ModerationModel, Usage, embed,
};

#[async_trait]
impl EmbeddingModel for OpenAi {
    async fn embed(
        &self,
        call: &CallContext<'_>,
        texts: &[String],
    ) -> Result<ModelResponse<Vec<Vec<f32>>>, Failure> {
        let body = json!({"model": call.model.name, "input": texts, "encoding_format": "float"});
        let answer = self.post_json(call, "embeddings", body).await?;
        let nothing = || Failure::invalid_response("there are no vectors in it");
        let data = answer.get("data").and_then(Value::as_array).ok_or_else(nothing)?;
        let mut vectors = vec![Vec::new(); data.len()];
        for (place, entry) in data.iter().enumerate() {
            // They have numbers, and not every server keeps to the order.
            let index = entry.get("index").and_then(Value::as_u64).unwrap_or(place as u64);
            let slot = usize::try_from(index).ok().and_then(|index| vectors.get_mut(index));
            *slot.ok_or_else(nothing)? =
                entry.get("embedding").and_then(embed::parse_vector).ok_or_else(nothing)?;
        }
        let tokens = answer.pointer("/usage/prompt_tokens").and_then(Value::as_u64);
        let usage = Usage { input_tokens: tokens.unwrap_or_default(), ..Usage::default() };
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
        let body = json!({"model": call.model.name, "input": text});
        let answer = self.post_json(call, "moderations", body).await?;
        let judged = answer.pointer("/results/0");
        let is_flagged = judged.and_then(|judged| judged.get("flagged")).and_then(Value::as_bool);
        let is_flagged =
            is_flagged.ok_or_else(|| Failure::invalid_response("there is no judgement in it"))?;
        let mut wrong = Vec::new();
        if is_flagged {
            let categories = judged.and_then(|judged| judged.get("categories"));
            let categories = categories.and_then(Value::as_object).into_iter().flatten();
            let flagged = categories.filter(|(_, flag)| flag.as_bool() == Some(true));
            wrong.extend(flagged.map(|(name, _)| name.clone()));
            if wrong.is_empty() {
                wrong.push("something".to_owned());
            }
        }
        Ok(ModelResponse::new(wrong, Usage::default()))
    }
}
