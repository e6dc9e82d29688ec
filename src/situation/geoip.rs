//! Where a Sparrow without a location is, by the address that it asks from: looked up in a file of MaxMind's format, or asked
//! of ip-api.com. Neither is done unless it is configured, and an address is remembered for a while, here and nowhere else.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use maxminddb::{MaxMindDbError, Reader, geoip2};
use moka::sync::Cache;
use serde::Deserialize;

use super::place::Place;
use crate::settings;
use crate::sky::Coordinates;

/// How long an address is remembered after a Sparrow last asked from it.
const ADDRESS_TTL: Duration = Duration::from_hours(1);

/// Sparrows at most whose addresses are remembered.
const MAX_CACHE_ENTRIES: u64 = 10_000;

/// A file of places that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("situation.places_file: {path} is no city database of MaxMind's format: {source}")]
pub struct GeoIpFileError {
    path: PathBuf,
    source: MaxMindDbError,
}

/// Knows Sparrows' addresses, and places of addresses. Clones share what they know.
#[derive(Clone)]
pub(super) struct GeoIpLocator {
    addresses: Cache<String, IpAddr>,
    geoip_file: Option<Arc<Reader<Vec<u8>>>>,
    /// ip-api.com, or a server that speaks like it.
    pub(super) geoip_url: Option<String>,
}

impl GeoIpLocator {
    /// `None` where no way to place them is configured.
    pub(super) fn new(
        settings: &settings::SituationSettings,
    ) -> Result<Option<Self>, GeoIpFileError> {
        let url = settings.places_url.as_deref().filter(|_| settings.is_online);
        let url = url.map(|url| url.trim_end_matches('/').to_owned());
        let open = |path: &PathBuf| {
            let failed = |source| GeoIpFileError { path: path.clone(), source };
            Reader::open_readfile(path).map(Arc::new).map_err(failed)
        };
        let file = settings.places_file.as_ref().map(open).transpose()?;
        if file.is_none() && url.is_none() {
            return Ok(None);
        }
        let sparrows =
            Cache::builder().max_capacity(MAX_CACHE_ENTRIES).time_to_live(ADDRESS_TTL).build();
        Ok(Some(Self { addresses: sparrows, geoip_file: file, geoip_url: url }))
    }

    pub(super) fn record_address(&self, sparrow: &str, address: IpAddr) {
        if is_public(address) {
            self.addresses.insert(sparrow.to_owned(), address);
        }
    }

    pub(super) fn address(&self, sparrow: &str) -> Option<IpAddr> {
        self.addresses.get(sparrow)
    }

    /// Where an address is, as far as the file knows.
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
    /// Without the addresses.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let has_file = self.geoip_file.is_some();
        f.debug_struct("Addresses")
            .field("has_file", &has_file)
            .field("url", &self.geoip_url)
            .finish_non_exhaustive()
    }
}

/// What ip-api.com answers.
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

/// What ip-api.com is asked for.
pub(super) const FIELDS: &str = "status,city,country,lat,lon,timezone";

impl IpApiResponse {
    pub(super) fn into_place(self) -> Option<Place> {
        let is_there = self.lat.abs() <= 90.0 && self.lon.abs() <= 180.0;
        (self.status == "success" && is_there).then(|| Place {
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

/// Whether an address may be found on a map: those of one's own network are not, and concern nobody else.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            !(v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified())
        }
        IpAddr::V6(v6) => {
            let is_here = v6.is_unique_local() || v6.is_unicast_link_local();
            !(v6.is_loopback() || v6.is_unspecified() || is_here)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> GeoIpLocator {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/places.mmdb");
        let settings = settings::SituationSettings {
            places_file: Some(path.into()),
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
        for here in ["127.0.0.1", "10.1.2.3", "192.168.0.9", "::1", "fd00::1", "::ffff:10.0.0.1"] {
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
                places_file: Some(path.into()),
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
