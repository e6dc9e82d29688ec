//! Finds out the situation in which a story is told: place, local time, season, weather and sky.
//!
//! Every part is optional. Geocoding and weather come from Open-Meteo, with a short timeout and a cache; if a service
//! does not answer, its part is left out. The rest is computed. Only the sentences that the storyteller receives are
//! stored.

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

/// How long the geocoding of a name is cached.
const PLACE_TTL: Duration = Duration::from_hours(24 * 7);

/// How long the location of an IP address is cached.
const ADDRESS_TTL: Duration = Duration::from_hours(1);

/// How long the weather of a place is cached.
const WEATHER_TTL: Duration = Duration::from_mins(15);

/// How long a failed look-up is cached.
const FAILURE_TTL: Duration = Duration::from_mins(2);

/// The most entries in each cache.
const MAX_CACHE_ENTRIES: u64 = 10_000;

/// The largest response that is read, in bytes.
const MAX_RESPONSE_BYTES: usize = 256 << 10;

/// The place and the time of a frame, and a description of both.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    /// The description, in sentences.
    pub text: String,
    /// The place's name; `None` if it is unknown.
    pub place: Option<String>,
    /// The local hour, 0 to 23.
    pub hour: u32,
    /// The local season.
    pub season: Season,
}

/// Resolves the situation of a Sparrow. Clones share the caches.
#[derive(Debug, Clone, Default)]
pub struct SituationService {
    online: Option<OnlineServices>,
    geoip: Option<GeoIpLocator>,
}

/// The online services, with their caches.
#[derive(Debug, Clone)]
struct OnlineServices {
    client: reqwest::Client,
    geocoding_url: String,
    forecast_url: String,
    timeout: Duration,
    places: ExpiringCache<Place>,
    weather: ExpiringCache<Weather>,
}

/// Responses by query, each with its expiry. `None` stands for a failure or an empty result.
type ExpiringCache<T> = Cache<String, (Instant, Option<T>)>;

impl SituationService {
    /// Creates the service with the look-ups that the settings allow.
    ///
    /// # Errors
    ///
    /// Returns [`GeoIpFileError`] if the configured MaxMind file cannot be opened.
    pub fn new(
        settings: &settings::SituationSettings,
        client: reqwest::Client,
    ) -> Result<Self, GeoIpFileError> {
        let online = settings.is_online.then(|| OnlineServices {
            client,
            geocoding_url: settings.gazetteer_url.trim_end_matches('/').to_owned(),
            forecast_url: settings.weather_url.trim_end_matches('/').to_owned(),
            timeout: Duration::from_millis(settings.timeout_milliseconds),
            places: Cache::new(MAX_CACHE_ENTRIES),
            weather: Cache::new(MAX_CACHE_ENTRIES),
        });
        Ok(Self { online, geoip: GeoIpLocator::new(settings)? })
    }

    /// Records the address of a Sparrow's request, for locating the Sparrow later. Does nothing if no way to locate
    /// addresses is configured.
    pub fn record_address(&self, client_id: &str, address: IpAddr) {
        if let Some(geoip) = &self.geoip {
            geoip.record_address(client_id, address);
        }
    }

    /// Resolves the situation at a location, which is coordinates or a place's name. Without a location, the Sparrow is
    /// located by the address of its last request, if that is known.
    pub async fn resolve(
        &self,
        location: Option<&str>,
        client_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Situation {
        let location = location.map(str::trim).filter(|location| !location.is_empty());
        let place = match (location, client_id) {
            (Some(location), _) => self.place_by_location(location).await,
            (None, Some(client_id)) => self.place_by_client(client_id).await,
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
        // A name that geocoding does not find may still be a place's name. Coordinates mean nothing to a storyteller.
        let is_place_name =
            location.is_some_and(|location| place::parse_coordinates(location).is_none());
        let name = name.or_else(|| location.filter(|_| is_place_name).map(str::to_owned));
        let text = description::describe(&description::SituationFacts {
            local,
            season,
            place: name.as_deref(),
            coordinates,
            weather: weather.as_ref(),
        });
        Situation { text, place: name, hour: local.hour(), season }
    }

    /// Locates a Sparrow by the address of its last request.
    async fn place_by_client(&self, client_id: &str) -> Option<Place> {
        let geoip = self.geoip.as_ref()?;
        let address = geoip.address(client_id)?;
        match (geoip.find_in_file(address), &self.online, &geoip.geoip_url) {
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
        // The geocoding API finds `Lisbon` but not `Lisbon, Portugal`.
        let first = name.split(',').next().unwrap_or(name).trim();
        let query = [("name", first), ("count", "1"), ("language", "en"), ("format", "json")];
        let response: Option<GeocodingResponse> =
            self.fetch(&format!("{}/v1/search", self.geocoding_url), &query).await;
        let ttl = if response.is_some() { PLACE_TTL } else { FAILURE_TTL };
        let place = response.and_then(GeocodingResponse::into_place);
        self.places.insert(key, (Instant::now() + ttl, place.clone()));
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
        let response: Option<IpApiResponse> = self.fetch(&url, &[("fields", geoip::FIELDS)]).await;
        let ttl = if response.is_some() { ADDRESS_TTL } else { FAILURE_TTL };
        let place = response.and_then(IpApiResponse::into_place);
        self.places.insert(key, (Instant::now() + ttl, place.clone()));
        place
    }

    async fn fetch_weather(&self, at: Coordinates) -> Option<Weather> {
        // Two decimals are about a kilometre. Sparrows nearby share the cache entry, and the service does not learn the
        // exact position.
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
        let response: Option<ForecastResponse> =
            self.fetch(&format!("{}/v1/forecast", self.forecast_url), &query).await;
        let weather = response.and_then(ForecastResponse::into_weather);
        let ttl = if weather.is_some() { WEATHER_TTL } else { FAILURE_TTL };
        self.weather.insert(key, (Instant::now() + ttl, weather.clone()));
        weather
    }

    /// Fetches a JSON response; returns `None` if it does not arrive in time or cannot be parsed.
    async fn fetch<T: DeserializeOwned>(&self, url: &str, query: &[(&str, &str)]) -> Option<T> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let request = self.client.get(format!("{url}?{query}"));
        let fetched = async {
            let response = request.send().await?;
            let status = response.status();
            let body = http_client::read_body(response, MAX_RESPONSE_BYTES).await?;
            Ok::<_, http_client::HttpClientError>((status, body))
        };
        let failed = |reason: &str| {
            tracing::info!(reason, "look-up failed; leaving out part of the situation");
        };
        match tokio::time::timeout(self.timeout, fetched).await {
            Ok(Ok((status, body))) if status.is_success() => serde_json::from_slice(&body)
                .inspect_err(|_| failed("the response cannot be parsed"))
                .ok(),
            Ok(Ok((status, _))) => {
                failed(status.as_str());
                None
            }
            Ok(Err(error)) => {
                failed(&error.to_string());
                None
            }
            Err(_) => {
                failed("the request timed out");
                None
            }
        }
    }
}

/// Returns the offset of solar time from UTC in whole hours. It approximates the time zone if none is known.
fn solar_offset(at: Coordinates) -> FixedOffset {
    let hours = (at.longitude / 15.0).round() as i32;
    FixedOffset::east_opt(hours * 3600).unwrap_or_else(|| Utc.fix())
}

#[cfg(test)]
mod tests;
