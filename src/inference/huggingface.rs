//! Hugging Face's inference API: text, images, captions, transcription and embeddings by the models that it serves. If
//! a model is not loaded, the response says how long loading takes.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    CallContext, EmbeddingModel, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse,
    Provider, ProviderClient, SoundRequest, TextModel, TextRequest, TranscriptionModel, Usage,
    VisionModel, VisionRequest, cut_text, embed, provider_client, reasoning, transcript,
};
use crate::domain::ImageAnalysis;

/// The provider's name in the registry and in model configurations.
pub const NAME: &str = "huggingface";

/// The API key's name in client configurations.
const KEY_NAME: &str = "huggingface_api_key";

const BASE_URL: &str = "https://router.huggingface.co/hf-inference";

/// Creates the provider. Without `base_url`, it calls Hugging Face's own API.
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
        http_request: RequestBuilder,
    ) -> Result<RequestBuilder, Failure> {
        provider_client::with_bearer(http_request, call, KEY_NAME, self.key.as_ref())
    }
}

/// Returns a text field of a response, which is a list such as `[{"generated_text": …}]` or one such object.
fn text_field<'a>(response: &'a Value, name: &str) -> Option<&'a str> {
    let first = response.get(0).unwrap_or(response);
    first.get(name).and_then(Value::as_str).map(str::trim)
}

#[async_trait]
impl TextModel for HuggingFace {
    async fn generate_text(
        &self,
        call: &CallContext<'_>,
        request: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let parameters = provider_client::with_parameters(
            json!({"max_new_tokens": call.model.max_tokens(request.max_tokens), "return_full_text": false}),
            &call.model.parameters,
        );
        let body = json!({"inputs": request.prompt, "parameters": parameters});
        let response = self.client.fetch_json(self.post(call)?.json(&body)).await?;
        let text = text_field(&response, "generated_text").map(reasoning::strip_all);
        let text = text.map(cut_text::bounded_prose);
        let text = text.filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Failure::invalid_response("there is no text in it"))?;
        Ok(ModelResponse::new(text, Usage::default()))
    }
}

#[async_trait]
impl ImageModel for HuggingFace {
    async fn generate_image(
        &self,
        call: &CallContext<'_>,
        request: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        let parameters = provider_client::with_parameters(
            json!({"width": request.size.width, "height": request.size.height}),
            &call.model.parameters,
        );
        let body = json!({"inputs": request.prompt, "parameters": parameters});
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
        request: &VisionRequest,
    ) -> Result<ModelResponse<ImageAnalysis>, Failure> {
        let picture = self.client.jpeg(request).await?;
        let http_request = self.post(call)?.header(CONTENT_TYPE, "image/jpeg").body(picture);
        let response = self.client.fetch_json(http_request).await?;
        let caption = text_field(&response, "generated_text").map(reasoning::strip_all);
        let caption = caption.map(cut_text::bounded_prose);
        let caption = caption.filter(|text| !text.is_empty());
        let description =
            caption.ok_or_else(|| Failure::invalid_response("there is no caption in it"))?;
        let analysis = ImageAnalysis { description, ..ImageAnalysis::default() };
        Ok(ModelResponse::new(analysis, Usage { images: 1, ..Usage::default() }))
    }
}

#[async_trait]
impl TranscriptionModel for HuggingFace {
    async fn transcribe(
        &self,
        call: &CallContext<'_>,
        request: &SoundRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let http_request = self.post(call)?.header(CONTENT_TYPE, request.format.media_type());
        let http_request = http_request.body(request.bytes.clone());
        let response = self.client.fetch_json_or_text(http_request).await?;
        let text = transcript::parse(&response)?;
        let seconds = request.seconds.unwrap_or_default();
        Ok(ModelResponse::new(text, Usage { seconds, ..Usage::default() }))
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
        let http_request = self.client.post(&format!(
            "{}/models/{}/pipeline/feature-extraction",
            self.base_url, call.model.name
        ));
        let response =
            self.client.fetch_json(self.with_key(call, http_request)?.json(&body)).await?;
        let vectors = response.as_array().map(|all| all.iter().map(embed::parse_vector).collect());
        let vectors: Option<Vec<_>> = vectors.flatten();
        let vectors =
            vectors.ok_or_else(|| Failure::invalid_response("there are no vectors in it"))?;
        Ok(ModelResponse::new(vectors, Usage::default()))
    }
}
