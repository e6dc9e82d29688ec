//! OpenAI, and servers with a compatible API at a configured base URL, such as Ollama, llama.cpp and vLLM.
//!
//! Requests are built with the types of async-openai and sent by its client (`api`). A model's own parameters override
//! their fields, and a field that a server refuses by name is left out or renamed. Responses are parsed leniently, because
//! not every server that is called compatible is.

mod adaptation;
mod api;
mod audio;
mod chat;
mod chat_answer;
mod images;
mod json_mode;
mod speech;
mod texts;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::HeaderValue;
use secrecy::SecretString;
use serde_json::Value;

use super::provider_client::{self, ErrorResponse, Expected, Fetched};
use super::{CallContext, Failure, Provider, ProviderClient};
use crate::settings::ProviderSettings;
use adaptation::Adaptations;
use api::{ApiCall, Endpoint, Target};
use json_mode::JsonModes;

/// The provider's name in the registry and in model configurations.
pub const NAME: &str = "openai";

/// The API key's name in client configurations.
const KEY_NAME: &str = "openai_api_key";

const BASE_URL: &str = "https://api.openai.com/v1";

/// The paths that some people append to the base URL.
const PATHS: [&str; 8] = [
    "/chat/completions",
    "/completions",
    "/images/generations",
    "/audio/transcriptions",
    "/audio/speech",
    "/embeddings",
    "/moderations",
    "/models",
];

