//! OpenAI, and every server that speaks its API: Ollama, llama.cpp, vLLM and others, by their base URL.
//!
//! Requests are written as the API has them, with a model's own parameters laid over; answers are read tolerantly,
//! for not every server that is called compatible is.

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

/// Its name in the registry and in model configurations.
pub const NAME: &str = "openai";

/// The key's name in configurations of clients.
const KEY_NAME: &str = "openai_api_key";

const BASE_URL: &str = "https://api.openai.com/v1";

/// The provider's capabilities.
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
    /// Whether it is OpenAI itself: others often know older parameters only, and may need no key.
    is_official: bool,
    key: Option<SecretString>,
    /// How each model was last seen to give JSON.
    json_modes: Mutex<HashMap<String, chat::JsonMode>>,
}

impl OpenAi {
    /// A POST with the client's key, or the installation's.
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

    /// Sends an object of JSON, the model's parameters over it, and reads the answer as JSON.
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
