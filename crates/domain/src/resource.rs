//! The resources that admins configure. Each struct is the database row, the request and response body, and the schema
//! in the OpenAPI document. `app` checks the values.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx_macros::FromRow;
use utoipa::ToSchema;

/// A JSON object in a database column.
pub type JsonObject = Json<Map<String, Value>>;

/// A model of a provider, with its parameters and prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "slug": "small-text", "provider": "openai", "provider_model_name": "gpt-4.1-mini",
    "model_parameters": {"temperature": 0.7}, "prices": {"input_tokens": 0.4, "output_tokens": 1.6}
}))]
pub struct InferenceModel {
    /// The model's name in Calliope: 1-100 of `A-Za-z0-9._-`. It cannot be changed.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,100}$")]
    pub slug: String,
    /// What the model is good for, for people; at most 2000 characters. Default: empty.
    #[schema(max_length = 2000)]
    #[serde(default)]
    pub description: String,
    /// The provider: `auto` (the one that the installation's settings choose), `offline`, `openai`, `azure`,
    /// `stability`, `huggingface`, `replicate` or `runway`.
    #[schema(pattern = "^(auto|offline|openai|azure|stability|huggingface|replicate|runway)$")]
    pub provider: String,
    /// How the provider is called: `default`, `openai_completion` or `openai_chat_completion`. Default: `default`.
    #[schema(pattern = "^(default|openai_completion|openai_chat_completion)$")]
    #[serde(default = "default_api_variant")]
    pub provider_api_variant: String,
    /// The model's name at the provider: 1-255 printable characters.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    pub provider_model_name: String,
    /// Parameters sent with each call; at most 16 KiB of JSON. Default: none.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub model_parameters: JsonObject,
    /// What a call costs, in US dollars: `input_tokens` and `output_tokens` per million tokens, `image` per image,
    /// `second` per second of audio or video, `call` per call. Each is from 0 to 100000. Default: 0.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub prices: JsonObject,
}

/// A prompt template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "slug": "lighthouse", "description": "The log of a lighthouse keeper.",
    "text": "You keep a lighthouse.\n{{ situation }}\nWrite the next two sentences of your log."
}))]
pub struct PromptTemplate {
    /// The template's name: 1-100 of `A-Za-z0-9._-`. It cannot be changed.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,100}$")]
    pub slug: String,
    /// What the prompt asks for, for people; at most 2000 characters. Default: empty.
    #[schema(max_length = 2000)]
    #[serde(default)]
    pub description: String,
    /// The template in Jinja2, at most 65536 characters. A variable that has no value is empty; `{% if … %}` tests it.
    /// Calliope renders the template once with sample values when it is stored. The variables:
    ///
    /// - `situation`: where and when it is, in one or a few sentences
    /// - `known`: what client memory knows, in sentences
    /// - `muse`: a small idea for this frame, such as `a letter comes late`
    /// - `last_words`: the last twelve words of the story
    /// - `language`: the template's `target_language`
    /// - `parameters`: the parameters in force, such as `parameters.output_image_width`
    /// - `plain`: true if the model is asked for text without a plan; set for `fern` only
    /// - `text`: the passage: set in the template `illustration` and in an editor's prompt
    /// - `prompt`: the refused description: set in the template `reword`
    /// - `brief.frame_number`: the number of this frame, from 0
    /// - `brief.prior`: the texts of the latest frames, oldest first, at most 30
    /// - `brief.seen`: what the camera saw; the next items are its parts
    /// - `brief.seen.description`: one to three sentences
    /// - `brief.seen.things`: a list of short phrases, the most striking first
    /// - `brief.seen.people`, `brief.seen.texts`, `brief.seen.tags`: lists; with a vision model only
    /// - `brief.seen.atmosphere`, `brief.seen.setting`: a few words; with a vision model only
    /// - `brief.seen.look.palette`: a list of colours: `name`, `rgb` (three numbers, 0-255), `share` (0-1)
    /// - `brief.seen.look.brightness`, `.warmth`, `.contrast`, `.focus`: numbers: 0-1, -1 to 1, 0-1, and `[x, y]` 0-1
    /// - `brief.heard`: what the microphone heard, in words
    /// - `brief.said`: the `input_text` of the request
    /// - `brief.place`: the name of the place
    /// - `brief.hour`: the local hour, 0-23
    /// - `brief.season`: `spring`, `summer`, `autumn` or `winter`
    /// - `brief.style`: `output_text_style`
    /// - `brief.max_chars`: `max_output_text_length`
    /// - `brief.known.likes`, `brief.known.lately`, `brief.known.noticed`, `brief.known.usual`: the parts of `known`,
    ///   as lists
    /// - `brief.state`: what the storyteller stored with the story; `fern` stores its plan: `genre`, `conceit`,
    ///   `cast`, `settings`, `sources_of_conflict`, `past_developments`, `current_development`,
    ///   `possible_developments`, `summary`
    /// - `brief.memory`: what the model's provider stored with the story
    /// - `brief.seed`: a number that is the same for all frames of a story
    #[schema(max_length = 65536)]
    pub text: String,
    /// The language that the model should write in: 1-255 printable characters. Null: the prompt decides.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$",
        example = "Norwegian"
    )]
    pub target_language: Option<String>,
}

