//! What is asked of others about where a Sparrow is.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The gazetteer and the weather, asked only for Sparrows that have a location; and how Sparrows without one are placed
/// by their address, where that is wished for.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SituationSettings {
    /// Whether anyone is asked at all; what can be computed is told either way.
    pub is_online: bool,
    /// Open-Meteo's forecast, or a server that speaks like it.
    pub weather_url: String,
    /// Open-Meteo's geocoding, or a server that speaks like it.
    pub gazetteer_url: String,
    /// A city database of MaxMind's format, such as GeoLite2-City.mmdb, that places addresses.
    pub places_file: Option<PathBuf>,
    /// ip-api.com, or a server that speaks like it, that places addresses. It learns the address of each Sparrow that
    /// has no location: a file tells nobody.
    pub places_url: Option<String>,
    /// How long each of them may take, in milliseconds.
    pub patience_milliseconds: u64,
}

impl Default for SituationSettings {
    fn default() -> Self {
        Self {
            is_online: true,
            weather_url: "https://api.open-meteo.com".to_owned(),
            gazetteer_url: "https://geocoding-api.open-meteo.com".to_owned(),
            places_file: None,
            places_url: None,
            patience_milliseconds: 2500,
        }
    }
}

impl SituationSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        for (key, url) in [
            ("situation.weather_url", &self.weather_url),
            ("situation.gazetteer_url", &self.gazetteer_url),
        ] {
            if !is_url(url) {
                return Err((key, "must begin with http:// or https://".to_owned()));
            }
        }
        if self.places_url.as_deref().is_some_and(|url| !is_url(url)) {
            let reason = "must begin with http:// or https://".to_owned();
            return Err(("situation.places_url", reason));
        }
        if !(1..=30_000).contains(&self.patience_milliseconds) {
            let reason = "must be a whole number from 1 to 30000".to_owned();
            return Err(("situation.patience_milliseconds", reason));
        }
        Ok(())
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}
