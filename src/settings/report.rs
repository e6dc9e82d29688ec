//! What `calliope config` shows: every setting, its value, and who gave it.

use std::fmt::Display;

use figment::Figment;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::variables::file_name;
use super::{LogFormat, Settings};

/// One setting in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The setting, such as `server.port`.
    pub key: &'static str,
    /// Its value as text; secrets as `•••` and their last four characters; null where there is none.
    pub value: Option<String>,
    /// `default`, a variable's name, or a file's.
    pub source: String,
}

/// Whether a setting's value must not be shown.
pub(super) fn is_secret(key: &str) -> bool {
    ["api_key", "api_token", "password", "access_key", "database.url"]
        .iter()
        .any(|tail| key.ends_with(tail))
}

/// Hides a secret: its last four characters when it is long enough for these to say little.
fn hidden(secret: &SecretString) -> String {
    let text = secret.expose_secret();
    let tail: String = text.chars().skip(text.chars().count().saturating_sub(4)).collect();
    if text.chars().count() >= 12 { format!("•••{tail}") } else { "•••".to_owned() }
}

pub(super) fn lines(settings: &Settings, sources: &Figment) -> Vec<Line> {
    values(settings)
        .into_iter()
        .map(|(key, value)| Line { key, value, source: source(sources, key) })
        .collect()
}

fn source(sources: &Figment, key: &str) -> String {
    match sources.find_metadata(key) {
        None => "default".to_owned(),
        Some(metadata) => file_name(metadata).unwrap_or_else(|| metadata.name.to_string()),
    }
}

