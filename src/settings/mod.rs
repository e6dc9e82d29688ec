//! What the operator decides: defaults, then `config/calliope.toml` (or `CALLIOPE_CONFIG`), then the environment.
//!
//! One section a file, each with its own `validate`. `variables.rs` lists every environment variable
//! that is read; a value that cannot be used stops the start with the name of whoever gave it.

mod database;
mod limits;
mod log;
mod memory;
mod models;
mod networks;
mod observability;
mod providers;
mod report;
mod search;
mod secret;
mod server;
mod situation;
mod storage;
mod tasks;
mod variables;

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Toml};
use serde::{Deserialize, Serialize};

pub use database::DatabaseSettings;
pub use limits::RateLimitSettings;
pub use log::{LogFormat, LogSettings};
pub use memory::MemorySettings;
pub use models::ModelSettings;
pub(crate) use models::parse_models;
pub use observability::ObservabilitySettings;
pub use providers::ProviderSettings;
pub use report::ReportedSetting;
pub use search::SearchSettings;
pub use server::ServerSettings;
pub use situation::SituationSettings;
pub use storage::{Cloud, MediaDelivery, RetentionExemption, StorageSettings};
pub use tasks::TaskSettings;

use variables::Environment;

/// Everything that an operator may decide.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where and for whom to listen.
    pub server: ServerSettings,
    /// Where rows are kept.
    pub database: DatabaseSettings,
    /// Where files are kept.
    pub storage: StorageSettings,
    /// How much anyone may ask for.
    pub limits: RateLimitSettings,
    /// How work is done.
    pub tasks: TaskSettings,
    /// The AI providers' keys and addresses.
    pub providers: ProviderSettings,
    /// Which models are asked, and how much they may cost.
    pub minds: ModelSettings,
    /// What is learned of clients.
    pub memory: MemorySettings,
    /// What is asked of others about where a Sparrow is.
    pub situation: SituationSettings,
    /// The vector index.
    pub search: SearchSettings,
    /// What is logged, and how.
    pub log: LogSettings,
    /// Numbers and traces.
    pub observability: ObservabilitySettings,
}

/// A setting that cannot be used; its text is one line that names who gave it and what it may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSetting(pub String);

/// Settings with the knowledge of where each came from.
#[derive(Clone)]
pub struct LoadedSettings {
    /// The values in force.
    pub settings: Settings,
    sources: Figment,
}

impl LoadedSettings {
    /// Reads the settings of a process: `variables` are its environment.
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`] for the first value that cannot be used.
    pub fn load(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, InvalidSetting> {
        let environment = Environment::new(variables);
        let file = config_file(&environment)?;
        let mut sources = Figment::new();
        if let Some(path) = file {
            sources = sources.merge(Toml::file_exact(path));
        }
        let sources = environment.merge_into(sources);
        let settings: Settings = sources.extract().map_err(|error| variables::explain(&error))?;
        let loaded = Self { settings, sources };
        loaded.validate()?;
        Ok(loaded)
    }

    /// Lists every setting with its value (secrets hidden) and its source, for `calliope config`.
    ///
    /// # Errors
    ///
    /// A setting cannot be written as text, such as a path that is not Unicode.
    pub fn report(&self) -> serde_json::Result<Vec<ReportedSetting>> {
        report::reported_settings(&self.settings, &self.sources)
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
            settings.minds.validate(),
            settings.memory.validate(),
            settings.situation.validate(),
            settings.search.validate(),
            settings.log.validate(),
            settings.observability.validate(),
        ];
        for check in checks {
            check.map_err(|(key, reason)| {
                InvalidSetting(format!("{}: {reason}", variables::source_name(&self.sources, key)))
            })?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for LoadedSettings {
    /// Without the sources, which hold secrets as plain text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A section's complaint: the key that is wrong, and a sentence that says what it may be.
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
