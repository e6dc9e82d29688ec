//! External services for the situation of a Sparrow: its place and the weather there.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The services for a Sparrow's place and weather, and for locating Sparrows by their IP address.
///
/// The gazetteer and the forecast are requested only for Sparrows that have a location.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SituationSettings {
    /// Whether external services are requested at all. What can be computed, such as the season and the sun, is known
    /// either way. Default: `true`.
    pub is_online: bool,
    /// The base URL of Open-Meteo's forecast API or a compatible server. Default: `https://api.open-meteo.com`.
    pub weather_url: String,
    /// The base URL of Open-Meteo's geocoding API or a compatible server. Default:
    /// `https://geocoding-api.open-meteo.com`.
    pub gazetteer_url: String,
    /// The path of a city database in MaxMind's format, such as `GeoLite2-City.mmdb`, which locates Sparrows by their
    /// IP address. Default: none.
    pub geoip_file: Option<PathBuf>,
    /// The base URL of ip-api.com or a compatible server, which locates Sparrows by their IP address. Calliope sends it
    /// the address of each Sparrow without a location; with `geoip_file`, no address leaves the machine. Default:
    /// none.
    pub geoip_url: Option<String>,
    /// The timeout of each request in milliseconds, 1-30000. Default: 2500.
    pub timeout_milliseconds: u64,
}

impl Default for SituationSettings {
    fn default() -> Self {
        Self {
            is_online: true,
            weather_url: "https://api.open-meteo.com".to_owned(),
            gazetteer_url: "https://geocoding-api.open-meteo.com".to_owned(),
            geoip_file: None,
            geoip_url: None,
            timeout_milliseconds: 2500,
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
        if self.geoip_url.as_deref().is_some_and(|url| !is_url(url)) {
            let reason = "must begin with http:// or https://".to_owned();
            return Err(("situation.geoip_url", reason));
        }
        if !(1..=30_000).contains(&self.timeout_milliseconds) {
            let reason = "must be a whole number from 1 to 30000".to_owned();
            return Err(("situation.timeout_milliseconds", reason));
        }
        Ok(())
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}
