//! The environment variables that Calliope reads, and the error messages for values that cannot be used.

use std::collections::BTreeMap;

use figment::error::Kind;
use figment::value::{Dict, Map, Tag, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::InvalidSetting;
use super::renamed::{DeprecatedName, RENAMED_VARIABLES};
use super::report::is_secret;

/// An environment variable: its name, the setting it sets, how its text is parsed, and what it must be.
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    kind: ValueKind,
    expected: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum ValueKind {
    Text,
    Number,
    Decimal,
    Flag,
    List,
}

const fn text(name: &'static str, key: &'static str, may_be: &'static str) -> Variable {
    Variable { name, key, kind: ValueKind::Text, expected: may_be }
}

const fn number(name: &'static str, key: &'static str, may_be: &'static str) -> Variable {
    Variable { name, key, kind: ValueKind::Number, expected: may_be }
}

/// Every variable. If two set the same setting, the later one in this list wins.
pub(super) const VARIABLES: &[Variable] = &[
    text("HOST", "server.host", "an IP address, such as 127.0.0.1 or 0.0.0.0"),
    number("PORT", "server.port", "a port, 0-65535"),
    text("CALLIOPE_API_KEY", "server.api_key", "at least 8 printable characters"),
    Variable {
        name: "CALLIOPE_ALLOWED_ORIGINS",
        key: "server.allowed_origins",
        kind: ValueKind::List,
        expected: "origins separated by commas, such as https://stories.example",
    },
    Variable {
        name: "CALLIOPE_TRUSTED_PROXIES",
        key: "server.trusted_proxies",
        kind: ValueKind::List,
        expected: "addresses and networks separated by commas, such as 10.0.0.7,192.168.0.0/16,fd00::/8",
    },
    number("CALLIOPE_MAX_CONNECTIONS", "server.max_connections", "a whole number, 1-1000000"),
    number(
        "CALLIOPE_MAX_CONNECTIONS_PER_ADDRESS",
        "server.max_connections_per_address",
        "a whole number, 1-1000000",
    ),
    number(
        "CALLIOPE_REQUESTS_PER_MINUTE_PER_TOKEN",
        "limits.requests_per_minute_per_token",
        "a whole number, 0 for no limit",
    ),
    number(
        "CALLIOPE_REQUESTS_PER_MINUTE_PER_ADDRESS",
        "limits.requests_per_minute_per_address",
        "a whole number, 0 for no limit",
    ),
    text("POSTGRESQL_HOSTNAME", "database.hostname", "a host name"),
    number("POSTGRESQL_PORT", "database.port", "a port, 0-65535"),
    text("POSTGRESQL_USERNAME", "database.username", "a PostgreSQL user"),
    text("POSTGRESQL_PASSWORD", "database.password", "that user's password"),
    text("POSTGRESQL_DATABASE", "database.database", "a PostgreSQL database"),
    text("DATABASE_URL", "database.url", "a postgres:// URL"),
    text("CLOUD_ENV", "storage.cloud", "one of local, gcp, aws, azure"),
    text("GCS_BUCKET_NAME", "storage.bucket", "a bucket's name"),
    text("CALLIOPE_BUCKET_NAME", "storage.bucket", "a bucket's name"),
    text("MEDIA_FOLDER", "storage.media_folder", "a folder's path"),
    text("INPUT_FOLDER", "storage.input_folder", "a folder's path"),
    text("CALLIOPE_MEDIA_DELIVERY", "storage.delivery", "one of proxy, redirect"),
    number(
        "CALLIOPE_CACHE_MEBIBYTES",
        "storage.cache_mebibytes",
        "a whole number of mebibytes, 0 for no limit",
    ),
    number(
        "CALLIOPE_INPUT_RETENTION",
        "storage.input_retention_seconds",
        "a whole number of seconds",
    ),
    number(
        "CALLIOPE_INPUT_RETENTION_SECONDS",
        "storage.input_retention_seconds",
        "a whole number of seconds",
    ),
    number(
        "CALLIOPE_RETENTION_DAYS",
        "storage.retention_days",
        "a whole number of days, 0 for ever",
    ),
    text(
        "GOOGLE_APPLICATION_CREDENTIALS",
        "storage.google_credentials",
        "the path of a service account's JSON file",
    ),
    text("AWS_ENDPOINT_URL", "storage.endpoint", "the URL of a server that speaks S3's protocol"),
    text("AWS_REGION", "storage.region", "a region of Amazon's"),
    text("AWS_ACCESS_KEY_ID", "storage.access_key_id", "an access key's id"),
    text("AWS_SECRET_ACCESS_KEY", "storage.secret_access_key", "an access key"),
    text("AZURE_STORAGE_ACCOUNT_NAME", "storage.access_key_id", "a storage account's name"),
    text("AZURE_STORAGE_ACCOUNT_KEY", "storage.secret_access_key", "a storage account's key"),
    text("PINECONE_API_KEY", "search.pinecone_api_key", "a Pinecone key"),
    text(
        "PINECONE_ENVIRONMENT",
        "search.pinecone_environment",
        "a cloud and its region, such as aws-us-east-1",
    ),
    text("PINECONE_CONTROLLER_HOST", "search.pinecone_url", "an http:// or https:// URL"),
    text("SEMANTIC_SEARCH_INDEX", "search.index", "a Pinecone index's name"),
    text("SEMANTIC_SEARCH_NAMESPACE", "search.namespace", "a name for this installation's part"),
    Variable {
        name: "SEMANTIC_SEARCH_CREATE",
        key: "search.create_index",
        kind: ValueKind::Flag,
        expected: "true or false",
    },
    text("OPENAI_API_KEY", "providers.openai_api_key", "an OpenAI key"),
    text("OPENAI_BASE_URL", "providers.openai_base_url", "an http:// or https:// URL"),
    text("AZURE_API_KEY", "providers.azure_api_key", "an Azure key"),
    text("AZURE_API_HOST", "providers.azure_api_host", "an Azure host"),
    text("STABILITY_API_KEY", "providers.stability_api_key", "a Stability key"),
    text("HUGGINGFACE_API_KEY", "providers.huggingface_api_key", "a Hugging Face key"),
    text("REPLICATE_API_TOKEN", "providers.replicate_api_token", "a Replicate token"),
    text("RUNWAY_API_KEY", "providers.runway_api_key", "a Runway key"),
    text(
        "CALLIOPE_TEXT_MODEL",
        "models.text",
        "a provider and a model, such as openai/gpt-4.1-mini",
    ),
    text(
        "CALLIOPE_IMAGE_MODEL",
        "models.image",
        "a provider and a model, such as openai/gpt-image-1",
    ),
    text(
        "CALLIOPE_VISION_MODEL",
        "models.vision",
        "providers and models with commas between them, such as openai/gpt-4.1-mini",
    ),
    text(
        "CALLIOPE_TRANSCRIPTION_MODEL",
        "models.transcription",
        "a provider and a model, such as openai/gpt-4o-mini-transcribe",
    ),
    text(
        "CALLIOPE_SPEECH_MODEL",
        "models.speech",
        "a provider and a model, such as openai/gpt-4o-mini-tts",
    ),
    text(
        "CALLIOPE_VIDEO_MODEL",
        "models.video",
        "a provider and a model, such as runway/gen4_turbo",
    ),
    text(
        "CALLIOPE_MODERATION_MODEL",
        "models.moderation",
        "a provider and a model, such as openai/omni-moderation-latest",
    ),
    text(
        "CALLIOPE_EMBEDDING_MODEL",
        "models.embedding",
        "a provider and a model, such as openai/text-embedding-3-small",
    ),
    Variable {
        name: "CALLIOPE_BUDGET_PER_DAY",
        key: "models.budget_per_day",
        kind: ValueKind::Decimal,
        expected: "a number of US dollars, such as 5 or 0.5",
    },
    Variable {
        name: "CALLIOPE_LEARNING",
        key: "memory.learning",
        kind: ValueKind::Flag,
        expected: "true or false",
    },
    Variable {
        name: "CALLIOPE_SITUATION_ONLINE",
        key: "situation.is_online",
        kind: ValueKind::Flag,
        expected: "true or false",
    },
    text("CALLIOPE_PLACES_FILE", "situation.geoip_file", "the path of a MaxMind city database"),
    text("CALLIOPE_GEOIP_FILE", "situation.geoip_file", "the path of a MaxMind city database"),
    text(
        "CALLIOPE_PLACES_URL",
        "situation.geoip_url",
        "an http:// or https:// URL, such as http://ip-api.com",
    ),
    text(
        "CALLIOPE_GEOIP_URL",
        "situation.geoip_url",
        "an http:// or https:// URL, such as http://ip-api.com",
    ),
    text("CALLIOPE_LOG", "log.filter", "a filter such as info or info,calliope=debug"),
    text("CALLIOPE_LOG_FORMAT", "log.format", "one of text, json"),
    text(
        "CALLIOPE_METRICS_ADDRESS",
        "observability.metrics_address",
        "an address and a port, such as 127.0.0.1:9108",
    ),
    text("OTEL_EXPORTER_OTLP_ENDPOINT", "observability.otlp_endpoint", "a collector's URL"),
    text("OTEL_SERVICE_NAME", "observability.service_name", "a name"),
    Variable {
        name: "OTEL_TRACES_SAMPLER_ARG",
        key: "observability.sample_ratio",
        kind: ValueKind::Decimal,
        expected: "a number from 0 to 1",
    },
];

const CONFIG_FILE: &str = "CALLIOPE_CONFIG";

/// The environment of the process as a source of settings. An empty variable counts as unset, because compose files pass them.
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(super) fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    pub(super) fn config_file(&self) -> Option<&str> {
        self.0.get(CONFIG_FILE).map(String::as_str)
    }

    /// Returns the variables that are set by an earlier name.
    pub(super) fn deprecated(&self) -> Vec<DeprecatedName> {
        let used = RENAMED_VARIABLES.iter().filter(|(old, _)| self.0.contains_key(*old));
        used.map(|(old, new)| DeprecatedName { old: (*old).to_owned(), new: (*new).to_owned() })
            .collect()
    }

    /// Merges the environment over other sources. Each variable is a source of its own, so that errors can name it.
    pub(super) fn merge_into(&self, sources: Figment) -> Figment {
        VARIABLES.iter().fold(sources, |sources, variable| match self.0.get(variable.name) {
            Some(raw) => sources.merge(SetVariable { variable, raw }),
            None => sources,
        })
    }
}

