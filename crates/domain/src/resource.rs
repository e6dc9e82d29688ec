//! What admins configure. Each struct is the whole of it: a row, what is sent and answered, and its documentation.
//! What a field may hold is checked in `app`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::FromRow;
use sqlx::types::Json;
use utoipa::ToSchema;

/// A JSON object.
pub type JsonObject = Json<Map<String, Value>>;

/// A model of a provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
pub struct InferenceModel {
    /// Its name here: 1-100 of `A-Za-z0-9._-`.
    pub slug: String,
    /// What it is good for.
    #[serde(default)]
    pub description: String,
    /// `auto` (whatever the installation's settings choose), `offline`, `openai`, `azure`, `stability`, `huggingface`, `replicate` or `runway`.
    pub provider: String,
    /// `default`, `openai_completion` or `openai_chat_completion`.
    #[serde(default = "default_api_variant")]
    pub provider_api_variant: String,
    /// Its name there.
    pub provider_model_name: String,
    /// Sent with each call.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub model_parameters: JsonObject,
    /// What a call costs.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub prices: JsonObject,
}

/// A prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
pub struct PromptTemplate {
    /// Its name: 1-100 of `A-Za-z0-9._-`.
    pub slug: String,
    /// What it asks for.
    #[serde(default)]
    pub description: String,
    /// Jinja2, at most 64 KiB.
    pub text: String,
    /// In which language to tell.
    pub target_language: Option<String>,
}

/// A model with how to call it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Its name: 1-100 of `A-Za-z0-9._-`.
    pub slug: String,
    /// What it is good for.
    #[serde(default)]
    pub description: String,
    /// An inference model's slug.
    pub model: String,
    /// A prompt template's slug.
    pub prompt_template: Option<String>,
    /// Over the model's own.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub model_parameters: JsonObject,
}

/// A storyteller with what it works with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
pub struct StrategyConfig {
    /// Its name in requests: 1-100 of `A-Za-z0-9._-`.
    pub slug: String,
    /// The storyteller's name.
    pub strategy_name: String,
    /// Whether it is meant where only the storyteller's name is given.
    #[serde(default)]
    pub is_default: bool,
    /// Whether it may still change.
    #[serde(default)]
    pub is_experimental: bool,
    /// What its stories are like.
    #[serde(default)]
    pub description: String,
    /// Frame parameters, below all others.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: JsonObject,
    /// The slug of the model config that writes.
    pub text_to_text_model_config: Option<String>,
    /// The slug of the model config that paints.
    pub text_to_image_model_config: Option<String>,
    /// The slug of the model config that films.
    pub text_to_video_model_config: Option<String>,
    /// The slug of the prompt template that a story begins with.
    pub seed_prompt_template: Option<String>,
}

/// What one Sparrow is told to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
pub struct SparrowConfig {
    /// The Sparrow.
    pub client_id: String,
    /// What and where it is.
    #[serde(default)]
    pub description: String,
    /// The flock that it is in.
    pub parent_flock_id: Option<String>,
    /// Whether it shares its flock's story.
    #[serde(default)]
    pub follow_parent_story: bool,
    /// Frame parameters, and `strategy` and `client_type`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: JsonObject,
    /// Keys of providers. They are shown as `•••` and their last four characters; sent back like that, they stay.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub keys: JsonObject,
    /// What it shows when: `{"steps": …}` or `{"weekly": …}`.
    #[schema(value_type = Option<Object>)]
    pub schedule: Option<Json<Value>>,
    /// How many US dollars its models may cost in a day (UTC); null for no limit.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub budget_per_day: Option<f64>,
    /// Whether its stories are found by itself and admins alone.
    #[serde(default)]
    pub is_private: bool,
    /// Whether anything is learned from its stories; what its flocks forbid is forbidden.
    #[serde(default = "yes")]
    pub is_learned_from: bool,
}

/// What the members of a flock are told to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
pub struct FlockConfig {
    /// The flock; the one called `default` is above all others.
    pub flock_id: String,
    /// What and where it is.
    #[serde(default)]
    pub description: String,
    /// The flock that it is in.
    pub parent_flock_id: Option<String>,
    /// Frame parameters, and `strategy` and `client_type`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: JsonObject,
    /// Keys of providers. They are shown as `•••` and their last four characters; sent back like that, they stay.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub keys: JsonObject,
    /// What its members show when: `{"steps": …}` or `{"weekly": …}`.
    #[schema(value_type = Option<Object>)]
    pub schedule: Option<Json<Value>>,
    /// How many frames its members may ask for in a day (UTC) together; null for no limit.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub frames_per_day: Option<i32>,
    /// How many US dollars its members' models may cost in a day (UTC) together; null for no limit.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub budget_per_day: Option<f64>,
    /// Whether anything is learned from its members' stories.
    #[serde(default = "yes")]
    pub is_learned_from: bool,
}

/// What devices of a kind are told to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
pub struct ClientTypeConfig {
    /// The kind, as requests name it.
    pub client_type: String,
    /// What devices these are.
    #[serde(default)]
    pub description: String,
    /// Frame parameters, and `strategy`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: JsonObject,
}

const fn yes() -> bool {
    true
}

fn default_api_variant() -> String {
    "default".to_owned()
}
