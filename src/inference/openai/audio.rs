//! Transcription.

use async_trait::async_trait;
use futures_util::FutureExt;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::OpenAi;
use crate::inference::{
    CallContext, Failure, ModelResponse, SoundRequest, TranscriptionModel, Usage, provider_client,
    transcript, usage,
};

/// The endpoint of transcription.
const PATH: &str = "audio/transcriptions";

#[async_trait]
impl TranscriptionModel for OpenAi {
    /// Transcribes the audio. An empty transcript is valid: nothing was said.
    async fn transcribe(
        &self,
        call: &CallContext<'_>,
        request: &SoundRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let body = json!({"model": call.model.name, "response_format": "json"});
        let body = provider_client::with_parameters(body, &call.model.parameters);
        let send = move |body: Value| {
            let response = async move {
                let form = provider_client::add_form_fields(Form::new(), &body);
                let form = form.part("file", file_part(request)?);
                let http_request = self.post(call, PATH)?.multipart(form);
                let response = self.client.fetch_json_or_text(http_request).await?;
                match provider_client::error_in_answer(&response) {
                    Some(error) => Err(error),
                    None => Ok(response),
                }
            };
            response.boxed()
        };
        let response = self.adapt(call, PATH, body, None, send).await?;
        let text = transcript::parse(&response)?;
        let seconds = request.seconds.unwrap_or_default();
        Ok(ModelResponse::new(text, Usage { seconds, ..usage::tokens(&response) }))
    }
}

fn file_part(request: &SoundRequest) -> Result<Part, Failure> {
    let name = format!("speech.{}", request.format.extension());
    Part::stream_with_length(request.bytes.clone(), request.bytes.len() as u64)
        .file_name(name)
        .mime_str(request.format.media_type())
        .map_err(|_| Failure::Internal("the audio has an invalid media type".to_owned()))
}
