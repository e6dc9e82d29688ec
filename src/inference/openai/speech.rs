//! A text, spoken.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;

use super::OpenAi;
use crate::inference::{
    CallContext, Failure, ModelResponse, SpeechModel, SpeechRequest, Usage, provider_client,
};

/// The longest text, in characters.
const MAX_TEXT: usize = 4096;

/// The voice that speaks when nobody has chosen one: servers insist on some.
const DEFAULT_VOICE: &str = "alloy";

#[async_trait]
impl SpeechModel for OpenAi {
    /// MP3 unless the model's parameters say otherwise: small devices play it.
    async fn synthesize_speech(
        &self,
        call: &CallContext<'_>,
        ask: &SpeechRequest,
    ) -> Result<ModelResponse<Bytes>, Failure> {
        let text: String = ask.text.chars().take(MAX_TEXT).collect();
        let body = json!({"model": call.model.name, "input": text, "voice": DEFAULT_VOICE,
            "response_format": "mp3"});
        let mut body = provider_client::with_parameters(body, &call.model.parameters);
        // The client's own voice is over the model's.
        if let Some(voice) = &ask.voice {
            body["voice"] = json!(voice);
        }
        let bytes = self.client.fetch_bytes(self.post(call, "audio/speech")?.json(&body)).await?;
        Ok(ModelResponse::new(bytes, Usage::default()))
    }
}
