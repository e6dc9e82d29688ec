//! Resolves a Sparrow's `location`: coordinates, or a name that Open-Meteo's geocoding API finds.

use chrono_tz::Tz;
use serde::Deserialize;

use crate::sky::Coordinates;

/// A place on the map.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// The name, such as `Lisbon, Portugal`; `None` if only the coordinates are known.
    pub(super) name: Option<String>,
    pub(super) coordinates: Coordinates,
    /// The time zone; `None` if it is unknown.
    pub(super) zone: Option<Tz>,
}

/// Parses coordinates such as `48.2,16.37`: degrees north, then degrees east.
pub(super) fn parse_coordinates(location: &str) -> Option<Coordinates> {
    let (latitude, longitude) = location.split_once(',')?;
    let (latitude, longitude): (f64, f64) =
        (latitude.trim().parse().ok()?, longitude.trim().parse().ok()?);
    let is_valid = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    is_valid.then_some(Coordinates { latitude, longitude })
}

/// The response of Open-Meteo's geocoding API.
#[derive(Debug, Deserialize)]
pub(super) struct GeocodingResponse {
    #[serde(default)]
    results: Vec<GeocodingResult>,
}

#[derive(Debug, Deserialize)]
struct GeocodingResult {
    name: String,
    latitude: f64,
    longitude: f64,
    timezone: Option<String>,
    country: Option<String>,
}

impl GeocodingResponse {
    /// Returns the best match.
    pub(super) fn into_place(self) -> Option<Place> {
        let entry = self.results.into_iter().next()?;
        let country = entry.country.filter(|country| *country != entry.name);
        Some(Place {
            name: Some(match country {
                Some(country) => format!("{}, {country}", entry.name),
                None => entry.name,
            }),
            coordinates: Coordinates { latitude: entry.latitude, longitude: entry.longitude },
            zone: entry.timezone.and_then(|zone| zone.parse().ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_told_from_names() {
        let vienna = Coordinates { latitude: 48.2, longitude: 16.37 };
        assert_eq!(parse_coordinates(" 48.2, 16.37 "), Some(vienna));
        for other in ["Vienna, Austria", "91,0", "0,181", "48.2", "NaN,1", ""] {
            assert_eq!(parse_coordinates(other), None, "{other}");
        }
    }
}
