//! Replicate: a prediction is created, asked after until it is done, and its files are fetched.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    Answer, Call, Failure, ImageAsk, ImageModel, Picture, Provider, TextAsk, TextModel, Usage,
    Wire, poll, wire,
};

/// Its name in the registry and in model configurations.
pub const NAME: &str = "replicate";

/// The token's name in configurations of clients.
const KEY: &str = "replicate_api_token";

const ADDRESS: &str = "https://api.replicate.com";

/// The longest wait between two questions after a prediction.
const LAST_LOOK: Duration = Duration::from_secs(3);

/// The provider's capabilities.
#[must_use]
pub fn provider(wire: Wire, base_url: Option<&str>, key: Option<SecretString>) -> Provider {
    let address = base_url.unwrap_or(ADDRESS).trim_end_matches('/').to_owned();
    let model = Arc::new(Replicate { wire, address, key });
    Provider {
        title: "Replicate",
        text: Some(model.clone()),
        image: Some(model),
        ..Provider::default()
    }
}

struct Replicate {
    wire: Wire,
    address: String,
    key: Option<SecretString>,
}

impl Replicate {
    fn with_key(
        &self,
        call: &Call<'_>,
        request: RequestBuilder,
    ) -> Result<RequestBuilder, Failure> {
        wire::bearer(request, call, KEY, self.key.as_ref())
    }

    /// What a prediction for this input comes to. `owner/name` is the newest of a model, `owner/name:version` one
    /// version of it.
    async fn predict(&self, call: &Call<'_>, input: Value) -> Result<Value, Failure> {
        let input = wire::with_parameters(input, &call.model.parameters);
        let (path, body) = match call.model.name.split_once(':') {
            Some((_, version)) => {
                ("predictions".to_owned(), json!({"version": version, "input": input}))
            }
            None => (format!("models/{}/predictions", call.model.name), json!({"input": input})),
        };
        let request = self.wire.post(&format!("{}/v1/{path}", self.address)).json(&body);
        let prediction = self.wire.json(self.with_key(call, request)?).await?;
        let id = poll::id_of(&prediction);
        let again = || async {
            // Not the address that it gives: the token goes to the configured one alone.
            let id = id.as_ref().map_err(Clone::clone)?;
            let request = self.wire.get(&format!("{}/v1/predictions/{id}", self.address));
            self.wire.json(self.with_key(call, request)?).await
        };
        poll::until_done(prediction, LAST_LOOK, again, output).await
    }
}

/// What a prediction came to, once it is done.
fn output(prediction: &mut Value) -> Result<Option<Value>, Failure> {
    match prediction.get("status").and_then(Value::as_str) {
        Some("succeeded") => {
            let output = prediction.get_mut("output").map(Value::take);
            let output = output.filter(|output| !output.is_null());
            output.map(Some).ok_or_else(|| Failure::unusable("there is nothing in it"))
        }
        Some("failed") => Err(failed(prediction)),
        Some("canceled" | "aborted") => Err(Failure::unavailable("the prediction was cancelled")),
        Some("starting" | "processing" | "queued") => Ok(None),
        _ => Err(Failure::unusable("it is no prediction")),
    }
}

fn failed(prediction: &Value) -> Failure {
    let reason = prediction.get("error").and_then(Value::as_str).unwrap_or("it gives no reason");
    let lower = reason.to_lowercase();
    if ["nsfw", "safety", "sensitive", "flagged"].iter().any(|sign| lower.contains(sign)) {
        Failure::Refused
    } else {
        Failure::rejected(reason)
    }
}

#[async_trait]
impl TextModel for Replicate {
    async fn text(&self, call: &Call<'_>, ask: &TextAsk) -> Result<Answer<String>, Failure> {
        let input =
            json!({"prompt": ask.prompt, "max_tokens": call.model.most_tokens(ask.most_tokens)});
        let text = match self.predict(call, input).await? {
            Value::String(text) => text,
            Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect(),
            _ => return Err(Failure::unusable("it is no text")),
        };
        Ok(Answer::new(text, Usage::default()))
    }
}

#[async_trait]
impl ImageModel for Replicate {
    async fn image(&self, call: &Call<'_>, ask: &ImageAsk) -> Result<Answer<Picture>, Failure> {
        let input = json!({"prompt": ask.prompt, "width": ask.size.width, "height": ask.size.height,
            "seed": ask.seed & 0x7fff_ffff});
        let output = self.predict(call, input).await?;
        let url = output.as_str().or_else(|| output.get(0).and_then(Value::as_str));
        let url = url.ok_or_else(|| Failure::unusable("there is no picture in it"))?;
        let bytes = self.wire.file(self.wire.get(url)).await?;
        Ok(Answer::new(Picture::Encoded(bytes.into()), Usage { images: 1, ..Usage::default() }))
    }
}
