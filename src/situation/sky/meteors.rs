//! The great meteor showers, by the nights on which they peak. After the calendar of the International Meteor
//! Organization; a peak moves by a day at most from year to year.

use chrono::{Datelike, NaiveDate};

/// A shower of meteors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::situation) struct Shower {
    pub(in crate::situation) name: &'static str,
    month: u32,
    day: u32,
    /// How many days around its peak it is worth looking up.
    days: i64,
    /// South of this nothing of it is seen.
    from_latitude: i32,
}

const SHOWERS: [Shower; 8] = [
    Shower { name: "Quadrantids", month: 1, day: 3, days: 1, from_latitude: -10 },
    Shower { name: "Lyrids", month: 4, day: 22, days: 1, from_latitude: -40 },
    Shower { name: "Eta Aquariids", month: 5, day: 6, days: 3, from_latitude: -90 },
    Shower { name: "Perseids", month: 8, day: 12, days: 3, from_latitude: -20 },
    Shower { name: "Orionids", month: 10, day: 21, days: 2, from_latitude: -90 },
    Shower { name: "Leonids", month: 11, day: 17, days: 1, from_latitude: -60 },
    Shower { name: "Geminids", month: 12, day: 14, days: 2, from_latitude: -50 },
    Shower { name: "Ursids", month: 12, day: 22, days: 1, from_latitude: 0 },
];

/// The shower of a night, where it can be seen.
pub(in crate::situation) fn active(date: NaiveDate, latitude: f64) -> Option<Shower> {
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
            active(date, latitude).map(|shower| shower.name)
        };
        assert_eq!(name(8, 12, 48.0), Some("Perseids"));
        assert_eq!(name(8, 15, 48.0), Some("Perseids"));
        assert_eq!(name(8, 16, 48.0), None);
        assert_eq!(name(8, 12, -35.0), None);
        assert_eq!(name(12, 13, -35.0), Some("Geminids"));
    }
}