/// A model with the prompt and the parameters to call it with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"slug": "lighthouse", "model": "auto-text", "prompt_template": "lighthouse"}))]
pub struct ModelConfig {
    /// The configuration's name: 1-100 of `A-Za-z0-9._-`. It cannot be changed.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,100}$")]
    pub slug: String,
    /// What the configuration is good for, for people; at most 2000 characters. Default: empty.
    #[schema(max_length = 2000)]
    #[serde(default)]
    pub description: String,
    /// The slug of the inference model.
    pub model: String,
    /// The slug of the prompt template. Null: no prompt, which the built-in storyteller does not need.
    pub prompt_template: Option<String>,
    /// Parameters sent with each call, which override those of the model; at most 16 KiB of JSON. Default: none.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub model_parameters: JsonObject,
}

/// A strategy: a storyteller with its parameters, models and prompts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "slug": "lighthouse", "strategy_name": "continuous-v1", "description": "The log of a lighthouse keeper.",
    "text_to_text_model_config": "lighthouse", "text_to_image_model_config": "painter"
}))]
pub struct StrategyConfig {
    /// The strategy's name in requests: 1-100 of `A-Za-z0-9._-`. It cannot be changed.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,100}$")]
    pub slug: String,
    /// The name of the storyteller that tells the stories.
    #[schema(example = "fern")]
    pub strategy_name: String,
    /// Whether a request with the storyteller's name gets this strategy. Default: `false`.
    #[serde(default)]
    pub is_default: bool,
    /// Whether the strategy may still change. Default: `false`.
    #[serde(default)]
    pub is_experimental: bool,
    /// What its stories are like, for people; at most 2000 characters. Default: empty.
    #[schema(max_length = 2000)]
    #[serde(default)]
    pub description: String,
    /// Frame parameters. Every other level overrides them. Default: none.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: JsonObject,
    /// The slug of the model configuration for text. Null: the installation's text model.
    pub text_to_text_model_config: Option<String>,
    /// The slug of the model configuration for illustrations. Null: the installation's image model.
    pub text_to_image_model_config: Option<String>,
    /// The slug of the model configuration for videos. Null: the installation's video model.
    pub text_to_video_model_config: Option<String>,
    /// The slug of the prompt template for the first frame of a story. Null: the prompt template of the text
    /// model configuration.
    pub seed_prompt_template: Option<String>,
}

/// The configuration of one Sparrow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "client_id": "kitchen", "description": "The shelf above the stove", "parent_flock_id": "home",
    "parameters": {"output_image_format": "image/rgb565", "output_image_width": 240, "output_image_height": 240},
    "schedule": {
        "time_zone": "Europe/Oslo",
        "weekly": [
            {"days": "daily", "from": "22:00", "until": "07:00", "sleep": true},
            {"days": ["sat", "sun"], "from": "09:00", "until": "12:00",
             "parameters": {"strategy": "lavender"}, "min_duration_seconds": 60}
        ],
        "otherwise": {"min_duration_seconds": 600}
    }
}))]
pub struct SparrowConfig {
    /// The Sparrow's id: 1-255 printable characters. It cannot be changed.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    pub client_id: String,
    /// What and where the Sparrow is, for people; at most 2000 characters. Default: empty.
    #[schema(max_length = 2000)]
    #[serde(default)]
    pub description: String,
    /// The id of the flock that the Sparrow is in. Null: the flock `default` only.
    pub parent_flock_id: Option<String>,
    /// Whether the Sparrow shares its flock's story. Default: `false`.
    #[serde(default)]
    pub follow_parent_story: bool,
    /// Frame parameters, and `strategy` and `client_type`. They override those of the flocks. Default: none.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: JsonObject,
    /// API keys of providers, such as `{"openai_api_key": "sk-…"}`, which override the installation's: at most 50,
    /// each 1-500 characters. They are returned as `•••` and the last four characters, or as `•••` if shorter than
    /// 12 characters. A key that is sent in this form is unchanged. Default: none.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub keys: JsonObject,
    /// What the Sparrow shows and when it sleeps: an object with either `weekly` (1-100 windows of the week, the first
    /// open one applies) or `steps` (1-100 steps that follow each other). Null: no schedule.
    ///
    /// `time_zone` is an IANA name, by default `UTC`. A window opens at `from` on its `days` and closes at `until`, on
    /// the next day if that is not later; `otherwise` applies outside every window. Times are `HH:MM` or `HH:MM:SS`.
    /// `days` is `daily` (default), `weekdays`, `weekends` or a list of `mon` to `sun`. Windows, `otherwise` and steps
    /// may have `parameters`, `min_duration_seconds` (0-86400) and `sleep`. A week of windows:
    ///
    /// ```json
    /// {"time_zone": "Europe/Oslo",
    ///  "weekly": [
    ///    {"days": "daily", "from": "22:00", "until": "07:00", "sleep": true},
    ///    {"days": ["sat", "sun"], "from": "09:00", "until": "12:00",
    ///     "parameters": {"strategy": "lavender"}, "min_duration_seconds": 60}],
    ///  "otherwise": {"min_duration_seconds": 600}}
    /// ```
    ///
    /// A step is entered when its `trigger` fires: `at_time` with `time` and `days`, `after_wait` with `seconds`
    /// (1-31536000), `on_motion`, `on_sound` or `on_light`. Only the first step may have no trigger, and only without
    /// `repeat`. With `repeat`, the first step follows the last. Steps:
    ///
    /// ```json
    /// {"time_zone": "Europe/Oslo", "repeat": true,
    ///  "steps": [
    ///    {"trigger": {"type": "at_time", "time": "09:00", "days": "weekdays"}, "parameters": {"strategy": "lavender"}},
    ///    {"trigger": {"type": "on_motion"}, "parameters": {"strategy": "fern"}, "min_duration_seconds": 120},
    ///    {"trigger": {"type": "after_wait", "seconds": 600}, "parameters": {"output_text_style": "as a riddle"}},
    ///    {"trigger": {"type": "at_time", "time": "18:00"}, "sleep": true}]}
    /// ```
    #[schema(value_type = Option<Object>)]
    pub schedule: Option<Json<Value>>,
    /// The maximum cost of the Sparrow's model calls per day (UTC) in US dollars. When it is used up, the built-in
    /// storyteller and painter continue. Null: no limit.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub budget_per_day: Option<f64>,
    /// Whether only the Sparrow itself and admins find its stories. Default: `false`.
    #[serde(default)]
    pub is_private: bool,
    /// Whether Calliope learns from the Sparrow's stories. If one of its flocks forbids it, nothing is learned.
    /// Default: `true`.
    #[serde(default = "yes")]
    pub is_learned_from: bool,
}

