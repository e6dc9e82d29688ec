//! Converts times to days and centuries since the epoch J2000.0, the units of the formulas.

use chrono::{DateTime, Utc};

/// Days from 1 January 1970, 0h, to J2000.0: noon of 1 January 2000.
pub(crate) const DAYS_TO_J2000: f64 = 10_957.5;

/// Milliseconds in a day.
pub(crate) const MILLISECONDS_PER_DAY: f64 = 86_400_000.0;

/// Returns the days since J2000.0. The epoch is in Terrestrial Time; UTC differs from it by about a minute, which is
/// ignored.
pub(crate) fn days_since_j2000(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / MILLISECONDS_PER_DAY - DAYS_TO_J2000
}

/// Returns the Julian centuries (36,525 days each) since J2000.0.
pub(crate) fn centuries_since_j2000(time: DateTime<Utc>) -> f64 {
    days_since_j2000(time) / 36_525.0
}
