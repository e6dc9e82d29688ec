//! Local times of a time zone, and the instants at which its clocks reach them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::Value;

/// A time of day to the second, `HH:MM` or `HH:MM:SS`, 00:00 to 23:59:59.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "String")]
pub struct TimeOfDay(NaiveTime);

impl TimeOfDay {
    /// Returns this time on a date.
    pub const fn on(self, date: NaiveDate) -> NaiveDateTime {
        date.and_time(self.0)
    }
}

impl TryFrom<Value> for TimeOfDay {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let time = value.as_str().and_then(parse_time);
        time.map(Self).ok_or("must be a time from 00:00 to 23:59:59, such as 19:00 or 19:00:30")
    }
}

/// Parses `hour:minute` or `hour:minute:second`, each with one or two digits.
fn parse_time(text: &str) -> Option<NaiveTime> {
    let number = |part: &str| {
        let plain = matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit());
        if plain { part.parse().ok() } else { None }
    };
    let parts: Option<Vec<u32>> = text.split(':').map(number).collect();
    match parts?[..] {
        [hour, minute] => NaiveTime::from_hms_opt(hour, minute, 0),
        [hour, minute, second] => NaiveTime::from_hms_opt(hour, minute, second),
        _ => None,
    }
}

impl From<TimeOfDay> for String {
    fn from(TimeOfDay(time): TimeOfDay) -> Self {
        let format = if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
        time.format(format).to_string()
    }
}

/// Deserializes a time zone from its IANA name.
///
/// # Errors
///
/// Returns the deserializer's error if the value is not a name in the IANA database.
pub fn deserialize_time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = Value::deserialize(deserializer)?;
    let zone = name.as_str().and_then(|name| name.parse().ok());
    zone.ok_or_else(|| D::Error::custom("must be an IANA time zone, such as Europe/Oslo"))
}

/// Returns the dates from `first` to `last` days after the zone's date at `instant`. Negative numbers are days before.
pub fn dates_around(
    zone: Tz,
    instant: DateTime<Utc>,
    first: i64,
    last: i64,
) -> impl DoubleEndedIterator<Item = NaiveDate> {
    let today = instant.with_timezone(&zone).date_naive();
    (first..=last).filter_map(move |days| today.checked_add_signed(TimeDelta::days(days)))
}

/// Returns the first instant at which the zone's clocks show `local` or later.
///
/// If the clocks are set back and show `local` twice, it is the earlier instant. If they are set forward past `local`,
/// it is the end of the gap. The result never decreases as `local` increases.
pub fn first_instant(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    if let Some(instant) = zone.from_local_datetime(&local).earliest() {
        return instant.to_utc();
    }
    // `local` is in a gap. A binary search finds its end, where the clocks pass `local`; two days are enough because
    // every zone is less than a day from UTC.
    let start = local.and_utc() - TimeDelta::days(1);
    let (mut before, mut after) = (0, TimeDelta::days(2).num_seconds());
    while after - before > 1 {
        let middle = i64::midpoint(before, after);
        let shown = (start + TimeDelta::seconds(middle)).with_timezone(&zone).naive_local();
        if shown < local { before = middle } else { after = middle }
    }
    start + TimeDelta::seconds(after)
}