/// Creates the provider. Without `base_url`, it calls OpenAI's own API.
#[must_use]
pub fn provider(
    client: ProviderClient,
    base_url: Option<&str>,
    key: Option<SecretString>,
) -> Provider {
    let is_official = base_url.is_none_or(ProviderSettings::is_openai_url);
    let openai = Arc::new(OpenAi {
        client,
        base_url: base_url.map_or_else(|| BASE_URL.to_owned(), |url| normalise(url, is_official)),
        is_official,
        key,
        json_modes: JsonModes::default(),
        adaptations: Adaptations::default(),
    });
    Provider {
        display_name: if is_official { "OpenAI" } else { "the OpenAI-compatible server" },
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

/// The beginnings of the names of OpenAI's own models.
const OWN_MODELS: [&str; 9] = [
    "chatgpt",
    "codex",
    "dall-e",
    "gpt-audio",
    "gpt-image",
    "omni-moderation",
    "text-embedding-",
    "tts-1",
    "whisper-1",
];

/// Whether a model's name is that of one of OpenAI's own models, also with the prefix `openai/` of a proxy.
#[must_use]
pub fn is_own_model(name: &str) -> bool {
    let name = name.strip_prefix("openai/").unwrap_or(name);
    // Names such as `gpt-4.1` and `o3`, but not `gpt-oss-20b`, which others serve.
    let mut prefixes = ["gpt-", "o"].iter();
    let is_numbered = prefixes.any(|prefix| {
        name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    is_numbered || OWN_MODELS.iter().any(|start| name.starts_with(start))
}

/// Removes the path of an endpoint from a base URL, and adds the version that OpenAI's own needs.
fn normalise(url: &str, is_official: bool) -> String {
    let url = url.trim().trim_end_matches('/');
    let base = PATHS.iter().find_map(|path| url.strip_suffix(path)).unwrap_or(url);
    let base = base.trim_end_matches('/');
    let has_path = base.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    if is_official && !has_path { format!("{base}/v1") } else { base.to_owned() }
}

struct OpenAi {
    client: ProviderClient,
    base_url: String,
    /// Whether the server is OpenAI's own. Other servers often support only older parameters and may need no key.
    is_official: bool,
    key: Option<SecretString>,
    json_modes: JsonModes,
    adaptations: Adaptations,
}

impl OpenAi {
    /// Returns the header with the client's key, or else the installation's. Servers other than OpenAI's own may need
    /// none.
    fn authorization(&self, call: &CallContext<'_>) -> Result<Option<HeaderValue>, Failure> {
        match call.keys.get(KEY_NAME).or(self.key.as_ref()) {
            Some(key) => provider_client::secret_header("Bearer ", key).map(Some),
            None if self.is_official => Err(Failure::NotConfigured),
            None => Ok(None),
        }
    }

    /// Prepares a call of the API.
    fn api_call(&self, call: &CallContext<'_>, expected: Expected) -> Result<ApiCall, Failure> {
        let target = Target::new(&self.base_url, self.authorization(call)?);
        Ok(ApiCall::new(&self.client, target, expected))
    }

    /// Sends a JSON object, overridden by the model's parameters, and parses the response as JSON.
    async fn post_json(
        &self,
        call: &CallContext<'_>,
        endpoint: Endpoint,
        body: Value,
    ) -> Result<Value, Failure> {
        let body = provider_client::with_parameters(body, &call.model.parameters);
        Ok(self.post_adapted(call, endpoint, body, None).await?)
    }

    /// Sends a JSON object, adapted to what the server accepts. `kept` is a field that is not adapted.
    async fn post_adapted(
        &self,
        call: &CallContext<'_>,
        endpoint: Endpoint,
        body: Value,
        kept: Option<&str>,
    ) -> Result<Value, ErrorResponse> {
        let send = move |body: Value| {
            let response = async move {
                checked_json(self.api_call(call, Expected::Json)?.send(endpoint, body).await?)
            };
            response.boxed()
        };
        self.adapt(call, endpoint.path(), body, kept, send).await
    }

    /// Sends a request, and sends it again without the fields that the server refuses. What helped is remembered for
    /// the model. A refused request costs nothing.
    async fn adapt<'a, T>(
        &self,
        call: &CallContext<'_>,
        path: &str,
        body: Value,
        kept: Option<&str>,
        send: impl Fn(Value) -> BoxFuture<'a, Result<T, ErrorResponse>> + Sync,
    ) -> Result<T, ErrorResponse> {
        let key = Adaptations::key(path, call.model);
        let known = self.adaptations.get(&key);
        let mut changes = known.clone();
        loop {
            let adapted = adaptation::apply(body.clone(), &changes);
            let refusal = match send(adapted.clone()).await {
                Ok(response) => {
                    if changes != known {
                        self.adaptations.remember(key, changes);
                    }
                    return Ok(response);
                }
                Err(refusal) => refusal,
            };
            let change = adaptation::propose(&adapted, &changes, &refusal, kept);
            match change.filter(|_| changes.len() < adaptation::MAX_CHANGES) {
                Some(change) => {
                    tracing::debug!(?change, model = call.model.name, "adapting a refused request");
                    changes.push(change);
                }
                None => return Err(self.explain_address(refusal)),
            }
        }
    }

    /// Adds to an error what may be wrong with the base URL, if nothing is at the address that was called.
    fn explain_address(&self, mut error: ErrorResponse) -> ErrorResponse {
        let is_elsewhere = match error.failure {
            Failure::Misdirected(_) => true,
            Failure::Rejected(_) => {
                matches!(error.status, Some(404 | 405))
                    && !error.message.to_ascii_lowercase().contains("model")
            }
            _ => false,
        };
        if is_elsewhere && !self.is_official {
            let ends_in_version = self.base_url.rsplit('/').next().is_some_and(|end| {
                end.strip_prefix('v')
                    .is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
            });
            let advice = if ends_in_version {
                "check the address in OPENAI_BASE_URL"
            } else {
                "the address in OPENAI_BASE_URL usually ends with /v1"
            };
            let message: String = error.message.chars().take(100).collect();
            let message = message.trim().trim_end_matches('.');
            let found = match error.status {
                Some(200) => format!("it is {message} instead of JSON"),
                Some(status) if message.is_empty() => format!("HTTP {status}"),
                Some(status) => format!("HTTP {status}, {message}"),
                None => message.to_owned(),
            };
            let reason = format!("{found}; {advice}");
            error.failure = match error.failure {
                Failure::Misdirected(_) => Failure::misdirected(&reason),
                _ => Failure::rejected(&reason),
            };
        }
        error
    }
}

/// Returns the JSON of a response, unless it is an error with a status of success.
fn checked_json(fetched: Fetched) -> Result<Value, ErrorResponse> {
    let Fetched::Json(response) = fetched else { return Err(unexpected()) };
    match provider_client::error_in_answer(&response) {
        Some(error) => Err(error),
        None => Ok(response),
    }
}

/// Returns the file of a response.
fn file(fetched: Fetched) -> Result<Bytes, ErrorResponse> {
    match fetched {
        Fetched::File(bytes) => Ok(bytes),
        Fetched::Json(_) => Err(unexpected()),
    }
}

fn unexpected() -> ErrorResponse {
    Failure::Internal("a response was read in another form than was asked for".to_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_of_openai_are_known_by_their_names() {
        for name in ["gpt-4.1-mini", "openai/gpt-5", "o3", "gpt-image-1", "dall-e-3", "whisper-1"] {
            assert!(is_own_model(name), "{name}");
        }
        for name in ["llama3.2", "gpt-oss-20b", "openai/gpt-oss-120b", "olmo", "default", "mistral"]
        {
            assert!(!is_own_model(name), "{name}");
        }
    }

    #[test]
    fn a_base_url_ends_where_the_endpoints_begin() {
        let cases = [
            ("http://localhost:11434/v1/", "http://localhost:11434/v1"),
            ("http://localhost:11434", "http://localhost:11434"),
            ("http://localhost:8080/v1/chat/completions", "http://localhost:8080/v1"),
            ("http://localhost:8080/v1/completions/", "http://localhost:8080/v1"),
            ("https://api.openai.com", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ];
        for (url, expected) in cases {
            let is_official = ProviderSettings::is_openai_url(url);
            assert_eq!(is_official, url.contains("openai.com"), "{url}");
            assert_eq!(normalise(url, is_official), expected);
        }
    }
}
