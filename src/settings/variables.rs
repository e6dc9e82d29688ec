//! The environment variables that Calliope reads.

use figment::value::Value;

use super::Cloud;

/// An environment variable: its name, the setting it sets, how its text is parsed, and what it must be.
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    pub(super) kind: ValueKind,
    pub(super) expected: &'static str,
    /// The cloud whose variable it is. It is ignored while another cloud is chosen.
    pub(super) cloud: Option<Cloud>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum ValueKind {
    Text,
    Number,
    Decimal,
    Flag,
    List,
}

const fn variable(
    name: &'static str,
    key: &'static str,
    kind: ValueKind,
    may_be: &'static str,
) -> Variable {
    Variable { name, key, kind, expected: may_be, cloud: None }
}

const fn text(name: &'static str, key: &'static str, may_be: &'static str) -> Variable {
    variable(name, key, ValueKind::Text, may_be)
}

const fn number(name: &'static str, key: &'static str, may_be: &'static str) -> Variable {
    variable(name, key, ValueKind::Number, may_be)
}

const fn decimal(name: &'static str, key: &'static str, may_be: &'static str) -> Variable {
    variable(name, key, ValueKind::Decimal, may_be)
}

const fn flag(name: &'static str, key: &'static str) -> Variable {
    variable(name, key, ValueKind::Flag, "true or false")
}

const fn list(name: &'static str, key: &'static str, may_be: &'static str) -> Variable {
    variable(name, key, ValueKind::List, may_be)
}

const fn of_cloud(
    cloud: Cloud,
    name: &'static str,
    key: &'static str,
    may_be: &'static str,
) -> Variable {
    Variable { cloud: Some(cloud), ..text(name, key, may_be) }
}

/// What an address to listen on may be.
const LISTEN_ADDRESS: &str = "an IP address, such as 127.0.0.1 or 0.0.0.0, or localhost";

/// The variable that names the file of settings.
pub(super) const CONFIG_FILE: &str = "CALLIOPE_CONFIG";

/// The switch that turns a bucket at Google on or off: `true` stands for `CLOUD_ENV=gcp`, `false` for no bucket of Google's.
pub(super) const GOOGLE_SWITCH: &str = "ENABLE_GCS_STORAGE";

