//! What a call is made with: a model, the keys of whoever asks, a deadline; and what it used up.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::Failure;

/// What a model can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// Prose.
    Text,
    /// JSON of a given shape.
    Structured,
    /// Pictures.
    Image,
    /// Descriptions of pictures.
    Vision,
    /// Speech to words.
    Transcription,
    /// Words to speech.
    Speech,
    /// Films.
    Video,
    /// Vectors that lie near each other where texts mean the same.
    Embedding,
    /// Whether a text is fit for everybody.
    Moderation,
}

impl Capability {
    /// Its name in rows and metrics.
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

/// How long a model may take for each of its capabilities, its retries included.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For prose and JSON.
    pub text: Duration,
    /// For an illustration.
    pub image: Duration,
    /// For the description of a picture, and for what was said.
    pub perception: Duration,
    /// For a text that is spoken.
    pub speech: Duration,
    /// For a film.
    pub video: Duration,
    /// For whether a text is fit for everybody.
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

/// How a model of OpenAI's kind is asked for text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApiVariant {
    /// As its provider does it today.
    #[default]
    ProviderDefault,
    /// By messages.
    Chat,
    /// By a prompt that is continued: the older way, which some local servers and base models still have.
    Completion,
}

impl ApiVariant {
    /// From a model's `provider_api_variant`.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "openai_chat_completion" => Self::Chat,
            "openai_completion" => Self::Completion,
            _ => Self::ProviderDefault,
        }
    }
}

/// One model of one provider, with everything that configurations say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The provider's name in the registry.
    pub provider: String,
    /// How it is asked.
    pub variant: ApiVariant,
    /// The model's name at its provider.
    pub name: String,
    /// Sent with each call, over what Calliope would send.
    pub parameters: Map<String, Value>,
    /// What a call costs.
    pub prices: Prices,
}

impl Model {
    /// How many tokens it may write at most: what its parameters say, else `usual`.
    #[must_use]
    pub fn max_tokens(&self, usual: u64) -> u64 {
        let given = ["max_completion_tokens", "max_tokens"]
            .iter()
            .find_map(|name| self.parameters.get(*name));
        given.and_then(Value::as_u64).unwrap_or(usual)
    }

    /// A model that nothing is configured for.
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

/// Keys that a client's configuration brings along, over those of the installation: by names such as
/// `openai_api_key`.
#[derive(Debug, Clone, Default)]
pub struct ApiKeys(BTreeMap<String, SecretString>);

impl ApiKeys {
    /// Adds a key, unless a nearer level has given one of this name.
    pub fn insert_if_absent(&mut self, name: &str, key: &str) {
        if !key.is_empty() {
            self.0.entry(name.to_owned()).or_insert_with(|| SecretString::from(key));
        }
    }

    /// The key of this name.
    pub(super) fn get(&self, name: &str) -> Option<&SecretString> {
        self.0.get(name)
    }
}

/// The circumstances of one call.
#[derive(Debug, Clone, Copy)]
pub struct CallContext<'a> {
    /// The model to ask.
    pub model: &'a Model,
    /// The client's own keys.
    pub keys: &'a ApiKeys,
    /// When an answer is of no use any more.
    pub deadline: Instant,
}

impl CallContext<'_> {
    /// The client's key of this name, else the installation's.
    pub(super) fn key<'k>(
        &'k self,
        name: &str,
        installed: Option<&'k SecretString>,
    ) -> Result<&'k SecretString, Failure> {
        self.keys.get(name).or(installed).ok_or(Failure::NotConfigured)
    }
}

/// What a call used up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Pictures made.
    pub images: u64,
    /// Seconds of sound or film.
    pub seconds: f64,
}

/// An answer, with what it used up and what the provider wishes to find in [`super::Brief::memory`] next time.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelResponse<T> {
    /// The answer.
    pub value: T,
    /// What it used up.
    pub usage: Usage,
    /// A small JSON value; null when there is nothing to keep.
    pub memory: Value,
}

impl<T> ModelResponse<T> {
    /// An answer that leaves nothing to remember.
    pub fn new(value: T, usage: Usage) -> Self {
        Self { value, usage, memory: Value::Null }
    }
}

/// What a model costs, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prices {
    /// For a million tokens read.
    pub input_tokens: f64,
    /// For a million tokens written.
    pub output_tokens: f64,
    /// For a picture.
    pub image: f64,
    /// For a second of sound or film.
    pub second: f64,
    /// For each call, beside the rest.
    pub call: f64,
}

impl Prices {
    /// Reads a model's `prices`.
    ///
    /// # Errors
    ///
    /// What a price may be.
    pub fn parse(prices: &Map<String, Value>) -> Result<Self, String> {
        let known = "prices are input_tokens and output_tokens (US dollars a million), image, second and call";
        let read: Self = serde_json::from_value(Value::Object(prices.clone()))
            .map_err(|error| format!("{error}; {known}"))?;
        let all = [read.input_tokens, read.output_tokens, read.image, read.second, read.call];
        if all.iter().any(|price| !(0.0..=100_000.0).contains(price)) {
            return Err(format!("a price is from 0 to 100000; {known}"));
        }
        Ok(read)
    }

    /// What this much costs, in millionths of a dollar, rounded up.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> i64 {
        let tokens = self.input_tokens * usage.input_tokens as f64
            + self.output_tokens * usage.output_tokens as f64;
        let rest =
            self.image * usage.images as f64 + self.second * usage.seconds.max(0.0) + self.call;
        // A sum that is off by the last bit of a float must not cost a whole millionth.
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
        for wrong in [json!({"inputs": 1}), json!({"image": "free"}), json!({"image": -1})] {
            let refused = Prices::parse(wrong.as_object().expect("an object"));
            assert!(refused.is_err_and(|reason| reason.contains("US dollars")), "{wrong}");
        }
    }

    #[test]
    fn the_nearest_key_wins() {
        use secrecy::ExposeSecret;
        let mut keys = ApiKeys::default();
        for key in ["", "near", "far"] {
            keys.insert_if_absent("openai_api_key", key);
        }
        let found = keys.get("openai_api_key").map(ExposeSecret::expose_secret);
        assert_eq!(found, Some("near"));
        assert!(!format!("{keys:?}").contains("near"));
    }
}
