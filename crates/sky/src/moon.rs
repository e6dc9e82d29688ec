//! The direction, phase and illuminated fraction of the moon, from the largest terms of Meeus, Astronomical Algorithms,
//! ch. 47 and 48.

use chrono::{DateTime, Utc};

use crate::coordinates::{Ecliptic, cos, sin};
use crate::epoch::centuries_since_j2000;
use crate::planets::sun;

/// The moon at a given time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moon {
    /// The direction of the moon, accurate to a few tenths of a degree.
    pub direction: Ecliptic,
    /// Degrees east of the sun along the ecliptic, 0 to 360: 0 at new moon, 90 at first quarter, 180 at full moon.
    pub elongation: f64,
    /// The fraction of the moon's disc that is lit, 0 to 1.
    pub illuminated_fraction: f64,
}

/// A phase of the moon. New moon and full moon count for about two days each, and each quarter for about one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoonPhase {
    /// Less than 12 degrees from the sun along the ecliptic.
    New,
    /// Between new moon and first quarter.
    WaxingCrescent,
    /// Less than 6 degrees from an elongation of 90 degrees.
    FirstQuarter,
    /// Between first quarter and full moon.
    WaxingGibbous,
    /// Less than 12 degrees from an elongation of 180 degrees.
    Full,
    /// Between full moon and last quarter.
    WaningGibbous,
    /// Less than 6 degrees from an elongation of 270 degrees.
    LastQuarter,
    /// Between last quarter and new moon.
    WaningCrescent,
}

impl Moon {
    /// Returns the phase, which follows from the elongation.
    pub fn phase(&self) -> MoonPhase {
        match self.elongation {
            e if !(12.0..348.0).contains(&e) => MoonPhase::New,
            e if e < 84.0 => MoonPhase::WaxingCrescent,
            e if e < 96.0 => MoonPhase::FirstQuarter,
            e if e < 168.0 => MoonPhase::WaxingGibbous,
            e if e < 192.0 => MoonPhase::Full,
            e if e < 264.0 => MoonPhase::WaningGibbous,
            e if e < 276.0 => MoonPhase::LastQuarter,
            _ => MoonPhase::WaningCrescent,
        }
    }
}

/// Returns the moon at `time`, computed from the largest terms of Meeus, Astronomical Algorithms, ch. 47 (position) and
/// 48 (illuminated fraction).
pub fn moon(time: DateTime<Utc>) -> Moon {
    let t = centuries_since_j2000(time);
    let mean_longitude = 218.316_447_7 + 481_267.881_234_21 * t;
    let d = 297.850_192_1 + 445_267.111_403_4 * t; // mean elongation from the sun
    let m = 357.529_109_2 + 35_999.050_290_9 * t; // mean anomaly of the sun
    let n = 134.963_396_4 + 477_198.867_505_5 * t; // mean anomaly of the moon
    let f = 93.272_095 + 483_202.017_523_3 * t; // argument of latitude: mean distance from the ascending node
    let longitude = mean_longitude
        + 6.289 * sin(n)
        + 1.274 * sin(2.0 * d - n)
        + 0.658 * sin(2.0 * d)
        + 0.214 * sin(2.0 * n)
        - 0.185 * sin(m)
        - 0.114 * sin(2.0 * f)
        + 0.059 * sin(2.0 * d - 2.0 * n)
        + 0.057 * sin(2.0 * d - m - n)
        + 0.053 * sin(2.0 * d + n)
        + 0.046 * sin(2.0 * d - m)
        - 0.041 * sin(m - n)
        - 0.035 * sin(d)
        - 0.030 * sin(m + n);
    let latitude = 5.128 * sin(f)
        + 0.281 * sin(n + f)
        + 0.278 * sin(n - f)
        + 0.173 * sin(2.0 * d - f)
        + 0.055 * sin(2.0 * d - n + f)
        + 0.046 * sin(2.0 * d - n - f);
    let direction = Ecliptic { longitude: longitude.rem_euclid(360.0), latitude };
    let sun = sun(time);
    let elongation = (longitude - sun.longitude).rem_euclid(360.0);
    let apart = direction.separation(sun);
    // The sun is so far away that the angles at the Earth and at the moon add up to 180 degrees.
    let illuminated_fraction = (1.0 - cos(apart)) / 2.0;
    Moon { direction, elongation, illuminated_fraction }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moon {
        moon(text.parse().expect("a time"))
    }

    #[test]
    fn phases_are_when_almanacs_have_them() {
        use MoonPhase::{FirstQuarter, Full, LastQuarter, New};
        // Published times of new moon, quarters and full moon, 2024-2026.
        let cases = [
            ("2024-01-11T11:57:00Z", 0.0, New),
            ("2024-04-08T18:21:00Z", 0.0, New),
            ("2025-02-05T08:02:00Z", 90.0, FirstQuarter),
            ("2025-03-14T06:55:00Z", 180.0, Full),
            ("2026-03-03T11:38:00Z", 180.0, Full),
            ("2026-08-06T02:21:00Z", 270.0, LastQuarter),
        ];
        for (time, elongation, phase) in cases {
            let moon = at(time);
            let off = (moon.elongation - elongation + 180.0).rem_euclid(360.0) - 180.0;
            assert!(off.abs() < 0.5, "{time}: {off} degrees off");
            assert_eq!(moon.phase(), phase, "{time}");
            let lit = (1.0 - cos(elongation)) / 2.0;
            assert!((moon.illuminated_fraction - lit).abs() < 0.02, "{time}: {moon:?}");
        }
    }

    #[test]
    fn it_stands_where_meeus_has_it() {
        // Example 47.a: 1992 April 12, 0h: longitude 133.167, latitude -3.229.
        let moon = at("1992-04-12T00:00:00Z");
        assert!((moon.direction.longitude - 133.167).abs() < 0.3, "{moon:?}");
        assert!((moon.direction.latitude + 3.229).abs() < 0.2, "{moon:?}");
        assert!((moon.illuminated_fraction - 0.68).abs() < 0.02, "example 48.a: {moon:?}");
    }
}
