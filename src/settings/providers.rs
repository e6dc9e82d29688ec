//! The AI providers' keys and addresses. None of them is needed: without any, the offline provider tells.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{ValidationError, secret};

/// Keys and addresses of the AI providers.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSettings {
    /// OpenAI's key, or that of the server at `openai_base_url`.
    #[serde(serialize_with = "secret::serialize")]
    pub openai_api_key: Option<SecretString>,
    /// The address of any server that speaks OpenAI's API.
    pub openai_base_url: Option<String>,
    /// The key of Azure's image analysis.
    #[serde(serialize_with = "secret::serialize")]
    pub azure_api_key: Option<SecretString>,
    /// The host of Azure's image analysis.
    pub azure_api_host: Option<String>,
    /// Stability's key.
    #[serde(serialize_with = "secret::serialize")]
    pub stability_api_key: Option<SecretString>,
    /// Where Stability is, if elsewhere.
    pub stability_base_url: Option<String>,
    /// Hugging Face's key.
    #[serde(serialize_with = "secret::serialize")]
    pub huggingface_api_key: Option<SecretString>,
    /// Where Hugging Face is, if elsewhere.
    pub huggingface_base_url: Option<String>,
    /// Replicate's token.
    #[serde(serialize_with = "secret::serialize")]
    pub replicate_api_token: Option<SecretString>,
    /// Where Replicate is, if elsewhere.
    pub replicate_base_url: Option<String>,
    /// Runway's key.
    #[serde(serialize_with = "secret::serialize")]
    pub runway_api_key: Option<SecretString>,
    /// Where Runway is, if elsewhere.
    pub runway_base_url: Option<String>,
}

impl ProviderSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        let is_url = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        let addresses = [
            ("providers.openai_base_url", &self.openai_base_url),
            ("providers.stability_base_url", &self.stability_base_url),
            ("providers.huggingface_base_url", &self.huggingface_base_url),
            ("providers.replicate_base_url", &self.replicate_base_url),
            ("providers.runway_base_url", &self.runway_base_url),
        ];
        for (key, address) in addresses {
            if let Some(url) = address.as_deref().filter(|url| !is_url(url)) {
                return Err((key, format!("`{url}` must begin with http:// or https://")));
            }
        }
        Ok(())
    }
}
