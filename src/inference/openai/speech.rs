//! Speech synthesis.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use serde_json::{Value, json};

use super::OpenAi;
use crate::inference::{
    CallContext, Failure, ModelResponse, SpeechModel, SpeechRequest, Usage, provider_client,
};

/// The endpoint of speech.
const PATH: &str = "audio/speech";

/// The longest text that is spoken, in characters. The rest is cut off.
const MAX_TEXT: usize = 4096;

/// The voice if none is chosen. The API requires one.
const DEFAULT_VOICE: &str = "alloy";

#[async_trait]
impl SpeechModel for OpenAi {
    /// Synthesizes an MP3 file, which small devices can play, unless the model's parameters set another format.
    async fn synthesize_speech(
        &self,
        call: &CallContext<'_>,
        request: &SpeechRequest,
    ) -> Result<ModelResponse<Bytes>, Failure> {
        let text: String = request.text.chars().take(MAX_TEXT).collect();
        let body = json!({"model": call.model.name, "input": text, "voice": DEFAULT_VOICE,
            "response_format": "mp3"});
        let mut body = provider_client::with_parameters(body, &call.model.parameters);
        // The client's voice overrides the model's.
        if let Some(voice) = &request.voice {
            body["voice"] = json!(voice);
        }
        let send = move |body: Value| {
            async move { self.client.fetch_bytes(self.post(call, PATH)?.json(&body)).await }.boxed()
        };
        let bytes = self.adapt(call, PATH, body, None, send).await?;
        Ok(ModelResponse::new(bytes, Usage::default()))
    }
}
