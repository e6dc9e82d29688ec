//! OpenAI, and servers with a compatible API at a configured base URL, such as Ollama, llama.cpp and vLLM.
//!
//! Requests follow the API, and a model's own parameters override their fields. Responses are parsed leniently, because
//! not every server that is called compatible is.

mod audio;
mod chat;
mod images;
mod speech;
mod texts;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use reqwest::RequestBuilder;
use reqwest::header::AUTHORIZATION;
use secrecy::SecretString;
use serde_json::Value;

use super::{CallContext, Failure, Provider, ProviderClient, provider_client};

/// The provider's name in the registry and in model configurations.
pub const NAME: &str = "openai";

/// The API key's name in client configurations.
const KEY_NAME: &str = "openai_api_key";

const BASE_URL: &str = "https://api.openai.com/v1";

/// Creates the provider. Without `base_url`, it calls OpenAI's own API.
#[must_use]
pub fn provider(
    client: ProviderClient,
    base_url: Option<&str>,
    key: Option<SecretString>,
) -> Provider {
    let openai = Arc::new(OpenAi {
        client,
        base_url: base_url.unwrap_or(BASE_URL).trim_end_matches('/').to_owned(),
        is_official: base_url.is_none(),
        key,
        json_modes: Mutex::default(),
    });
    Provider {
        display_name: if base_url.is_none() { "OpenAI" } else { "the OpenAI-compatible server" },
        text: Some(openai.clone()),
        structured: Some(openai.clone()),
        image: Some(openai.clone()),
        vision: Some(openai.clone()),
        transcription: Some(openai.clone()),
        speech: Some(openai.clone()),
        embedding: Some(openai.clone()),
        moderation: Some(openai),
        ..Provider::default()
    }
}

struct OpenAi {
    client: ProviderClient,
    base_url: String,
    /// Whether the server is OpenAI's own. Other servers often support only older parameters and may need no key.
    is_official: bool,
    key: Option<SecretString>,
    /// The mode in which each model last accepted a request for JSON, by model name.
    json_modes: Mutex<HashMap<String, chat::JsonMode>>,
}

impl OpenAi {
    /// Builds a POST request with the client's key, or else the installation's.
    fn post(&self, call: &CallContext<'_>, path: &str) -> Result<RequestBuilder, Failure> {
        let request = self.client.post(&format!("{}/{path}", self.base_url));
        match call.keys.get(KEY_NAME).or(self.key.as_ref()) {
            Some(key) => {
                Ok(request.header(AUTHORIZATION, provider_client::secret_header("Bearer ", key)?))
            }
            None if self.is_official => Err(Failure::NotConfigured),
            None => Ok(request),
        }
    }

    /// Sends a JSON object, overridden by the model's parameters, and parses the response as JSON.
    async fn post_json(
        &self,
        call: &CallContext<'_>,
        path: &str,
        body: Value,
    ) -> Result<Value, Failure> {
        let body = provider_client::with_parameters(body, &call.model.parameters);
        self.client.fetch_json(self.post(call, path)?.json(&body)).await
    }
}
