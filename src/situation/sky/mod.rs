//! The sky above a place: sun, moon, planets, meteor showers and eclipses, computed and never fetched.
//!
//! Accurate to a fraction of a degree between 1900 and 2050, which is more than a story needs. Angles are in degrees;
//! times are UTC.

mod eclipses;
mod meteors;
mod moon;
mod planets;

use chrono::{DateTime, Utc};

pub(super) use eclipses::{Eclipse, EclipseKind, near as eclipse_near};
pub(super) use meteors::active as shower_active;
pub(super) use moon::moon;
pub(super) use planets::{planets_above, sun};

/// A place on Earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Coordinates {
    /// Degrees north of the equator.
    pub(super) latitude: f64,
    /// Degrees east of Greenwich.
    pub(super) longitude: f64,
}

/// Days since noon of 1 January 2000 (Terrestrial Time, which UTC is near enough to).
fn days(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 86_400_000.0 - 10_957.5
}

/// Julian centuries since then.
fn centuries(time: DateTime<Utc>) -> f64 {
    days(time) / 36_525.0
}

fn sin(degrees: f64) -> f64 {
    degrees.to_radians().sin()
}

fn cos(degrees: f64) -> f64 {
    degrees.to_radians().cos()
}

/// A direction in the sky, as the ecliptic has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ecliptic {
    pub(super) longitude: f64,
    pub(super) latitude: f64,
}

impl Ecliptic {
    /// The angle between two directions.
    fn from(self, other: Self) -> f64 {
        let cosine = sin(self.latitude) * sin(other.latitude)
            + cos(self.latitude) * cos(other.latitude) * cos(self.longitude - other.longitude);
        cosine.clamp(-1.0, 1.0).acos().to_degrees()
    }

    /// Its height above the horizon of a place.
    pub(super) fn altitude(self, time: DateTime<Utc>, place: Coordinates) -> f64 {
        let tilt = 23.439_3 - 0.013 * centuries(time);
        let declination = (sin(self.latitude) * cos(tilt)
            + cos(self.latitude) * sin(tilt) * sin(self.longitude))
        .asin()
        .to_degrees();
        let y = sin(self.longitude) * cos(tilt) - self.latitude.to_radians().tan() * sin(tilt);
        let right_ascension = y.atan2(cos(self.longitude)).to_degrees();
        // Greenwich mean sidereal time, Meeus (12.4).
        let sidereal = 280.460_618_37 + 360.985_647_366_29 * days(time);
        let hour_angle = sidereal + place.longitude - right_ascension;
        (sin(place.latitude) * sin(declination)
            + cos(place.latitude) * cos(declination) * cos(hour_angle))
        .asin()
        .to_degrees()
    }
}
