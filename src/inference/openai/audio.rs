//! What was said.

use async_trait::async_trait;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::OpenAi;
use crate::inference::{
    CallContext, Failure, ModelResponse, SoundRequest, TranscriptionModel, Usage, provider_client,
};

#[async_trait]
impl TranscriptionModel for OpenAi {
    /// Silence is an answer too: an empty one.
    async fn transcribe(
        &self,
        call: &CallContext<'_>,
        ask: &SoundRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let name = format!("speech.{}", ask.format.extension());
        let file = Part::stream_with_length(ask.bytes.clone(), ask.bytes.len() as u64)
            .file_name(name)
            .mime_str(ask.format.media_type())
            .map_err(|_| Failure::Internal("the sound has no media type".to_owned()))?;
        let body = json!({"model": call.model.name, "response_format": "json"});
        let body = provider_client::with_parameters(body, &call.model.parameters);
        let form = provider_client::add_form_fields(Form::new(), &body).part("file", file);
        let answer = self
            .client
            .fetch_json(self.post(call, "audio/transcriptions")?.multipart(form))
            .await?;
        let text = answer.get("text").and_then(Value::as_str);
        let text = text.ok_or_else(|| Failure::invalid_response("there is no text in it"))?;
        let tokens = |name: &str| answer.pointer(&format!("/usage/{name}")).and_then(Value::as_u64);
        let usage = Usage {
            input_tokens: tokens("input_tokens").unwrap_or_default(),
            output_tokens: tokens("output_tokens").unwrap_or_default(),
            images: 0,
            seconds: ask.seconds.unwrap_or_default(),
        };
        Ok(ModelResponse::new(text.trim().to_owned(), usage))
    }
}
