//! Transcription.

use async_trait::async_trait;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::OpenAi;
use crate::inference::{
    CallContext, Failure, ModelResponse, SoundRequest, TranscriptionModel, Usage, provider_client,
};

#[async_trait]
impl TranscriptionModel for OpenAi {
    /// Transcribes the audio. An empty transcript is valid: nothing was said.
    async fn transcribe(
        &self,
        call: &CallContext<'_>,
        request: &SoundRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let name = format!("speech.{}", request.format.extension());
        let file = Part::stream_with_length(request.bytes.clone(), request.bytes.len() as u64)
            .file_name(name)
            .mime_str(request.format.media_type())
            .map_err(|_| Failure::Internal("the audio has an invalid media type".to_owned()))?;
        let body = json!({"model": call.model.name, "response_format": "json"});
        let body = provider_client::with_parameters(body, &call.model.parameters);
        let form = provider_client::add_form_fields(Form::new(), &body).part("file", file);
        let response = self
            .client
            .fetch_json(self.post(call, "audio/transcriptions")?.multipart(form))
            .await?;
        let text = response.get("text").and_then(Value::as_str);
        let text = text.ok_or_else(|| Failure::invalid_response("there is no text in it"))?;
        let tokens =
            |name: &str| response.pointer(&format!("/usage/{name}")).and_then(Value::as_u64);
        let usage = Usage {
            input_tokens: tokens("input_tokens").unwrap_or_default(),
            output_tokens: tokens("output_tokens").unwrap_or_default(),
            images: 0,
            seconds: request.seconds.unwrap_or_default(),
        };
        Ok(ModelResponse::new(text.trim().to_owned(), usage))
    }
}
