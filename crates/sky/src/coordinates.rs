//! Places on Earth and directions in the sky.

use chrono::{DateTime, Utc};

use crate::epoch::{centuries_since_j2000, days_since_j2000};

/// A place on Earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coordinates {
    /// Degrees north of the equator, -90 to 90.
    pub latitude: f64,
    /// Degrees east of Greenwich, -180 to 180.
    pub longitude: f64,
}

/// A direction in the sky as seen from the centre of the Earth, in ecliptic coordinates: the ecliptic is the plane of
/// the Earth's orbit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ecliptic {
    /// Degrees east of the March equinox along the ecliptic, 0 to 360.
    pub longitude: f64,
    /// Degrees north of the ecliptic, -90 to 90.
    pub latitude: f64,
}

impl Ecliptic {
    /// Returns the angle between two directions, 0 to 180 degrees.
    pub(crate) fn separation(self, other: Self) -> f64 {
        let cosine = sin(self.latitude) * sin(other.latitude)
            + cos(self.latitude) * cos(other.latitude) * cos(self.longitude - other.longitude);
        cosine.clamp(-1.0, 1.0).acos().to_degrees()
    }

    /// Returns the altitude above the horizon of a place, in degrees from -90 to 90. Below the horizon it is negative.
    ///
    /// Refraction (half a degree at the horizon) and parallax (up to a degree for the moon) are ignored. Sidereal time
    /// is computed by Meeus, Astronomical Algorithms, formula 12.4.
    pub fn altitude(self, time: DateTime<Utc>, place: Coordinates) -> f64 {
        let tilt = 23.439_3 - 0.013 * centuries_since_j2000(time);
        let declination = (sin(self.latitude) * cos(tilt)
            + cos(self.latitude) * sin(tilt) * sin(self.longitude))
        .asin()
        .to_degrees();
        let y = sin(self.longitude) * cos(tilt) - self.latitude.to_radians().tan() * sin(tilt);
        let right_ascension = y.atan2(cos(self.longitude)).to_degrees();
        // Greenwich mean sidereal time, Meeus (12.4).
        let sidereal = 280.460_618_37 + 360.985_647_366_29 * days_since_j2000(time);
        let hour_angle = sidereal + place.longitude - right_ascension;
        (sin(place.latitude) * sin(declination)
            + cos(place.latitude) * cos(declination) * cos(hour_angle))
        .asin()
        .to_degrees()
    }
}

pub(crate) fn sin(degrees: f64) -> f64 {
    degrees.to_radians().sin()
}

pub(crate) fn cos(degrees: f64) -> f64 {
    degrees.to_radians().cos()
}
