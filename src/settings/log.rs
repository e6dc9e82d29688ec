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
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        check_filter(&self.filter).map_err(|reason| ("log.filter", reason))
    }
}

/// Checks a filter directive by directive. `EnvFilter` alone is too lenient: it reads `verbose` as the name of a target, and
/// then lets nothing else pass.
fn check_filter(filter: &str) -> Result<(), String> {
    let accepted = "it must be a level (off, error, warn, info, debug or trace), or directives separated by \
         commas, such as info,calliope::http=debug";
    let is_level = |text: &str| text.parse::<LevelFilter>().is_ok();
    let mut directives =
        filter.split(',').map(str::trim).filter(|text| !text.is_empty()).peekable();
    if directives.peek().is_none() {
        return Err(format!("is empty; {accepted}"));
    }
    for directive in directives {
        match directive.rsplit_once('=') {
            // Directives for spans and their fields may hold commas; the parser below judges those.
            _ if directive.contains(['[', ']', '{', '}']) => {}
            Some((_, level)) if is_level(level) => {}
            Some((_, level)) => return Err(format!("`{level}` is not a level; {accepted}")),
            None if is_level(directive) => {}
            None => return Err(format!("`{directive}` is not a level; {accepted}")),
        }
    }
    let parsed = filter.parse::<EnvFilter>();
    parsed.map(drop).map_err(|_| format!("`{filter}` cannot be read; {accepted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_would_silence_the_log_by_mistake_is_refused() {
        for usable in [
            "info",
            "INFO",
            "off",
            "info,sqlx=warn",
            "warn, calliope::http=debug",
            "info,calliope[request{method=GET,path=/}]=debug",
        ] {
            assert_eq!(check_filter(usable), Ok(()), "{usable}");
        }
        for unusable in
            ["verbose", "info,verbose", "calliope=verbose", "calliope", "", " , ", "=", "a=b=c"]
        {
            let refused = check_filter(unusable).expect_err(unusable);
            assert!(refused.contains("error, warn, info, debug or trace"), "{refused}");
        }
    }
}