/// A variable that is set, with its text.
struct SetVariable<'a> {
    variable: &'a Variable,
    raw: &'a str,
}

impl Provider for SetVariable<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.variable.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let (section, field) = self.variable.key.split_once('.').unwrap_or(("", self.variable.key));
        let fields = Dict::from([(field.to_owned(), self.variable.parse(self.raw))]);
        let section = (section.to_owned(), Value::Dict(Tag::Default, fields));
        Ok(Map::from([(Profile::Default, Dict::from([section]))]))
    }
}

impl Variable {
    /// Parses the text by the setting's type and not by its looks, because a password may consist of digits.
    fn parse(&self, raw: &str) -> Value {
        match self.kind {
            ValueKind::Number => {
                raw.trim().parse::<u64>().map_or_else(|_| Value::from(raw), Value::from)
            }
            ValueKind::Decimal => {
                raw.trim().parse::<f64>().map_or_else(|_| Value::from(raw), Value::from)
            }
            ValueKind::Flag => {
                raw.trim().parse::<bool>().map_or_else(|_| Value::from(raw), Value::from)
            }
            ValueKind::List => Value::from(
                raw.split(',').map(str::trim).filter(|s| !s.is_empty()).collect::<Vec<_>>(),
            ),
            ValueKind::Text => Value::from(raw),
        }
    }
}

