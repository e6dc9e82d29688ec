//! Hugging Face's inference: prose, pictures, captions, transcription and vectors by whatever models it serves. A model that is
//! not loaded says how long that takes.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    Answer, Call, EmbeddingModel, Failure, ImageAsk, ImageModel, Picture, Provider, SoundAsk,
    TextAsk, TextModel, TranscriptionModel, Usage, VisionAsk, VisionModel, Wire, embed, wire,
};
use crate::domain::Sight;

/// Its name in the registry and in model configurations.
pub const NAME: &str = "huggingface";

/// The key's name in configurations of clients.
const KEY: &str = "huggingface_api_key";

const ADDRESS: &str = "https://router.huggingface.co/hf-inference";

/// The provider's capabilities.
#[must_use]
pub fn provider(wire: Wire, base_url: Option<&str>, key: Option<SecretString>) -> Provider {
    let address = base_url.unwrap_or(ADDRESS).trim_end_matches('/').to_owned();
    let model = Arc::new(HuggingFace { wire, address, key });
    Provider {
        title: "Hugging Face",
        text: Some(model.clone()),
        image: Some(model.clone()),
        vision: Some(model.clone()),
        transcription: Some(model.clone()),
        embedding: Some(model),
        ..Provider::default()
    }
}

struct HuggingFace {
    wire: Wire,
    address: String,
    key: Option<SecretString>,
}

impl HuggingFace {
    fn post(&self, call: &Call<'_>) -> Result<RequestBuilder, Failure> {
        let address = format!("{}/models/{}", self.address, call.model.name);
        self.with_key(call, self.wire.post(&address))
    }

    fn with_key(
        &self,
        call: &Call<'_>,
        request: RequestBuilder,
    ) -> Result<RequestBuilder, Failure> {
        wire::bearer(request, call, KEY, self.key.as_ref())
    }
}

/// The text of an answer: `[{"generated_text": …}]`, or one such object.
fn generated<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    let first = answer.get(0).unwrap_or(answer);
    first.get(name).and_then(Value::as_str).map(str::trim)
}

#[async_trait]
impl TextModel for HuggingFace {
    async fn text(&self, call: &Call<'_>, ask: &TextAsk) -> Result<Answer<String>, Failure> {
        let parameters = wire::with_parameters(
            json!({"max_new_tokens": call.model.most_tokens(ask.most_tokens), "return_full_text": false}),
            &call.model.parameters,
        );
        let body = json!({"inputs": ask.prompt, "parameters": parameters});
        let answer = self.wire.json(self.post(call)?.json(&body)).await?;
        let text = generated(&answer, "generated_text").filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Failure::unusable("there is no text in it"))?;
        Ok(Answer::new(text.to_owned(), Usage::default()))
    }
}

#[async_trait]
impl ImageModel for HuggingFace {
    async fn image(&self, call: &Call<'_>, ask: &ImageAsk) -> Result<Answer<Picture>, Failure> {
        let parameters = wire::with_parameters(
            json!({"width": ask.size.width, "height": ask.size.height}),
            &call.model.parameters,
        );
        let body = json!({"inputs": ask.prompt, "parameters": parameters});
        let bytes = self.wire.file(self.post(call)?.json(&body)).await?;
        Ok(Answer::new(Picture::Encoded(bytes.into()), Usage { images: 1, ..Usage::default() }))
    }
}

#[async_trait]
impl VisionModel for HuggingFace {
    async fn see(&self, call: &Call<'_>, ask: &VisionAsk) -> Result<Answer<Sight>, Failure> {
        let picture = self.wire.jpeg(&ask.picture).await?;
        let request = self.post(call)?.header(CONTENT_TYPE, "image/jpeg").body(picture);
        let answer = self.wire.json(request).await?;
        let caption = generated(&answer, "generated_text").filter(|text| !text.is_empty());
        let caption = caption.ok_or_else(|| Failure::unusable("there is no caption in it"))?;
        let sight = Sight { description: caption.to_owned(), ..Sight::default() };
        Ok(Answer::new(sight, Usage { images: 1, ..Usage::default() }))
    }
}

#[async_trait]
impl TranscriptionModel for HuggingFace {
    async fn transcribe(&self, call: &Call<'_>, ask: &SoundAsk) -> Result<Answer<String>, Failure> {
        let request = self.post(call)?.header(CONTENT_TYPE, ask.format.media_type());
        let answer = self.wire.json(request.body(ask.bytes.clone())).await?;
        let text = generated(&answer, "text");
        let text = text.ok_or_else(|| Failure::unusable("there is no text in it"))?;
        let seconds = ask.seconds.unwrap_or_default();
        Ok(Answer::new(text.to_owned(), Usage { seconds, ..Usage::default() }))
    }
}

#[async_trait]
impl EmbeddingModel for HuggingFace {
    async fn embed(
        &self,
        call: &Call<'_>,
        texts: &[String],
    ) -> Result<Answer<Vec<Vec<f32>>>, Failure> {
        let body = wire::with_parameters(json!({"inputs": texts}), &call.model.parameters);
        let request = self.wire.post(&format!(
            "{}/models/{}/pipeline/feature-extraction",
            self.address, call.model.name
        ));
        let answer = self.wire.json(self.with_key(call, request)?.json(&body)).await?;
        let vectors = answer.as_array().map(|all| all.iter().map(embed::vector).collect());
        let vectors: Option<Vec<_>> = vectors.flatten();
        let vectors = vectors.ok_or_else(|| Failure::unusable("there are no vectors in it"))?;
        Ok(Answer::new(vectors, Usage::default()))
    }
}
