//! API keys and URLs of the AI providers. All are optional: without any, the offline provider tells stories.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{ValidationError, secret};

/// The API keys and base URLs of the AI providers. Each is unset by default.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSettings {
    /// The API key of OpenAI, or of the server at `openai_base_url`.
    #[serde(serialize_with = "secret::serialize")]
    pub openai_api_key: Option<SecretString>,
    /// The base URL of a server with an OpenAI-compatible API. If unset, it is OpenAI's.
    pub openai_base_url: Option<String>,
    /// The API key of Azure's image analysis.
    #[serde(serialize_with = "secret::serialize")]
    pub azure_api_key: Option<SecretString>,
    /// The host of Azure's image analysis.
    pub azure_api_host: Option<String>,
    /// The API key of Stability.
    #[serde(serialize_with = "secret::serialize")]
    pub stability_api_key: Option<SecretString>,
    /// The base URL of a server with Stability's API. If unset, it is Stability's.
    pub stability_base_url: Option<String>,
    /// The API key of Hugging Face.
    #[serde(serialize_with = "secret::serialize")]
    pub huggingface_api_key: Option<SecretString>,
    /// The base URL of a server with Hugging Face's API. If unset, it is Hugging Face's.
    pub huggingface_base_url: Option<String>,
    /// The API token of Replicate.
    #[serde(serialize_with = "secret::serialize")]
    pub replicate_api_token: Option<SecretString>,
    /// The base URL of a server with Replicate's API. If unset, it is Replicate's.
    pub replicate_base_url: Option<String>,
    /// The API key of Runway.
    #[serde(serialize_with = "secret::serialize")]
    pub runway_api_key: Option<SecretString>,
    /// The base URL of a server with Runway's API. If unset, it is Runway's.
    pub runway_base_url: Option<String>,
}

impl ProviderSettings {
    /// Whether a base URL is that of OpenAI's own API.
    #[must_use]
    pub fn is_openai_url(url: &str) -> bool {
        let rest = url.trim().split_once("://").map_or(url, |(_, rest)| rest);
        let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        host == "api.openai.com" || host.ends_with(".api.openai.com")
    }

    /// Whether OpenAI's models are called at another server.
    pub(crate) fn has_other_openai_server(&self) -> bool {
        self.openai_base_url.as_deref().is_some_and(|url| !Self::is_openai_url(url))
    }

    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        let is_url = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        let urls = [
            ("providers.openai_base_url", &self.openai_base_url),
            ("providers.stability_base_url", &self.stability_base_url),
            ("providers.huggingface_base_url", &self.huggingface_base_url),
            ("providers.replicate_base_url", &self.replicate_base_url),
            ("providers.runway_base_url", &self.runway_base_url),
        ];
        for (key, url) in urls {
            if let Some(url) = url.as_deref().filter(|url| !is_url(url)) {
                return Err((key, format!("`{url}` must begin with http:// or https://")));
            }
        }
        Ok(())
    }
}
