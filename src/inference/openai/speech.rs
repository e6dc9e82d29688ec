//! Speech synthesis.

use async_openai::types::audio::{
    CreateSpeechRequest, SpeechModel as ModelName, SpeechResponseFormat, Voice,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use serde_json::{Value, json};

use super::OpenAi;
use super::api::{Endpoint, to_json};
use crate::inference::provider_client::{self, Expected};
use crate::inference::{CallContext, Failure, ModelResponse, SpeechModel, SpeechRequest, Usage};

/// The longest text that is spoken, in characters. The rest is cut off.
const MAX_TEXT: usize = 4096;

#[async_trait]
impl SpeechModel for OpenAi {
    /// Synthesizes an MP3 file, which small devices can play, unless the model's parameters set another format.
    async fn synthesize_speech(
        &self,
        call: &CallContext<'_>,
        request: &SpeechRequest,
    ) -> Result<ModelResponse<Bytes>, Failure> {
        let text: String = request.text.chars().take(MAX_TEXT).collect();
        let typed = CreateSpeechRequest {
            model: ModelName::Other(call.model.name.clone()),
            input: text,
            // The API requires a voice.
            voice: Voice::Alloy,
            response_format: Some(SpeechResponseFormat::Mp3),
            ..CreateSpeechRequest::default()
        };
        let body = to_json(typed)?;
        let mut body = provider_client::with_parameters(body, &call.model.parameters);
        // The client's voice overrides the model's.
        if let Some(voice) = &request.voice {
            body["voice"] = json!(voice);
        }
        let send = move |body: Value| {
            let response = async move {
                let api = self.api_call(call, Expected::File)?;
                super::file(api.send(Endpoint::Speech, body).await?)
            };
            response.boxed()
        };
        let bytes = self.adapt(call, Endpoint::Speech.path(), body, None, send).await?;
        Ok(ModelResponse::new(bytes, Usage::default()))
    }
}