/// The configuration of a flock, which applies to its members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "flock_id": "home", "parameters": {"strategy": "lavender", "location": "Lisbon"}, "frames_per_day": 500,
    "schedule": {
        "time_zone": "Europe/Oslo",
        "repeat": true,
        "steps": [
            {"trigger": {"type": "at_time", "time": "09:00", "days": "weekdays"},
             "parameters": {"strategy": "lavender"}},
            {"trigger": {"type": "on_motion"},
             "parameters": {"strategy": "fern"}, "min_duration_seconds": 120},
            {"trigger": {"type": "after_wait", "seconds": 600},
             "parameters": {"output_text_style": "as a riddle"}},
            {"trigger": {"type": "at_time", "time": "18:00"}, "sleep": true}
        ]
    }
}))]
pub struct FlockConfig {
    /// The flock's id: 1-255 printable characters. It cannot be changed. Every Sparrow is a member of the flock
    /// `default`.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    pub flock_id: String,
    /// What and where the flock is, for people; at most 2000 characters. Default: empty.
    #[schema(max_length = 2000)]
    #[serde(default)]
    pub description: String,
    /// The id of the flock that this flock is in. Null: the flock `default` only. The flock `default` has no parent.
    pub parent_flock_id: Option<String>,
    /// Frame parameters, and `strategy` and `client_type`. They override those of the parent flock. Default: none.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: JsonObject,
    /// API keys of providers, such as `{"openai_api_key": "sk-…"}`, which override the installation's: at most 50,
    /// each 1-500 characters. They are returned as `•••` and the last four characters, or as `•••` if shorter than
    /// 12 characters. A key that is sent in this form is unchanged. Default: none.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub keys: JsonObject,
    /// What the flock's members show and when they sleep, in the same form as a Sparrow's schedule. If a Sparrow and
    /// its flock both have a schedule, the parameters of both apply and the Sparrow's win. Sleep, durations and
    /// triggers come from the Sparrow's schedule alone. Null: no schedule.
    #[schema(value_type = Option<Object>)]
    pub schedule: Option<Json<Value>>,
    /// The maximum number of frames that the members get per day (UTC) together; further requests get 429. Null: no
    /// limit.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub frames_per_day: Option<i32>,
    /// The maximum cost of the members' model calls per day (UTC) together, in US dollars. When it is used up, the
    /// built-in storyteller and painter continue. Null: no limit.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub budget_per_day: Option<f64>,
    /// Whether Calliope learns from the members' stories. Default: `true`.
    #[serde(default = "yes")]
    pub is_learned_from: bool,
}

/// The configuration of a client type, which applies to every Sparrow that names the type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, FromRow)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "client_type": "badge", "parameters": {"output_image_format": "image/rgb565", "output_image_width": 240}
}))]
pub struct ClientTypeConfig {
    /// The type's name in requests and configurations: 1-255 printable characters. It cannot be changed.
    #[schema(
        min_length = 1,
        max_length = 255,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    pub client_type: String,
    /// Which devices these are, for people; at most 2000 characters. Default: empty.
    #[schema(max_length = 2000)]
    #[serde(default)]
    pub description: String,
    /// Frame parameters, and `strategy`. Those of Sparrows and flocks override them. Default: none.
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
