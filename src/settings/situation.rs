//! What is asked of others about where a Sparrow is.

use serde::Deserialize;

use super::Complaint;

/// The gazetteer and the weather, asked only for Sparrows that have a location.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Situation {
    /// Whether anyone is asked at all; what can be computed is told either way.
    pub is_online: bool,
    /// Open-Meteo's forecast, or a server that speaks like it.
    pub weather_url: String,
    /// Open-Meteo's geocoding, or a server that speaks like it.
    pub gazetteer_url: String,
    /// How long each of them may take, in milliseconds.
    pub patience_milliseconds: u64,
}

impl Default for Situation {
    fn default() -> Self {
        Self {
            is_online: true,
            weather_url: "https://api.open-meteo.com".to_owned(),
            gazetteer_url: "https://geocoding-api.open-meteo.com".to_owned(),
            patience_milliseconds: 2500,
        }
    }
}

impl Situation {
    pub(super) fn validate(&self) -> Result<(), Complaint> {
        for (key, url) in [
            ("situation.weather_url", &self.weather_url),
            ("situation.gazetteer_url", &self.gazetteer_url),
        ] {
            if !(url.starts_with("http://") || url.starts_with("https://")) {
                return Err((key, "must begin with http:// or https://".to_owned()));
            }
        }
        if !(1..=30_000).contains(&self.patience_milliseconds) {
            let reason = "must be a whole number from 1 to 30000".to_owned();
            return Err(("situation.patience_milliseconds", reason));
        }
        Ok(())
    }
}
