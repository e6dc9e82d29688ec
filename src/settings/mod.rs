//! The operator's settings: defaults, then `config/calliope.toml` (or the file that `CALLIOPE_CONFIG` names), then the environment.
//!
//! Each section is a file with its own `validate`. `variables.rs` lists every environment variable that is read,
//! `environment.rs` reads them, and `renamed.rs` lists the earlier names of settings. A value that cannot be used stops the start with a line that names its source.

mod database;
mod environment;
mod explain;
mod google;
mod limits;
mod log;
mod memory;
mod models;
mod networks;
mod observability;
mod origins;
mod pages;
mod postgres_url;
mod providers;
mod renamed;
mod report;
mod search;
mod secret;
mod server;
mod situation;
mod storage;
mod tasks;
mod trust;
mod variables;
mod warnings;

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Toml};
use serde::{Deserialize, Serialize};

pub use database::DatabaseSettings;
pub use google::GoogleCredentials;
pub use limits::RateLimitSettings;
pub use log::{LogFormat, LogSettings};
pub use memory::MemorySettings;
pub use models::ModelSettings;
pub(crate) use models::parse_models;
pub use observability::ObservabilitySettings;
pub use pages::PageSettings;
pub use providers::ProviderSettings;
pub use report::ReportedSetting;
pub use search::SearchSettings;
pub use server::ServerSettings;
pub use situation::SituationSettings;
pub use storage::{Cloud, MediaDelivery, RetentionExemption, StorageSettings};
pub use tasks::TaskSettings;
pub use trust::{TrustSettings, TrustedCertificates};
pub use warnings::SettingWarning;

pub(crate) use environment::clean_value;

use environment::Environment;
use renamed::FileSettings;

/// All settings of an installation, by section.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The address to listen on, and who may call.
    pub server: ServerSettings,
    /// The database.
    pub database: DatabaseSettings,
    /// The folders and the bucket, and how long files stay.
    pub storage: StorageSettings,
    /// Rate limits.
    pub limits: RateLimitSettings,
    /// How tasks run: concurrency, leases, deadlines and attempts.
    pub tasks: TaskSettings,
    /// The AI providers' keys and addresses.
    pub providers: ProviderSettings,
    /// The default models, their timeouts and the budget.
    pub models: ModelSettings,
    /// Client memory.
    pub memory: MemorySettings,
    /// Place and weather: which services are asked.
    pub situation: SituationSettings,
    /// The vector index.
    pub search: SearchSettings,
    /// The pages for people.
    pub pages: PageSettings,
    /// The log.
    pub log: LogSettings,
    /// Metrics and traces.
    pub observability: ObservabilitySettings,
    /// Certificates of own authorities.
    pub trust: TrustSettings,
}

/// A setting cannot be used. The text is one line that names its source and what it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSetting(pub String);

/// Settings together with the source of each.
#[derive(Clone)]
pub struct LoadedSettings {
    /// The effective values.
    pub settings: Settings,
    /// The settings that are ignored, outdated or doubtful.
    pub warnings: Vec<SettingWarning>,
    sources: Figment,
}

impl LoadedSettings {
    /// Loads the settings of a process. `variables` are its environment.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidSetting`] for the first value that cannot be used.
    pub fn load(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, InvalidSetting> {
        let mut environment = Environment::new(variables)?;
        let file = config_file(&environment)?;
        let mut sources = Figment::new();
        let mut file_warnings = Vec::new();
        if let Some(path) = file {
            let mut file = FileSettings::read(&Toml::file_exact(path));
            file_warnings.append(&mut file.warnings);
            sources = sources.merge(file);
        }
        let sources = environment.merge_into(sources);
        let settings: Settings =
            sources.extract().map_err(|error| explain::explain(&sources, &error))?;
        let mut loaded = Self { settings, warnings: environment.warnings, sources };
        loaded.warnings.append(&mut file_warnings);
        loaded.validate()?;
        loaded.settings.database.certificates = loaded.settings.trust.read();
        loaded.add_warnings();
        Ok(loaded)
    }

    /// Lists every setting with its value (secrets hidden) and its source, for `calliope config`.
    ///
    /// # Errors
    ///
    /// Fails if a setting cannot be written as text, such as a path that is not Unicode.
    pub fn report(&self) -> serde_json::Result<Vec<ReportedSetting>> {
        report::reported_settings(&self.settings, &self.sources)
    }

    /// Adds the sections' warnings about values that are valid.
    fn add_warnings(&mut self) {
        let found = [self.settings.server.warning(), self.settings.storage.warning()];
        for (key, reason) in found.into_iter().flatten() {
            let source = explain::source_name(&self.sources, key);
            self.warnings.push(SettingWarning::new(source, reason));
        }
    }

    fn validate(&self) -> Result<(), InvalidSetting> {
        let settings = &self.settings;
        let checks = [
            settings.server.validate(),
            settings.database.validate(),
            settings.storage.validate(),
            settings.limits.validate(),
            settings.tasks.validate(),
            settings.providers.validate(),
            settings.models.validate(),
            settings.memory.validate(),
            settings.situation.validate(),
            settings.search.validate(),
            settings.pages.validate(),
            settings.log.validate(),
            settings.observability.validate(),
            settings.trust.validate(),
        ];
        for check in checks {
            check.map_err(|(key, reason)| {
                InvalidSetting(format!("{}: {reason}", explain::source_name(&self.sources, key)))
            })?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for LoadedSettings {
    /// Omits the sources, because they hold secrets as plain text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A section's error: the key that is wrong, and a sentence that says what it must be.
type ValidationError = (&'static str, String);

fn config_file(environment: &Environment) -> Result<Option<PathBuf>, InvalidSetting> {
    let Some(path) = environment.config_file() else {
        let default = Path::new("config/calliope.toml");
        return Ok(default.exists().then(|| default.to_owned()));
    };
    let path = PathBuf::from(path);
    match std::fs::File::open(&path) {
        Ok(_) => Ok(Some(path)),
        Err(error) => {
            let shown = path.display();
            Err(InvalidSetting(format!("CALLIOPE_CONFIG: {shown} cannot be read ({error})")))
        }
    }
}

#[cfg(test)]
mod tests;
