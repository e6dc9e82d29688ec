//! Where a Sparrow is: `location` as coordinates, or as a name that Open-Meteo's gazetteer knows.

use chrono_tz::Tz;
use serde::Deserialize;

use crate::sky::Coordinates;

/// A place on the map.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// `Lisbon, Portugal`; `None` where only coordinates are known.
    pub(super) name: Option<String>,
    pub(super) coordinates: Coordinates,
    pub(super) zone: Option<Tz>,
}

/// `48.2,16.37`, in degrees north and east.
pub(super) fn parse_coordinates(location: &str) -> Option<Coordinates> {
    let (latitude, longitude) = location.split_once(',')?;
    let (latitude, longitude): (f64, f64) =
        (latitude.trim().parse().ok()?, longitude.trim().parse().ok()?);
    let is_there = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    is_there.then_some(Coordinates { latitude, longitude })
}

/// What Open-Meteo's gazetteer answers.
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
    /// The best match.
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
