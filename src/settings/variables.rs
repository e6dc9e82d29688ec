//! The environment variables that are read, and how a value that cannot be used is explained.

use std::collections::BTreeMap;

use figment::value::{Dict, Map, Tag, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::InvalidSetting;
use super::report::is_secret;

/// One environment variable: its name, the setting it gives, how it is read, what it may be.
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    kind: Kind,
    expected: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Number,
    Decimal,
    Flag,
    List,
}

const fn text(name: &'static str, key: &'static str, may_be: &'static str) -> Variable {
    Variable { name, key, kind: Kind::Text, expected: may_be }
}

const fn number(name: &'static str, key: &'static str, may_be: &'static str) -> Variable {
    Variable { name, key, kind: Kind::Number, expected: may_be }
}

/// Every variable; where two give one setting, the later one wins.
pub(super) const VARIABLES: &[Variable] = &[
    text("HOST", "server.host", "an IP address, such as 127.0.0.1 or 0.0.0.0"),
    number("PORT", "server.port", "a port, 0-65535"),
    text("CALLIOPE_API_KEY", "server.api_key", "at least 8 printable characters"),
    Variable {
        name: "CALLIOPE_ALLOWED_ORIGINS",
        key: "server.allowed_origins",
        kind: Kind::List,
        expected: "origins separated by commas, such as https://stories.example",
    },
    Variable {
        name: "CALLIOPE_TRUSTED_PROXIES",
        key: "server.trusted_proxies",
        kind: Kind::List,
        expected: "addresses and networks separated by commas, such as 10.0.0.7,192.168.0.0/16,fd00::/8",
    },
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
    number("CALLIOPE_CACHE_MEBIBYTES", "storage.cache_mebibytes", "mebibytes, 0 for all"),
    number("CALLIOPE_INPUT_RETENTION", "storage.input_retention", "seconds"),
    number("CALLIOPE_RETENTION_DAYS", "storage.retention_days", "days, 0 for ever"),
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
        key: "search.creates_index",
        kind: Kind::Flag,
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
        "minds.text",
        "a provider and a model, such as openai/gpt-4.1-mini",
    ),
    text(
        "CALLIOPE_IMAGE_MODEL",
        "minds.image",
        "a provider and a model, such as openai/gpt-image-1",
    ),
    text(
        "CALLIOPE_VISION_MODEL",
        "minds.vision",
        "providers and models with commas between them, such as openai/gpt-4.1-mini",
    ),
    text(
        "CALLIOPE_TRANSCRIPTION_MODEL",
        "minds.transcription",
        "a provider and a model, such as openai/gpt-4o-mini-transcribe",
    ),
    text(
        "CALLIOPE_SPEECH_MODEL",
        "minds.speech",
        "a provider and a model, such as openai/gpt-4o-mini-tts",
    ),
    text(
        "CALLIOPE_VIDEO_MODEL",
        "minds.video",
        "a provider and a model, such as runway/gen4_turbo",
    ),
    text(
        "CALLIOPE_MODERATION_MODEL",
        "minds.moderation",
        "a provider and a model, such as openai/omni-moderation-latest",
    ),
    text(
        "CALLIOPE_EMBEDDING_MODEL",
        "minds.embedding",
        "a provider and a model, such as openai/text-embedding-3-small",
    ),
    Variable {
        name: "CALLIOPE_BUDGET_PER_DAY",
        key: "minds.budget_per_day",
        kind: Kind::Decimal,
        expected: "US dollars, such as 5 or 0.5",
    },
    Variable {
        name: "CALLIOPE_LEARNING",
        key: "memory.learning",
        kind: Kind::Flag,
        expected: "true or false",
    },
    Variable {
        name: "CALLIOPE_SITUATION_ONLINE",
        key: "situation.is_online",
        kind: Kind::Flag,
        expected: "true or false",
    },
    text("CALLIOPE_PLACES_FILE", "situation.places_file", "the path of a MaxMind city database"),
    text("CALLIOPE_PLACES_URL", "situation.places_url", "such as http://ip-api.com"),
    text("CALLIOPE_LOG", "log.filter", "a filter such as info or info,calliope=debug"),
    text("CALLIOPE_LOG_FORMAT", "log.format", "one of text, json"),
    text("CALLIOPE_METRICS_ADDRESS", "observability.metrics_address", "such as 127.0.0.1:9108"),
    text("OTEL_EXPORTER_OTLP_ENDPOINT", "observability.otlp_endpoint", "a collector's URL"),
    text("OTEL_SERVICE_NAME", "observability.service_name", "a name"),
    Variable {
        name: "OTEL_TRACES_SAMPLER_ARG",
        key: "observability.sample_ratio",
        kind: Kind::Decimal,
        expected: "a number from 0 to 1",
    },
];

const CONFIG_FILE: &str = "CALLIOPE_CONFIG";

/// The process's environment as a source of settings. An empty variable counts as absent, as in compose files.
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(super) fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    pub(super) fn config_file(&self) -> Option<&str> {
        self.0.get(CONFIG_FILE).map(String::as_str)
    }

    /// Lays the environment over other sources, each variable as a source of its own name.
    pub(super) fn merge_into(&self, sources: Figment) -> Figment {
        VARIABLES.iter().fold(sources, |sources, variable| match self.0.get(variable.name) {
            Some(raw) => sources.merge(SetVariable { variable, raw }),
            None => sources,
        })
    }
}

/// One variable that is set.
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
    /// Numbers are told from text by the setting and not by their looks: a password may be all digits.
    fn parse(&self, raw: &str) -> Value {
        match self.kind {
            Kind::Number => {
                raw.trim().parse::<u64>().map_or_else(|_| Value::from(raw), Value::from)
            }
            Kind::Decimal => {
                raw.trim().parse::<f64>().map_or_else(|_| Value::from(raw), Value::from)
            }
            Kind::Flag => raw.trim().parse::<bool>().map_or_else(|_| Value::from(raw), Value::from),
            Kind::List => Value::from(
                raw.split(',').map(str::trim).filter(|s| !s.is_empty()).collect::<Vec<_>>(),
            ),
            Kind::Text => Value::from(raw),
        }
    }
}

/// Who gave the setting `key`: a variable's name, or a file's and the key; where nobody did, who may.
pub(super) fn source_name(sources: &Figment, key: &str) -> String {
    match sources.find_metadata(key) {
        Some(metadata) => describe_source(metadata, key),
        None => {
            let names = VARIABLES.iter().filter(|v| v.key == key).map(|v| v.name).rev();
            let names: Vec<&str> = names.collect();
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

/// A file's path where the source is one.
pub(super) fn file_name(metadata: &Metadata) -> Option<String> {
    let path = metadata.source.as_ref().and_then(|source| source.file_path())?;
    Some(path.display().to_string())
}

/// One line for a value that has the wrong type or form.
pub(super) fn explain(error: &Error) -> InvalidSetting {
    let key = error.path.join(".");
    let who =
        error.metadata.as_ref().map_or_else(|| key.clone(), |given| describe_source(given, &key));
    let hint =
        VARIABLES.iter().find(|v| v.key == key).map(|v| format!("; it may be {}", v.expected));
    // A secret must not be repeated on the screen: neither as a value, nor in the line that a parser quotes.
    let what = if is_secret(&key) {
        "has a value of the wrong type".to_owned()
    } else {
        error.kind.to_string().lines().next().unwrap_or_default().to_owned()
    };
    InvalidSetting(format!("{who}: {what}{}", hint.unwrap_or_default()))
}
