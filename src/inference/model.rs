//! Models, capabilities and prices, and the context and the response of a call.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::Failure;

/// A kind of work that a model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// Writes prose.
    Text,
    /// Writes JSON to a schema.
    Structured,
    /// Paints images.
    Image,
    /// Describes images.
    Vision,
    /// Converts speech to text.
    Transcription,
    /// Converts text to speech.
    Speech,
    /// Makes videos.
    Video,
    /// Converts texts to vectors that are close to each other if the texts mean the same.
    Embedding,
    /// Detects texts that are not suitable for everyone.
    Moderation,
}

impl Capability {
    /// Returns the capability's name in the record of calls and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Structured => "structured",
            Self::Image => "image",
            Self::Vision => "vision",
            Self::Transcription => "transcription",
            Self::Speech => "speech",
            Self::Video => "video",
            Self::Embedding => "embedding",
            Self::Moderation => "moderation",
        }
    }
}

/// The most time that a call may take, with its retries, by capability.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For prose and structured output.
    pub text: Duration,
    /// For an illustration.
    pub image: Duration,
    /// For the description of an image, and for a transcription.
    pub perception: Duration,
    /// For speech synthesis.
    pub speech: Duration,
    /// For a video.
    pub video: Duration,
    /// For moderation and for embeddings.
    pub moderation: Duration,
}

impl Timeouts {
    pub(super) const fn for_capability(&self, capability: Capability) -> Duration {
        match capability {
            Capability::Text | Capability::Structured => self.text,
            Capability::Image => self.image,
            Capability::Vision | Capability::Transcription => self.perception,
            Capability::Speech => self.speech,
            Capability::Video => self.video,
            Capability::Moderation | Capability::Embedding => self.moderation,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            text: Duration::from_mins(1),
            image: Duration::from_secs(90),
            perception: Duration::from_secs(30),
            speech: Duration::from_secs(15),
            video: Duration::from_mins(10),
            moderation: Duration::from_secs(5),
        }
    }
}

/// The API through which a model writes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApiVariant {
    /// The provider's current API.
    #[default]
    ProviderDefault,
    /// OpenAI's chat completions: a list of messages.
    Chat,
    /// OpenAI's older completions, which continue a prompt. Some local servers and base models support only these.
    Completion,
}

impl ApiVariant {
    /// Parses a model's `provider_api_variant`. An unknown name selects the provider's default.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "openai_chat_completion" => Self::Chat,
            "openai_completion" => Self::Completion,
            _ => Self::ProviderDefault,
        }
    }
}

/// One model of one provider, as it is configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The provider's name in the registry.
    pub provider: String,
    /// The API through which it writes text.
    pub variant: ApiVariant,
    /// The model's name at its provider.
    pub name: String,
    /// Request fields that override those that Calliope sends. A field that is null is removed from the request.
    pub parameters: Map<String, Value>,
    /// The price of a call.
    pub prices: Prices,
}

impl Model {
    /// Returns the most tokens that the model may write: the limit in its parameters, or else `default`.
    #[must_use]
    pub fn max_tokens(&self, default: u64) -> u64 {
        let parameter = ["max_completion_tokens", "max_tokens"]
            .iter()
            .find_map(|name| self.parameters.get(*name));
        parameter.and_then(Value::as_u64).unwrap_or(default)
    }

    /// Creates a model with the default configuration: no parameters and no prices.
    #[must_use]
    pub fn new(provider: &str, name: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            variant: ApiVariant::ProviderDefault,
            name: name.to_owned(),
            parameters: Map::new(),
            prices: Prices::default(),
        }
    }
}

/// API keys of a client's configuration, by names such as `openai_api_key`. They take precedence over the
/// installation's.
#[derive(Debug, Clone, Default)]
pub struct ApiKeys(BTreeMap<String, SecretString>);

impl ApiKeys {
    /// Adds a key, unless it is empty or a more specific level of the configuration has already set it.
    pub fn insert_if_absent(&mut self, name: &str, key: &str) {
        if !key.is_empty() {
            self.0.entry(name.to_owned()).or_insert_with(|| SecretString::from(key));
        }
    }

    /// Returns the key of this name.
    pub(super) fn get(&self, name: &str) -> Option<&SecretString> {
        self.0.get(name)
    }
}