/// Returns the source of the setting `key`: a variable's name, or a file's name and the key. If nothing set it, returns the names
/// of the variables that could.
pub(super) fn source_name(sources: &Figment, key: &str) -> String {
    match sources.find_metadata(key) {
        Some(metadata) => describe_source(metadata, key),
        None => {
            let is_current = |name: &str| RENAMED_VARIABLES.iter().all(|(old, _)| *old != name);
            let names = VARIABLES.iter().filter(|v| v.key == key).map(|v| v.name).rev();
            let names: Vec<&str> = names.filter(|name| is_current(name)).collect();
            if names.is_empty() { key.to_owned() } else { names.join(" or ") }
        }
    }
}

fn describe_source(metadata: &Metadata, key: &str) -> String {
    match file_name(metadata) {
        Some(file) if key.is_empty() => file,
        Some(file) => format!("{file}: {key}"),
        None => metadata.name.to_string(),
    }
}

/// Returns the path of a source that is a file.
pub(super) fn file_name(metadata: &Metadata) -> Option<String> {
    let path = metadata.source.as_ref().and_then(|source| source.file_path())?;
    Some(path.display().to_string())
}

/// Explains in one line why a value was refused: its source, the value, and what it must be.
pub(super) fn explain(sources: &Figment, error: &Error) -> InvalidSetting {
    let key = error.path.join(".");
    let who =
        error.metadata.as_ref().map_or_else(|| key.clone(), |given| describe_source(given, &key));
    let variable = VARIABLES.iter().find(|variable| variable.key == key);
    let expected = variable.map(|variable| variable.expected.to_owned());
    // A secret must not be repeated on the screen: neither as a value, nor in the line that a parser quotes.
    let value = match sources.find_value(&key) {
        _ if is_secret(&key) => None,
        Ok(value) => value_as_text(&value),
        Err(_) => None,
    };
    let what = match (&error.kind, value) {
        (Kind::UnknownField(name, known), _) => {
            format!("`{name}` is not a setting; it must be one of {}", known.join(", "))
        }
        _ if is_secret(&key) => with_expected("has a value of the wrong type", expected),
        // The messages of lists are this crate's own: they name the item that is wrong.
        (Kind::Message(message), _) if variable.is_some_and(|v| v.kind == ValueKind::List) => {
            with_expected(message, expected)
        }
        (Kind::InvalidType(_, wanted) | Kind::InvalidValue(_, wanted), Some(value)) => {
            let expected = expected.unwrap_or_else(|| plain_type(&wanted.clone()));
            format!("`{value}` cannot be used; it must be {expected}")
        }
        (_, Some(value)) if expected.is_some() => {
            with_expected(&format!("`{value}` cannot be used"), expected)
        }
        (kind, _) => with_expected(kind.to_string().lines().next().unwrap_or_default(), expected),
    };
    InvalidSetting(format!("{who}: {what}"))
}

