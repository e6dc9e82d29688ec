//! The situation: where and when a story is told, and what the weather and the sky are like there.
//!
//! Everything is optional. What is asked of other services (the gazetteer and the weather, both Open-Meteo's) has a
//! short deadline and a cache, and is left out where it does not come; the rest is computed. Nothing of it is stored
//! but the sentences that the storyteller got.

mod description;
mod geoip;
mod place;
mod weather;

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Datelike, FixedOffset, Local, Offset, Timelike, Utc};
use moka::sync::Cache;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::domain::Season;
use crate::http_client;
use crate::settings;
use crate::sky::Coordinates;
pub use geoip::GeoIpFileError;
use geoip::{GeoIpLocator, IpApiResponse};
use place::{GeocodingResponse, Place};
use weather::{ForecastResponse, Weather};

/// How long a place keeps its name and its zone.
const PLACE_TTL: Duration = Duration::from_hours(24 * 7);

/// How long an address stays where it is.
const ADDRESS_TTL: Duration = Duration::from_hours(1);

/// How long the weather stays as it is.
const WEATHER_TTL: Duration = Duration::from_mins(15);

/// How long nobody asks again after a failure.
const FAILURE_TTL: Duration = Duration::from_mins(2);

/// Answers at most that are kept, of each kind.
const MAX_CACHE_ENTRIES: u64 = 10_000;

/// The longest answer, in bytes.
const MAX_RESPONSE_BYTES: usize = 256 << 10;

/// Where and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    /// All of it in words.
    pub text: String,
    /// The place's name, as far as it is known.
    pub place: Option<String>,
    /// Local hour, 0-23.
    pub hour: u32,
    /// Local season.
    pub season: Season,
}

/// Knows where and when it is. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct SituationService {
    online: Option<OnlineServices>,
    geoip: Option<GeoIpLocator>,
}

/// The services that are asked.
#[derive(Debug, Clone)]
struct OnlineServices {
    client: reqwest::Client,
    geocoding_url: String,
    forecast_url: String,
    timeout: Duration,
    places: ExpiringCache<Place>,
    weather: ExpiringCache<Weather>,
}

/// Answers by what was asked, each until it is out of date. `None` is a failure, or that there is nothing.
type ExpiringCache<T> = Cache<String, (Instant, Option<T>)>;

impl SituationService {
    /// With the services that the settings allow.
    ///
    /// # Errors
    ///
    /// [`GeoIpFileError`] when a file of places is named that cannot be used.
    pub fn new(
        settings: &settings::SituationSettings,
        client: reqwest::Client,
    ) -> Result<Self, GeoIpFileError> {
        let online = settings.is_online.then(|| OnlineServices {
            client,
            geocoding_url: settings.gazetteer_url.trim_end_matches('/').to_owned(),
            forecast_url: settings.weather_url.trim_end_matches('/').to_owned(),
            timeout: Duration::from_millis(settings.patience_milliseconds),
            places: Cache::new(MAX_CACHE_ENTRIES),
            weather: Cache::new(MAX_CACHE_ENTRIES),
        });
        Ok(Self { online, geoip: GeoIpLocator::new(settings)? })
    }

    /// Takes note of where a Sparrow asks from, if that may tell where it is.
    pub fn record_address(&self, sparrow: &str, address: IpAddr) {
        if let Some(addresses) = &self.geoip {
            addresses.record_address(sparrow, address);
        }
    }

    /// The situation at a location: coordinates, a place's name, or none; then it is where the Sparrow asked from, as far
    /// as that is known.
    pub async fn resolve(
        &self,
        location: Option<&str>,
        sparrow: Option<&str>,
        now: DateTime<Utc>,
    ) -> Situation {
        let location = location.map(str::trim).filter(|location| !location.is_empty());
        let place = match (location, sparrow) {
            (Some(location), _) => self.place_by_location(location).await,
            (None, Some(sparrow)) => self.place_by_client(sparrow).await,
            (None, None) => None,
        };
        let coordinates = place.as_ref().map(|place| place.coordinates);
        let weather = match (&self.online, coordinates) {
            (Some(online), Some(coordinates)) => online.fetch_weather(coordinates).await,
            _ => None,
        };
        let zone = weather.as_ref().and_then(|weather| weather.zone);
        let zone = zone.or_else(|| place.as_ref().and_then(|place| place.zone));
        let local = match (zone, coordinates) {
            (Some(zone), _) => now.with_timezone(&zone).fixed_offset(),
            (None, Some(coordinates)) => now.with_timezone(&solar_offset(coordinates)),
            (None, None) => now.with_timezone(&Local).fixed_offset(),
        };
        let is_southern = coordinates.is_some_and(|coordinates| coordinates.latitude < 0.0);
        let season = Season::from_month(local.month(), is_southern);
        let name = place.as_ref().and_then(|place| place.name.clone());
        // A name that no gazetteer knows may still be one, and coordinates say nothing to a storyteller.
        let is_name = location.is_some_and(|location| place::parse_coordinates(location).is_none());
        let name = name.or_else(|| location.filter(|_| is_name).map(str::to_owned));
        let text = description::describe(&description::SituationFacts {
            local,
            season,
            place: name.as_deref(),
            coordinates,
            weather: weather.as_ref(),
        });
        Situation { text, place: name, hour: local.hour(), season }
    }

