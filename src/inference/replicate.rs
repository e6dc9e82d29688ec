//! Replicate: creates a prediction, polls it until it is done, and fetches its files.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    CallContext, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse, Provider,
    ProviderClient, TextModel, TextRequest, Usage, cut_text, linked_file, poll, provider_client,
    reasoning,
};

/// The provider's name in the registry and in model configurations.
pub const NAME: &str = "replicate";

/// The API token's name in client configurations.
const KEY_NAME: &str = "replicate_api_token";

const BASE_URL: &str = "https://api.replicate.com";

/// The longest wait between two polls of a prediction.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(3);

/// Creates the provider. Without `base_url`, it calls Replicate's own API.
#[must_use]
pub fn provider(
    client: ProviderClient,
    base_url: Option<&str>,
    key: Option<SecretString>,
) -> Provider {
    let base_url = base_url.unwrap_or(BASE_URL).trim_end_matches('/').to_owned();
    let model = Arc::new(Replicate { client, base_url, key });
    Provider {
        display_name: "Replicate",
        text: Some(model.clone()),
        image: Some(model),
        ..Provider::default()
    }
}

struct Replicate {
    client: ProviderClient,
    base_url: String,
    key: Option<SecretString>,
}

impl Replicate {
    fn with_key(
        &self,
        call: &CallContext<'_>,
        http_request: RequestBuilder,
    ) -> Result<RequestBuilder, Failure> {
        provider_client::with_bearer(http_request, call, KEY_NAME, self.key.as_ref())
    }

    /// Runs a prediction and returns its output. A model named `owner/name` runs in its newest version,
    /// `owner/name:version` in that version.
    async fn predict(&self, call: &CallContext<'_>, input: Value) -> Result<Value, Failure> {
        let input = provider_client::with_parameters(input, &call.model.parameters);
        let (path, body) = match call.model.name.split_once(':') {
            Some((_, version)) => {
                ("predictions".to_owned(), json!({"version": version, "input": input}))
            }
            None => (format!("models/{}/predictions", call.model.name), json!({"input": input})),
        };
        let http_request = self.client.post(&format!("{}/v1/{path}", self.base_url)).json(&body);
        let prediction = self.client.fetch_json(self.with_key(call, http_request)?).await?;
        let id = poll::task_id(&prediction);
        let poll_prediction = || async {
            // The polling URL in the response is not used: the token must go only to the configured host.
            let id = id.as_ref().map_err(Clone::clone)?;
            let http_request = self.client.get(&format!("{}/v1/predictions/{id}", self.base_url));
            Ok(self.client.fetch_json(self.with_key(call, http_request)?).await?)
        };
        poll::poll_until_done(prediction, MAX_POLL_INTERVAL, poll_prediction, output).await
    }
}

/// Returns a prediction's output; `None` while it runs.
fn output(prediction: &mut Value) -> Result<Option<Value>, Failure> {
    match prediction.get("status").and_then(Value::as_str) {
        Some("succeeded") => {
            let output = prediction.get_mut("output").map(Value::take);
            let output = output.filter(|output| !output.is_null());
            output.map(Some).ok_or_else(|| Failure::invalid_response("there is nothing in it"))
        }
        Some("failed") => Err(prediction_failure(prediction)),
        Some("canceled" | "aborted") => Err(Failure::unavailable("the prediction was cancelled")),
        Some("starting" | "processing" | "queued") => Ok(None),
        _ => Err(Failure::invalid_response("it is not a prediction")),
    }
}

fn prediction_failure(prediction: &Value) -> Failure {
    let reason = prediction.get("error").and_then(Value::as_str).unwrap_or("it gives no reason");
    let lower = reason.to_lowercase();
    if ["nsfw", "safety", "sensitive", "flagged"].iter().any(|marker| lower.contains(marker)) {
        Failure::ContentRefused
    } else {
        Failure::rejected(reason)
    }
}

#[async_trait]
impl TextModel for Replicate {
    async fn generate_text(
        &self,
        call: &CallContext<'_>,
        request: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let input = json!({"prompt": request.prompt, "max_tokens": call.model.max_tokens(request.max_tokens)});
        let text = match self.predict(call, input).await? {
            Value::String(text) => text,
            Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect(),
            _ => return Err(Failure::invalid_response("it is not a text")),
        };
        let text = cut_text::bounded_prose(reasoning::strip_all(&text));
        if text.is_empty() {
            return Err(Failure::invalid_response("it is empty"));
        }
        Ok(ModelResponse::new(text, Usage::default()))
    }
}

#[async_trait]
impl ImageModel for Replicate {
    async fn generate_image(
        &self,
        call: &CallContext<'_>,
        request: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        let input = json!({"prompt": request.prompt, "width": request.size.width, "height": request.size.height,
            "seed": request.seed & 0x7fff_ffff});
        let output = self.predict(call, input).await?;
        let url = output.as_str().or_else(|| output.get(0).and_then(Value::as_str));
        let url = url.ok_or_else(|| Failure::invalid_response("there is no image in it"))?;
        let bytes = linked_file::fetch(&self.client, &self.base_url, url).await?;
        Ok(ModelResponse::new(
            GeneratedImage::Encoded(bytes.into()),
            Usage { images: 1, ..Usage::default() },
        ))
    }
}
