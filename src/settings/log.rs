//! Settings of the log.

use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use super::ValidationError;

/// The log, which goes to standard error.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// Which lines are written: a level (`off`, `error`, `warn`, `info`, `debug` or `trace`), or directives separated by commas,
    /// such as `info,calliope::http=debug`. Default: `info,sqlx=warn`.
    pub filter: String,
    /// The format of a line: `text` or `json`. Default: `text`.
    pub format: LogFormat,
}

/// The format of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object per line, for machines.
    Json,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { filter: "info,sqlx=warn".to_owned(), format: LogFormat::Text }
    }
}

impl LogSettings {
    /// Parses the filter, directive by directive. `EnvFilter` alone is too lenient: it reads `verbose` as the name of a target, and
    /// then lets nothing else pass. It is also too strict: it refuses a space after a comma.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says which forms a filter may have.
    pub fn env_filter(&self) -> Result<EnvFilter, String> {
        let accepted = "it must be a level (off, error, warn, info, debug or trace), or directives \
                        separated by commas, such as info,calliope::http=debug";
        let is_level = |text: &str| !text.is_empty() && text.parse::<LevelFilter>().is_ok();
        let directives = self.filter.split(',').map(str::trim).filter(|text| !text.is_empty());
        let directives: Vec<&str> = directives.collect();
        if directives.is_empty() {
            return Err(format!("is empty; {accepted}"));
        }
        for directive in &directives {
            let level = directive.rsplit_once('=').map_or(*directive, |(_, level)| level);
            // Directives for spans and their fields may hold commas; the parser below judges those.
            if !directive.contains(['[', ']', '{', '}']) && !is_level(level) {
                return Err(format!("`{level}` is not a level; {accepted}"));
            }
        }
        let parsed = directives.join(",").parse();
        parsed.map_err(|_| format!("`{}` cannot be read; {accepted}", self.filter))
    }

    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        self.env_filter().map(drop).map_err(|reason| ("log.filter", reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(filter: &str) -> Result<EnvFilter, String> {
        LogSettings { filter: filter.to_owned(), ..LogSettings::default() }.env_filter()
    }

    #[test]
    fn a_filter_that_would_silence_the_log_by_mistake_is_refused() {
        for usable in [
            "info",
            "INFO",
            "off",
            "info,sqlx=warn",
            "warn, calliope::http=debug",
            "info,calliope[request{method=GET}]=debug",
        ] {
            assert!(parse(usable).is_ok(), "{usable}");
        }
        for unusable in
            ["verbose", "info,verbose", "calliope=verbose", "calliope", "", " , ", "=", "a=b=c"]
        {
            let refused = parse(unusable).expect_err(unusable);
            assert!(refused.contains("error, warn, info, debug or trace"), "{refused}");
        }
    }
}