    /// Where a Sparrow asked from.
    async fn place_by_client(&self, sparrow: &str) -> Option<Place> {
        let addresses = self.geoip.as_ref()?;
        let address = addresses.address(sparrow)?;
        match (addresses.find_in_file(address), &self.online, &addresses.geoip_url) {
            (None, Some(online), Some(url)) => online.locate_ip(address, url).await,
            (place, ..) => place,
        }
    }

    async fn place_by_location(&self, location: &str) -> Option<Place> {
        if let Some(coordinates) = place::parse_coordinates(location) {
            return Some(Place { name: None, coordinates, zone: None });
        }
        self.online.as_ref()?.geocode(location).await
    }
}

impl OnlineServices {
    async fn geocode(&self, name: &str) -> Option<Place> {
        let key = name.to_lowercase();
        if let Some((until, place)) = self.places.get(&key)
            && Instant::now() < until
        {
            return place;
        }
        // The gazetteer knows `Lisbon` and not `Lisbon, Portugal`.
        let first = name.split(',').next().unwrap_or(name).trim();
        let query = [("name", first), ("count", "1"), ("language", "en"), ("format", "json")];
        let found: Option<GeocodingResponse> =
            self.fetch(&format!("{}/v1/search", self.geocoding_url), &query).await;
        let lasts = if found.is_some() { PLACE_TTL } else { FAILURE_TTL };
        let place = found.and_then(GeocodingResponse::into_place);
        self.places.insert(key, (Instant::now() + lasts, place.clone()));
        place
    }

    async fn locate_ip(&self, address: IpAddr, url: &str) -> Option<Place> {
        let key = format!("from {address}");
        if let Some((until, place)) = self.places.get(&key)
            && Instant::now() < until
        {
            return place;
        }
        let url = format!("{url}/json/{address}");
        let found: Option<IpApiResponse> = self.fetch(&url, &[("fields", geoip::FIELDS)]).await;
        let lasts = if found.is_some() { ADDRESS_TTL } else { FAILURE_TTL };
        let place = found.and_then(IpApiResponse::into_place);
        self.places.insert(key, (Instant::now() + lasts, place.clone()));
        place
    }

    async fn fetch_weather(&self, at: Coordinates) -> Option<Weather> {
        // About a kilometre: who stands nearby has the same weather, and nobody learns more than that.
        let (latitude, longitude) = (format!("{:.2}", at.latitude), format!("{:.2}", at.longitude));
        let key = format!("{latitude},{longitude}");
        if let Some((until, weather)) = self.weather.get(&key)
            && Instant::now() < until
        {
            return weather;
        }
        let query = [
            ("latitude", latitude.as_str()),
            ("longitude", longitude.as_str()),
            ("current", weather::FIELDS),
            ("timezone", "auto"),
        ];
        let found: Option<ForecastResponse> =
            self.fetch(&format!("{}/v1/forecast", self.forecast_url), &query).await;
        let weather = found.and_then(ForecastResponse::into_weather);
        let lasts = if weather.is_some() { WEATHER_TTL } else { FAILURE_TTL };
        self.weather.insert(key, (Instant::now() + lasts, weather.clone()));
        weather
    }

    /// An answer of JSON; `None` when it does not come in time or cannot be read.
    async fn fetch<T: DeserializeOwned>(&self, url: &str, query: &[(&str, &str)]) -> Option<T> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let request = self.client.get(format!("{url}?{query}"));
        let fetched = async {
            let answer = request.send().await?;
            let status = answer.status();
            let body = http_client::read_body(answer, MAX_RESPONSE_BYTES).await?;
            Ok::<_, http_client::HttpClientError>((status, body))
        };
        let failed = |reason: &str| tracing::info!(reason, "a part of the situation is left out");
        match tokio::time::timeout(self.timeout, fetched).await {
            Ok(Ok((status, body))) if status.is_success() => serde_json::from_slice(&body)
                .inspect_err(|_| failed("the answer cannot be read"))
                .ok(),
            Ok(Ok((status, _))) => {
                failed(status.as_str());
                None
            }
            Ok(Err(lost)) => {
                failed(&lost.to_string());
                None
            }
            Err(_) => {
                failed("there was no answer in time");
                None
            }
        }
    }
}

/// The whole hours by which the sun's noon is off Greenwich's: near enough where no zone is known.
fn solar_offset(at: Coordinates) -> FixedOffset {
    let hours = (at.longitude / 15.0).round() as i32;
    FixedOffset::east_opt(hours * 3600).unwrap_or_else(|| Utc.fix())
}

#[cfg(test)]
mod tests;