fn with_expected(what: &str, expected: Option<String>) -> String {
    match expected {
        Some(expected) => format!("{what}; it must be {expected}"),
        None => what.to_owned(),
    }
}

/// Returns a single value as a person would type it, or `None` for tables and lists.
fn value_as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Char(_, char) => Some(char.to_string()),
        Value::Bool(_, flag) => Some(flag.to_string()),
        Value::Num(_, number) => number
            .to_u128()
            .map(|number| number.to_string())
            .or_else(|| number.to_i128().map(|number| number.to_string()))
            .or_else(|| number.to_f64().map(|number| number.to_string())),
        _ => None,
    }
}

/// Describes the values of a Rust type to people who do not write Rust.
fn plain_type(wanted: &str) -> String {
    let largest = match wanted {
        "u8" => Some(u64::from(u8::MAX)),
        "u16" => Some(u64::from(u16::MAX)),
        "u32" => Some(u64::from(u32::MAX)),
        "u64" | "usize" => None,
        "i8" | "i16" | "i32" | "i64" | "isize" => return "a whole number".to_owned(),
        "f32" | "f64" => return "a number".to_owned(),
        "a boolean" | "bool" => return "true or false".to_owned(),
        "a string" | "path string" => return "text in quotes".to_owned(),
        "a sequence" => return "a list, such as [\"a\", \"b\"]".to_owned(),
        other => return other.to_owned(),
    };
    match largest {
        Some(largest) => format!("a whole number from 0 to {largest}"),
        None => "a whole number, 0 or more".to_owned(),
    }
}
