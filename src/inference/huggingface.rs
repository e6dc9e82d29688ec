//! Hugging Face's inference: prose, pictures, captions, transcription and vectors by whatever models it serves. A model that is
//! not loaded says how long that takes.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    CallContext, EmbeddingModel, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse,
    Provider, ProviderClient, SoundRequest, TextModel, TextRequest, TranscriptionModel, Usage,
    VisionModel, VisionRequest, embed, provider_client,
};
use crate::domain::ImageAnalysis;

/// Its name in the registry and in model configurations.
pub const NAME: &str = "huggingface";

/// The key's name in configurations of clients.
const KEY_NAME: &str = "huggingface_api_key";

const BASE_URL: &str = "https://router.huggingface.co/hf-inference";

/// The provider's capabilities.
#[must_use]
pub fn provider(
    client: ProviderClient,
    base_url: Option<&str>,
    key: Option<SecretString>,
) -> Provider {
    let base_url = base_url.unwrap_or(BASE_URL).trim_end_matches('/').to_owned();
    let model = Arc::new(HuggingFace { client, base_url, key });
    Provider {
        display_name: "Hugging Face",
        text: Some(model.clone()),
        image: Some(model.clone()),
        vision: Some(model.clone()),
        transcription: Some(model.clone()),
        embedding: Some(model),
        ..Provider::default()
    }
}

struct HuggingFace {
    client: ProviderClient,
    base_url: String,
    key: Option<SecretString>,
}

impl HuggingFace {
    fn post(&self, call: &CallContext<'_>) -> Result<RequestBuilder, Failure> {
        let address = format!("{}/models/{}", self.base_url, call.model.name);
        self.with_key(call, self.client.post(&address))
    }

    fn with_key(
        &self,
        call: &CallContext<'_>,
        request: RequestBuilder,
    ) -> Result<RequestBuilder, Failure> {
        provider_client::with_bearer(request, call, KEY_NAME, self.key.as_ref())
    }
}

/// The text of an answer: `[{"generated_text": …}]`, or one such object.
fn text_field<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    let first = answer.get(0).unwrap_or(answer);
    first.get(name).and_then(Value::as_str).map(str::trim)
}

#[async_trait]
impl TextModel for HuggingFace {
    async fn generate_text(
        &self,
        call: &CallContext<'_>,
        ask: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let parameters = provider_client::with_parameters(
            json!({"max_new_tokens": call.model.max_tokens(ask.max_tokens), "return_full_text": false}),
            &call.model.parameters,
        );
        let body = json!({"inputs": ask.prompt, "parameters": parameters});
        let answer = self.client.fetch_json(self.post(call)?.json(&body)).await?;
        let text = text_field(&answer, "generated_text").filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Failure::invalid_response("there is no text in it"))?;
        Ok(ModelResponse::new(text.to_owned(), Usage::default()))
    }
}

#[async_trait]
impl ImageModel for HuggingFace {
    async fn generate_image(
        &self,
        call: &CallContext<'_>,
        ask: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        let parameters = provider_client::with_parameters(
            json!({"width": ask.size.width, "height": ask.size.height}),
            &call.model.parameters,
        );
        let body = json!({"inputs": ask.prompt, "parameters": parameters});
        let bytes = self.client.fetch_bytes(self.post(call)?.json(&body)).await?;
        Ok(ModelResponse::new(
            GeneratedImage::Encoded(bytes.into()),
            Usage { images: 1, ..Usage::default() },
        ))
    }
}

#[async_trait]
impl VisionModel for HuggingFace {
    async fn describe_image(
        &self,
        call: &CallContext<'_>,
        ask: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, Failure> {
        let picture = self.client.encode_jpeg(&ask.picture).await?;
        let request = self.post(call)?.header(CONTENT_TYPE, "image/jpeg").body(picture);
        let answer = self.client.fetch_json(request).await?;
        let caption = text_field(&answer, "generated_text").filter(|text| !text.is_empty());
        let caption =
            caption.ok_or_else(|| Failure::invalid_response("there is no caption in it"))?;
        let sight = ImageAnalysis { description: caption.to_owned(), ..ImageAnalysis::default() };
        Ok(ModelResponse::new(sight, Usage { images: 1, ..Usage::default() }))
    }
}

#[async_trait]
impl TranscriptionModel for HuggingFace {
    async fn transcribe(
        &self,
        call: &CallContext<'_>,
        ask: &SoundRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let request = self.post(call)?.header(CONTENT_TYPE, ask.format.media_type());
        let answer = self.client.fetch_json(request.body(ask.bytes.clone())).await?;
        let text = text_field(&answer, "text");
        let text = text.ok_or_else(|| Failure::invalid_response("there is no text in it"))?;
        let seconds = ask.seconds.unwrap_or_default();
        Ok(ModelResponse::new(text.to_owned(), Usage { seconds, ..Usage::default() }))
    }
}

#[async_trait]
impl EmbeddingModel for HuggingFace {
    async fn embed(
        &self,
        call: &CallContext<'_>,
        texts: &[String],
    ) -> Result<ModelResponse<Vec<Vec<f32>>>, Failure> {
        let body =
            provider_client::with_parameters(json!({"inputs": texts}), &call.model.parameters);
        let request = self.client.post(&format!(
            "{}/models/{}/pipeline/feature-extraction",
            self.base_url, call.model.name
        ));
        let answer = self.client.fetch_json(self.with_key(call, request)?.json(&body)).await?;
        let vectors = answer.as_array().map(|all| all.iter().map(embed::parse_vector).collect());
        let vectors: Option<Vec<_>> = vectors.flatten();
        let vectors =
            vectors.ok_or_else(|| Failure::invalid_response("there are no vectors in it"))?;
        Ok(ModelResponse::new(vectors, Usage::default()))
    }
}