/// The model, the keys and the deadline of one call.
#[derive(Debug, Clone, Copy)]
pub struct CallContext<'a> {
    /// The model to call.
    pub model: &'a Model,
    /// The client's own keys.
    pub keys: &'a ApiKeys,
    /// When the call is abandoned.
    pub deadline: Instant,
}

impl CallContext<'_> {
    /// Returns the client's key of this name, or else the installation's.
    pub(super) fn key<'k>(
        &'k self,
        name: &str,
        installed: Option<&'k SecretString>,
    ) -> Result<&'k SecretString, Failure> {
        self.keys.get(name).or(installed).ok_or(Failure::NotConfigured)
    }
}

/// The usage of a call, from which its cost is calculated.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Images made or described.
    pub images: u64,
    /// Seconds of audio or video.
    pub seconds: f64,
}

/// A response, with its usage and what the provider wants to find in [`super::FrameContext::memory`] next time.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelResponse<T> {
    /// The result.
    pub value: T,
    /// The usage of the call.
    pub usage: Usage,
    /// A JSON value of a few kilobytes at most; null if there is nothing to remember.
    pub memory: Value,
}

impl<T> ModelResponse<T> {
    /// Creates a response with nothing to remember.
    pub fn new(value: T, usage: Usage) -> Self {
        Self { value, usage, memory: Value::Null }
    }
}

/// The prices of a model, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prices {
    /// Per million tokens read.
    pub input_tokens: f64,
    /// Per million tokens written.
    pub output_tokens: f64,
    /// Per image.
    pub image: f64,
    /// Per second of audio or video.
    pub second: f64,
    /// Per call, in addition to the rest.
    pub call: f64,
}

impl Prices {
    /// Parses a model's `prices`.
    ///
    /// # Errors
    ///
    /// Returns a message that lists the valid prices if a field is unknown, or a price is not a number from 0 to
    /// 100,000.
    pub fn parse(prices: &Map<String, Value>) -> Result<Self, String> {
        let expected = "prices are input_tokens and output_tokens (US dollars per million), image, second and call";
        let parsed: Self = serde_json::from_value(Value::Object(prices.clone()))
            .map_err(|error| format!("{error}; {expected}"))?;
        let values =
            [parsed.input_tokens, parsed.output_tokens, parsed.image, parsed.second, parsed.call];
        if values.iter().any(|price| !(0.0..=100_000.0).contains(price)) {
            return Err(format!("a price is from 0 to 100000; {expected}"));
        }
        Ok(parsed)
    }

    /// Returns the cost of a usage in millionths of a US dollar, rounded up.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> i64 {
        let tokens = self.input_tokens * usage.input_tokens as f64
            + self.output_tokens * usage.output_tokens as f64;
        let rest =
            self.image * usage.images as f64 + self.second * usage.seconds.max(0.0) + self.call;
        // A rounding error in the last bit of the sum must not cost a whole millionth.
        (rest.mul_add(1e6, tokens) - 1e-6).ceil().max(0.0) as i64
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_costs_what_its_parts_cost_rounded_up() {
        let prices =
            json!({"input_tokens": 0.4, "output_tokens": 1.6, "image": 0.04, "call": 0.01});
        let prices = Prices::parse(prices.as_object().expect("an object")).expect("prices");
        let usage = Usage { input_tokens: 1001, output_tokens: 100, images: 2, seconds: 9.0 };
        assert_eq!(prices.cost(&usage), 401 + 160 + 80_000 + 10_000);
        assert_eq!(Prices::default().cost(&usage), 0);
    }

    #[test]
    fn prices_that_are_none_are_refused() {
        for invalid in [json!({"inputs": 1}), json!({"image": "free"}), json!({"image": -1})] {
            let result = Prices::parse(invalid.as_object().expect("an object"));
            assert!(result.is_err_and(|reason| reason.contains("US dollars")), "{invalid}");
        }
    }

    #[test]
    fn the_nearest_key_wins() {
        use secrecy::ExposeSecret;
        let mut keys = ApiKeys::default();
        for key in ["", "near", "far"] {
            keys.insert_if_absent("openai_api_key", key);
        }
        let key = keys.get("openai_api_key").map(ExposeSecret::expose_secret);
        assert_eq!(key, Some("near"));
        assert!(!format!("{keys:?}").contains("near"));
    }
}
