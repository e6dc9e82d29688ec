//! The major meteor showers and the nights on which they peak. The dates follow the calendar of the International
//! Meteor Organization; from year to year a peak moves by at most a day.

use chrono::{Datelike, NaiveDate};

/// A meteor shower that returns each year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeteorShower {
    /// The English name, such as `Perseids`.
    pub name: &'static str,
    /// The month of the peak, 1-12.
    month: u32,
    /// The day of the month of the peak.
    day: u32,
    /// The number of days before and after the peak on which it is worth watching.
    days: i64,
    /// The southernmost latitude from which the shower is visible, in degrees north.
    from_latitude: i32,
}

const SHOWERS: [MeteorShower; 8] = [
    MeteorShower { name: "Quadrantids", month: 1, day: 3, days: 1, from_latitude: -10 },
    MeteorShower { name: "Lyrids", month: 4, day: 22, days: 1, from_latitude: -40 },
    MeteorShower { name: "Eta Aquariids", month: 5, day: 6, days: 3, from_latitude: -90 },
    MeteorShower { name: "Perseids", month: 8, day: 12, days: 3, from_latitude: -20 },
    MeteorShower { name: "Orionids", month: 10, day: 21, days: 2, from_latitude: -90 },
    MeteorShower { name: "Leonids", month: 11, day: 17, days: 1, from_latitude: -60 },
    MeteorShower { name: "Geminids", month: 12, day: 14, days: 2, from_latitude: -50 },
    MeteorShower { name: "Ursids", month: 12, day: 22, days: 1, from_latitude: 0 },
];

/// Returns the meteor shower that is near its peak on `date` and visible from `latitude`, if there is one.
///
/// `date` is the local date at the place; `latitude` is in degrees north, -90 to 90. The peak dates follow the calendar
/// of the International Meteor Organization and are assumed to be the same each year.
pub fn active_shower(date: NaiveDate, latitude: f64) -> Option<MeteorShower> {
    SHOWERS.into_iter().find(|shower| {
        let peak = NaiveDate::from_ymd_opt(date.year(), shower.month, shower.day);
        let away = peak.map_or(i64::MAX, |peak| (date - peak).num_days().abs());
        away <= shower.days && latitude >= f64::from(shower.from_latitude)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shower_lasts_some_nights_where_it_can_be_seen() {
        let name = |month, day, latitude| {
            let date = NaiveDate::from_ymd_opt(2026, month, day).expect("a date");
            active_shower(date, latitude).map(|shower| shower.name)
        };
        assert_eq!(name(8, 12, 48.0), Some("Perseids"));
        assert_eq!(name(8, 15, 48.0), Some("Perseids"));
        assert_eq!(name(8, 16, 48.0), None);
        assert_eq!(name(8, 12, -35.0), None);
        assert_eq!(name(12, 13, -35.0), Some("Geminids"));
    }
}
