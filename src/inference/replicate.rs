//! Replicate: a prediction is created, asked after until it is done, and its files are fetched.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    CallContext, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse, Provider,
    ProviderClient, TextModel, TextRequest, Usage, poll, provider_client,
};

/// Its name in the registry and in model configurations.
pub const NAME: &str = "replicate";

/// The token's name in configurations of clients.
const KEY_NAME: &str = "replicate_api_token";

const BASE_URL: &str = "https://api.replicate.com";

/// The longest wait between two questions after a prediction.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(3);

/// The provider's capabilities.
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
        request: RequestBuilder,
    ) -> Result<RequestBuilder, Failure> {
        provider_client::with_bearer(request, call, KEY_NAME, self.key.as_ref())
    }

    /// What a prediction for this input comes to. `owner/name` is the newest of a model, `owner/name:version` one
    /// version of it.
    async fn predict(&self, call: &CallContext<'_>, input: Value) -> Result<Value, Failure> {
        let input = provider_client::with_parameters(input, &call.model.parameters);
        let (path, body) = match call.model.name.split_once(':') {
            Some((_, version)) => {
                ("predictions".to_owned(), json!({"version": version, "input": input}))
            }
            None => (format!("models/{}/predictions", call.model.name), json!({"input": input})),
        };
        let request = self.client.post(&format!("{}/v1/{path}", self.base_url)).json(&body);
        let prediction = self.client.fetch_json(self.with_key(call, request)?).await?;
        let id = poll::task_id(&prediction);
        let again = || async {
            // Not the address that it gives: the token goes to the configured one alone.
            let id = id.as_ref().map_err(Clone::clone)?;
            let request = self.client.get(&format!("{}/v1/predictions/{id}", self.base_url));
            self.client.fetch_json(self.with_key(call, request)?).await
        };
        poll::poll_until_done(prediction, MAX_POLL_INTERVAL, again, output).await
    }
}

/// What a prediction came to, once it is done.
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
        _ => Err(Failure::invalid_response("it is no prediction")),
    }
}

fn prediction_failure(prediction: &Value) -> Failure {
    let reason = prediction.get("error").and_then(Value::as_str).unwrap_or("it gives no reason");
    let lower = reason.to_lowercase();
    if ["nsfw", "safety", "sensitive", "flagged"].iter().any(|sign| lower.contains(sign)) {
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
        ask: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let input =
            json!({"prompt": ask.prompt, "max_tokens": call.model.max_tokens(ask.max_tokens)});
        let text = match self.predict(call, input).await? {
            Value::String(text) => text,
            Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect(),
            _ => return Err(Failure::invalid_response("it is no text")),
        };
        Ok(ModelResponse::new(text, Usage::default()))
    }
}

#[async_trait]
impl ImageModel for Replicate {
    async fn generate_image(
        &self,
        call: &CallContext<'_>,
        ask: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        let input = json!({"prompt": ask.prompt, "width": ask.size.width, "height": ask.size.height,
            "seed": ask.seed & 0x7fff_ffff});
        let output = self.predict(call, input).await?;
        let url = output.as_str().or_else(|| output.get(0).and_then(Value::as_str));
        let url = url.ok_or_else(|| Failure::invalid_response("there is no picture in it"))?;
        let bytes = self.client.fetch_bytes(self.client.get(url)).await?;
        Ok(ModelResponse::new(
            GeneratedImage::Encoded(bytes.into()),
            Usage { images: 1, ..Usage::default() },
        ))
    }
}
