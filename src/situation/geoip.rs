//! Locates a Sparrow that has no location by the IP address of its requests, in a MaxMind database file or through
//! ip-api.com.
//!
//! Nothing is looked up unless it is configured. Addresses are held in this process's memory alone, for at most an
//! hour.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use maxminddb::{MaxMindDbError, Reader, geoip2};
use moka::sync::Cache;
use serde::Deserialize;

use super::place::Place;
use crate::domain::is_public_address;
use crate::settings;
use crate::sky::Coordinates;

/// How long an address is remembered after the Sparrow's last request.
const ADDRESS_TTL: Duration = Duration::from_hours(1);

/// The most Sparrows whose addresses are remembered.
const MAX_CACHE_ENTRIES: u64 = 10_000;

/// The configured MaxMind file cannot be read, or is not a MaxMind database.
#[derive(Debug, thiserror::Error)]
#[error("situation.geoip_file: {path} is not a city database in MaxMind's format: {source}")]
pub struct GeoIpFileError {
    path: PathBuf,
    source: MaxMindDbError,
}

/// Remembers the addresses of Sparrows and locates addresses. Clones share the remembered addresses.
#[derive(Clone)]
pub(super) struct GeoIpLocator {
    /// Addresses by client id.
    addresses: Cache<String, IpAddr>,
    geoip_file: Option<Arc<Reader<Vec<u8>>>>,
    /// The base URL of ip-api.com or a compatible server; `None` if online look-ups are off.
    pub(super) geoip_url: Option<String>,
}

impl GeoIpLocator {
    /// Opens the configured file; returns `None` if neither a file nor a URL is configured.
    pub(super) fn new(
        settings: &settings::SituationSettings,
    ) -> Result<Option<Self>, GeoIpFileError> {
        let geoip_url = settings.geoip_url.as_deref().filter(|_| settings.is_online);
        let geoip_url = geoip_url.map(|url| url.trim_end_matches('/').to_owned());
        let open = |path: &PathBuf| {
            let failed = |source| GeoIpFileError { path: path.clone(), source };
            Reader::open_readfile(path).map(Arc::new).map_err(failed)
        };
        let geoip_file = settings.geoip_file.as_ref().map(open).transpose()?;
        if geoip_file.is_none() && geoip_url.is_none() {
            return Ok(None);
        }
        let addresses =
            Cache::builder().max_capacity(MAX_CACHE_ENTRIES).time_to_live(ADDRESS_TTL).build();
        Ok(Some(Self { addresses, geoip_file, geoip_url }))
    }

    /// Remembers the address of a Sparrow. Local addresses have no place on a map, and no other service needs to learn
    /// them.
    pub(super) fn record_address(&self, client_id: &str, address: IpAddr) {
        if is_public_address(address) {
            self.addresses.insert(client_id.to_owned(), address);
        }
    }

    pub(super) fn address(&self, client_id: &str) -> Option<IpAddr> {
        self.addresses.get(client_id)
    }

    /// Looks an address up in the file.
    pub(super) fn find_in_file(&self, address: IpAddr) -> Option<Place> {
        let found = self.geoip_file.as_ref()?.lookup(address).ok()?;
        let city: geoip2::City<'_> = found.decode().ok()??;
        let coordinates =
            Coordinates { latitude: city.location.latitude?, longitude: city.location.longitude? };
        let name = place_name(city.city.names.english, city.country.names.english);
        let zone = city.location.time_zone.and_then(|zone| zone.parse().ok());
        Some(Place { name, coordinates, zone })
    }
}

impl std::fmt::Debug for GeoIpLocator {
    /// Omits the addresses.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let has_file = self.geoip_file.is_some();
        f.debug_struct("GeoIpLocator")
            .field("has_file", &has_file)
            .field("url", &self.geoip_url)
            .finish_non_exhaustive()
    }
}

/// The response of ip-api.com.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct IpApiResponse {
    status: String,
    city: String,
    country: String,
    lat: f64,
    lon: f64,
    timezone: String,
}

/// The fields that are requested from ip-api.com.
pub(super) const FIELDS: &str = "status,city,country,lat,lon,timezone";

impl IpApiResponse {
    pub(super) fn into_place(self) -> Option<Place> {
        let is_valid = self.lat.abs() <= 90.0 && self.lon.abs() <= 180.0;
        (self.status == "success" && is_valid).then(|| Place {
            name: place_name(
                Some(&*self.city).filter(|name| !name.is_empty()),
                Some(&*self.country).filter(|name| !name.is_empty()),
            ),
            coordinates: Coordinates { latitude: self.lat, longitude: self.lon },
            zone: self.timezone.parse().ok(),
        })
    }
}

fn place_name(city: Option<&str>, country: Option<&str>) -> Option<String> {
    match (city, country) {
        (Some(city), Some(country)) if city != country => Some(format!("{city}, {country}")),
        (Some(name), _) | (None, Some(name)) => Some(name.to_owned()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> GeoIpLocator {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/places.mmdb");
        let settings = settings::SituationSettings {
            geoip_file: Some(path.into()),
            ..settings::SituationSettings::default()
        };
        GeoIpLocator::new(&settings).expect("it is read").expect("it is configured")
    }

    #[test]
    fn a_file_knows_where_an_address_is() {
        let lisbon = addresses().find_in_file("198.51.100.7".parse().expect("an address"));
        let expected = Place {
            name: Some("Lisbon, Portugal".to_owned()),
            coordinates: Coordinates { latitude: 38.72, longitude: -9.14 },
            zone: Some(chrono_tz::Europe::Lisbon),
        };
        assert_eq!(lisbon, Some(expected));
        let six = addresses().find_in_file("2001:db8::1".parse().expect("an address"));
        assert_eq!(six.and_then(|place| place.name).as_deref(), Some("Iceland"));
        assert_eq!(addresses().find_in_file("203.0.113.1".parse().expect("an address")), None);
    }

    #[test]
    fn ones_own_network_is_on_no_map() {
        let addresses = addresses();
        for here in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.9",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
        ] {
            addresses.record_address("s", here.parse().expect("an address"));
            assert_eq!(addresses.address("s"), None, "{here}");
        }
        let there: IpAddr = "198.51.100.7".parse().expect("an address");
        addresses.record_address("s", there);
        assert_eq!(addresses.address("s"), Some(there));
        assert!(!format!("{addresses:?}").contains("198.51"));
    }

    #[test]
    fn what_is_no_database_is_refused_with_its_name() {
        for path in ["Cargo.toml", "no/such.mmdb"] {
            let settings = settings::SituationSettings {
                geoip_file: Some(path.into()),
                ..settings::SituationSettings::default()
            };
            let error = GeoIpLocator::new(&settings).expect_err("refused").to_string();
            assert!(error.contains(path), "{error}");
        }
        let none =
            GeoIpLocator::new(&settings::SituationSettings::default()).expect("nothing to read");
        assert!(none.is_none());
    }

    #[test]
    fn an_answer_without_a_place_is_none() {
        let located =
            |text: &str| serde_json::from_str::<IpApiResponse>(text).expect("JSON").into_place();
        assert_eq!(located(r#"{"status": "fail", "message": "reserved range"}"#), None);
        assert_eq!(located(r#"{"status": "success", "lat": 991.0, "lon": 0.0}"#), None);
        let singapore = located(
            r#"{"status": "success", "city": "Singapore", "country": "Singapore", "lat": 1.29, "lon": 103.85, "timezone": "Asia/Singapore"}"#,
        );
        assert_eq!(singapore.and_then(|place| place.name).as_deref(), Some("Singapore"));
    }
}