#[expect(clippy::too_many_lines, reason = "one line a setting")]
fn values(settings: &Settings) -> Vec<(&'static str, Option<String>)> {
    let shown = |value: &dyn Display| Some(value.to_string());
    let secret = |value: Option<&SecretString>| value.map(hidden);
    let Settings {
        server,
        database,
        storage,
        limits,
        tasks,
        providers,
        minds,
        memory,
        situation,
        search,
        log,
        observability,
    } = settings;
    let log_format = match log.format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    let networks: Vec<String> = server.trusted_proxies.iter().map(ToString::to_string).collect();
    vec![
        ("server.host", shown(&server.host)),
        ("server.port", shown(&server.port)),
        ("server.api_key", secret(server.api_key.as_ref())),
        ("server.allowed_origins", shown(&server.allowed_origins.join(", "))),
        ("server.trusted_proxies", shown(&networks.join(", "))),
        ("server.drain_seconds", shown(&server.drain_seconds)),
        ("database.url", secret(database.url.as_ref())),
        ("database.hostname", database.hostname.clone()),
        ("database.port", shown(&database.port)),
        ("database.username", shown(&database.username)),
        ("database.password", secret(database.password.as_ref())),
        ("database.database", shown(&database.database)),
        ("database.connections", shown(&database.connections)),
        ("database.path", shown(&database.path.display())),
        ("storage.cloud", shown(&storage.cloud.name())),
        ("storage.bucket", storage.bucket.clone()),
        (
            "storage.google_credentials",
            storage.google_credentials.as_ref().map(|path| path.display().to_string()),
        ),
        ("storage.endpoint", storage.endpoint.clone()),
        ("storage.region", storage.region.clone()),
        ("storage.access_key_id", storage.access_key_id.clone()),
        ("storage.secret_access_key", secret(storage.secret_access_key.as_ref())),
        ("storage.inline_upload_seconds", shown(&storage.inline_upload_seconds)),
        ("storage.media_folder", shown(&storage.media_folder.display())),
        ("storage.input_folder", shown(&storage.input_folder.display())),
        ("storage.audio_folder", shown(&storage.audio_folder().display())),
        ("storage.voice_profiles_folder", shown(&storage.voice_profiles_folder().display())),
        ("storage.delivery", shown(&storage.delivery.name())),
        ("storage.cache_mebibytes", shown(&storage.cache_mebibytes)),
        ("storage.input_retention", shown(&storage.input_retention)),
        ("storage.compress_audio", shown(&storage.compress_audio)),
        ("storage.retention_days", shown(&storage.retention_days)),
        ("storage.retention_keep", shown(&storage.retention_keep.name())),
        ("limits.requests_per_minute_per_token", shown(&limits.requests_per_minute_per_token)),
        ("limits.requests_per_minute_per_address", shown(&limits.requests_per_minute_per_address)),
        ("tasks.concurrency", shown(&tasks.concurrency)),
        ("tasks.lease_seconds", shown(&tasks.lease_seconds)),
        ("tasks.frame_deadline_seconds", shown(&tasks.frame_deadline_seconds)),
        ("tasks.max_attempts", shown(&tasks.max_attempts)),
        ("tasks.max_waiting", shown(&tasks.max_waiting)),
        ("providers.openai_api_key", secret(providers.openai_api_key.as_ref())),
        ("providers.openai_base_url", providers.openai_base_url.clone()),
        ("providers.azure_api_key", secret(providers.azure_api_key.as_ref())),
        ("providers.azure_api_host", providers.azure_api_host.clone()),
        ("providers.stability_api_key", secret(providers.stability_api_key.as_ref())),
        ("providers.stability_base_url", providers.stability_base_url.clone()),
        ("providers.huggingface_api_key", secret(providers.huggingface_api_key.as_ref())),
        ("providers.huggingface_base_url", providers.huggingface_base_url.clone()),
        ("providers.replicate_api_token", secret(providers.replicate_api_token.as_ref())),
        ("providers.replicate_base_url", providers.replicate_base_url.clone()),
        ("providers.runway_api_key", secret(providers.runway_api_key.as_ref())),
        ("providers.runway_base_url", providers.runway_base_url.clone()),
        ("minds.text", minds.text.clone()),
        ("minds.image", minds.image.clone()),
        ("minds.vision", minds.vision.clone()),
        ("minds.transcription", minds.transcription.clone()),
        ("minds.speech", minds.speech.clone()),
        ("minds.video", minds.video.clone()),
        ("minds.moderation", minds.moderation.clone()),
        ("minds.embedding", minds.embedding.clone()),
        ("memory.learning", shown(&memory.learning)),
        ("memory.prompt_tokens", shown(&memory.prompt_tokens)),
        ("minds.text_seconds", shown(&minds.text_seconds)),
        ("minds.image_seconds", shown(&minds.image_seconds)),
        ("minds.senses_seconds", shown(&minds.senses_seconds)),
        ("minds.speech_seconds", shown(&minds.speech_seconds)),
        ("minds.video_seconds", shown(&minds.video_seconds)),
        ("minds.budget_per_day", minds.budget_per_day.map(|budget| budget.to_string())),
        ("situation.is_online", shown(&situation.is_online)),
        ("situation.weather_url", shown(&situation.weather_url)),
        ("situation.gazetteer_url", shown(&situation.gazetteer_url)),
        ("situation.places_file", situation.places_file.as_ref().map(|p| p.display().to_string())),
        ("situation.places_url", situation.places_url.clone()),
        ("situation.patience_milliseconds", shown(&situation.patience_milliseconds)),
        ("search.pinecone_api_key", secret(search.pinecone_api_key.as_ref())),
        ("search.pinecone_environment", search.pinecone_environment.clone()),
        ("search.pinecone_url", shown(&search.pinecone_url)),
        ("search.index", search.index.clone()),
        ("search.namespace", shown(&search.namespace)),
        ("search.creates_index", shown(&search.creates_index)),
        ("log.filter", shown(&log.filter)),
        ("log.format", shown(&log_format)),
        ("observability.metrics_address", observability.metrics_address.map(|a| a.to_string())),
        ("observability.otlp_endpoint", observability.otlp_endpoint.clone()),
        ("observability.service_name", shown(&observability.service_name)),
        ("observability.sample_ratio", shown(&observability.sample_ratio)),
    ]
}