/// Every variable. If two set the same setting, the later one in this list wins.
pub(super) const VARIABLES: &[Variable] = &[
    text("HOST", "server.host", LISTEN_ADDRESS),
    text("CALLIOPE_HOST", "server.host", LISTEN_ADDRESS),
    number("PORT", "server.port", "a port, 0-65535"),
    number("CALLIOPE_PORT", "server.port", "a port, 0-65535"),
    text("CALLIOPE_API_KEY", "server.api_key", "printable characters without spaces"),
    list(
        "CALLIOPE_ALLOWED_ORIGINS",
        "server.allowed_origins",
        "origins separated by commas, such as https://stories.example,capacitor://localhost",
    ),
    list(
        "CALLIOPE_TRUSTED_PROXIES",
        "server.trusted_proxies",
        "addresses and networks separated by commas, such as 10.0.0.7,192.168.0.0/16,fd00::/8",
    ),
    number("CALLIOPE_MAX_CONNECTIONS", "server.max_connections", "a whole number, 1-1000000"),
    number(
        "CALLIOPE_MAX_CONNECTIONS_PER_ADDRESS",
        "server.max_connections_per_address",
        "a whole number, 1-1000000",
    ),
    number(
        "CALLIOPE_KEEP_ALIVE_SECONDS",
        "server.keep_alive_seconds",
        "a whole number from 1 to 3600",
    ),
    number("CALLIOPE_DRAIN_SECONDS", "server.drain_seconds", "a whole number from 0 to 600"),
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
    number("CALLIOPE_DATABASE_CONNECTIONS", "database.connections", "a whole number from 2 to 500"),
    text("CLOUD_ENV", "storage.cloud", "one of local, gcp, aws, azure"),
    flag(GOOGLE_SWITCH, "storage.cloud"),
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
        "CALLIOPE_CLIENT_QUOTA_MEBIBYTES",
        "storage.client_quota_mebibytes",
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
        "the path of a Google credentials file",
    ),
    of_cloud(
        Cloud::Aws,
        "AWS_ENDPOINT_URL",
        "storage.endpoint",
        "the URL of a server that speaks S3's protocol",
    ),
    of_cloud(Cloud::Aws, "AWS_REGION", "storage.region", "a region of Amazon's"),
    of_cloud(Cloud::Aws, "AWS_ACCESS_KEY_ID", "storage.access_key_id", "an access key's id"),
    of_cloud(Cloud::Aws, "AWS_SECRET_ACCESS_KEY", "storage.secret_access_key", "an access key"),
    of_cloud(
        Cloud::Azure,
        "AZURE_STORAGE_ENDPOINT",
        "storage.endpoint",
        "the URL of a server that speaks Azure's protocol",
    ),
    of_cloud(
        Cloud::Azure,
        "AZURE_STORAGE_ACCOUNT_NAME",
        "storage.access_key_id",
        "a storage account's name",
    ),
    of_cloud(
        Cloud::Azure,
        "AZURE_STORAGE_ACCOUNT_KEY",
        "storage.secret_access_key",
        "a storage account's key",
    ),
    text("PINECONE_API_KEY", "search.pinecone_api_key", "a Pinecone key"),
    text(
        "PINECONE_ENVIRONMENT",
        "search.pinecone_environment",
        "a cloud and its region, such as aws-us-east-1",
    ),
    text("PINECONE_CONTROLLER_HOST", "search.pinecone_url", "an http:// or https:// URL"),
    text("SEMANTIC_SEARCH_INDEX", "search.index", "a Pinecone index's name"),
    text("SEMANTIC_SEARCH_NAMESPACE", "search.namespace", "a name for this installation's part"),
    flag("SEMANTIC_SEARCH_CREATE", "search.create_index"),
    text("CALLIOPE_CA_FILE", "trust.ca_file", "the path of a PEM file with certificates"),
    text("SSL_CERT_FILE", "trust.ssl_cert_file", "the path of a PEM file with certificates"),
    text("SSL_CERT_DIR", "trust.ssl_cert_dir", "the path of a folder with PEM files"),
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
    decimal(
        "CALLIOPE_BUDGET_PER_DAY",
        "models.budget_per_day",
        "a number of US dollars, such as 5 or 0.5",
    ),
    flag("CALLIOPE_LEARNING", "memory.learning"),
    flag("CALLIOPE_SITUATION_ONLINE", "situation.is_online"),
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
    decimal("OTEL_TRACES_SAMPLER_ARG", "observability.sample_ratio", "a number from 0 to 1"),
];

/// Returns the variable with this name.
pub(super) fn find_variable(name: &str) -> Option<&'static Variable> {
    VARIABLES.iter().find(|variable| variable.name == name)
}

impl Variable {
    /// Parses the text by the setting's type and not by its looks, because a password may consist of digits.
    pub(super) fn parse(&self, raw: &str) -> Value {
        match self.kind {
            ValueKind::Number => raw.parse::<u64>().map_or_else(|_| Value::from(raw), Value::from),
            ValueKind::Decimal => raw.parse::<f64>().map_or_else(|_| Value::from(raw), Value::from),
            ValueKind::Flag => parse_flag(raw).map_or_else(|| Value::from(raw), Value::from),
            ValueKind::List => Value::from(
                raw.split(',').map(str::trim).filter(|s| !s.is_empty()).collect::<Vec<_>>(),
            ),
            ValueKind::Text => Value::from(raw),
        }
    }
}

/// Parses a flag as shells, compose files and Python write it.
pub(super) fn parse_flag(raw: &str) -> Option<bool> {
    match &*raw.to_ascii_lowercase() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}
