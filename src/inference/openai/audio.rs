//! Transcription.

use async_openai::types::InputSource;
use async_openai::types::audio::{AudioInput, AudioResponseFormat, CreateTranscriptionRequest};
use async_trait::async_trait;
use futures_util::FutureExt;
use serde_json::{Value, json};

use super::OpenAi;
use super::api::{SoundForm, to_json};
use crate::inference::provider_client::{self, Expected};
use crate::inference::{
    CallContext, Failure, ModelResponse, SoundRequest, TranscriptionModel, Usage, transcript, usage,
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
        let filename = format!("speech.{}", request.format.extension());
        let typed = CreateTranscriptionRequest {
            file: AudioInput {
                source: InputSource::Bytes { filename, bytes: request.bytes.clone() },
            },
            model: call.model.name.clone(),
            response_format: Some(AudioResponseFormat::Json),
            ..CreateTranscriptionRequest::default()
        };
        // The type of a form cannot be serialized, so its fields are named here.
        let fields =
            json!({"model": typed.model, "response_format": to_json(typed.response_format)?});
        let fields = provider_client::with_parameters(fields, &call.model.parameters);
        let source = &typed.file.source;
        let send = move |fields: Value| {
            let response = async move {
                let media_type = request.format.media_type();
                let sound = SoundForm { fields, source: source.clone(), media_type };
                let api = self.api_call(call, Expected::JsonOrText)?;
                super::checked_json(api.transcribe(sound).await?)
            };
            response.boxed()
        };
        let response = self.adapt(call, PATH, fields, None, send).await?;
        let text = transcript::parse(&response)?;
        let seconds = request.seconds.unwrap_or_default();
        Ok(ModelResponse::new(text, Usage { seconds, ..usage::tokens(&response) }))
    }
}
