//! A text, spoken.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;

use super::OpenAi;
use crate::inference::{Answer, Call, Failure, SpeechAsk, SpeechModel, Usage, wire};

/// The longest text, in characters.
const TEXT: usize = 4096;

/// The voice that speaks when nobody has chosen one: servers insist on some.
const USUAL_VOICE: &str = "alloy";

#[async_trait]
impl SpeechModel for OpenAi {
    /// MP3 unless the model's parameters say otherwise: small devices play it.
    async fn speak(&self, call: &Call<'_>, ask: &SpeechAsk) -> Result<Answer<Bytes>, Failure> {
        let text: String = ask.text.chars().take(TEXT).collect();
        let body = json!({"model": call.model.name, "input": text, "voice": USUAL_VOICE,
            "response_format": "mp3"});
        let mut body = wire::with_parameters(body, &call.model.parameters);
        // The client's own voice is over the model's.
        if let Some(voice) = &ask.voice {
            body["voice"] = json!(voice);
        }
        let bytes = self.wire.file(self.post(call, "audio/speech")?.json(&body)).await?;
        Ok(Answer::new(bytes, Usage::default()))
    }
}
