//! Weekly schedules: windows of the week.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schedule::days::Days;
use crate::schedule::seconds::MinDuration;
use crate::schedule::state::ScheduleSnapshot;
use crate::schedule::time::{TimeOfDay, dates_around, deserialize_time_zone, first_instant};
use crate::schedule::{InvalidSchedule, check_length};

/// How many days ahead changes are searched for: a whole week of windows, with a day to spare.
const DAYS_AHEAD: i64 = 8;

/// A list of windows of the week. If several are open, the first in the list is in force.
///
/// ```json
/// {
///   "time_zone": "Europe/Oslo",
///   "weekly": [
///     {"days": "daily", "from": "22:00", "until": "07:00", "sleep": true},
///     {"days": ["sat", "sun"], "from": "09:00", "until": "12:00",
///      "parameters": {"strategy": "lavender"}, "min_duration_seconds": 60},
///     {"days": "weekdays", "from": "16:00", "until": "18:00",
///      "parameters": {"output_text_style": "for a child of five"}}
///   ],
///   "otherwise": {"min_duration_seconds": 600}
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are those of the JSON")]
pub struct Weekly {
    /// The IANA time zone of the windows. Default: `UTC`.
    #[serde(default, deserialize_with = "deserialize_time_zone")]
    time_zone: Tz,
    /// 1-100 windows.
    weekly: Vec<Window>,
    /// What is in force outside every window. If omitted, the schedule then changes nothing.
    #[serde(default)]
    otherwise: Fallback,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    /// The days on which the window opens. Default: every day.
    #[serde(default)]
    days: Days,
    /// When the window opens.
    from: TimeOfDay,
    /// When the window closes. If not later than `from`, it closes on the next day.
    until: TimeOfDay,
    /// Frame parameters while the window is open, and `strategy`. Default: none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    parameters: Map<String, Value>,
    /// The minimum time that a frame stays, 0-86400 seconds. If omitted, the frame has the default duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_duration_seconds: Option<MinDuration>,
    /// Whether the device sleeps while the window is open. Default: `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    sleep: bool,
}

/// What is in force outside every window. The fields are those of [`Window`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fallback {
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    parameters: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_duration_seconds: Option<MinDuration>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    sleep: bool,
}

/// One opening of a window, on one day.
struct Opening {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    window: usize,
}

impl Weekly {
    /// Checks what the types cannot: the number of windows.
    pub(super) fn validate(&self) -> Result<(), InvalidSchedule> {
        check_length("weekly", self.weekly.len())
    }

    pub(super) fn parameters_mut(
        &mut self,
    ) -> impl Iterator<Item = (String, &mut Map<String, Value>)> {
        let windows = self.weekly.iter_mut().enumerate();
        let windows =
            windows.map(|(index, w)| (format!("weekly[{index}].parameters"), &mut w.parameters));
        let otherwise = ("otherwise.parameters".to_owned(), &mut self.otherwise.parameters);
        windows.chain([otherwise])
    }

    pub(super) fn snapshot(&self, now: DateTime<Utc>) -> ScheduleSnapshot {
        let openings = self.openings(now);
        let step = window_at(&openings, now);
        let (parameters, hold) = match step.map(|index| &self.weekly[index]) {
            Some(window) => (&window.parameters, window.min_duration_seconds),
            None => (&self.otherwise.parameters, self.otherwise.min_duration_seconds),
        };
        let asleep = self.is_asleep(step);
        let ahead = upcoming_changes(&openings, now);
        let next = |wanted: &dyn Fn(Option<usize>) -> bool| {
            ahead.iter().copied().find(|at| wanted(window_at(&openings, *at)))
        };
        ScheduleSnapshot {
            parameters: parameters.clone(),
            min_duration_seconds: hold.map(MinDuration::get),
            is_asleep: asleep,
            next_wake_at: if asleep { next(&|window| !self.is_asleep(window)) } else { None },
            changes_at: next(&|window| window != step),
            trigger_condition: None,
            step,
        }
    }

    fn is_asleep(&self, window: Option<usize>) -> bool {
        window.map_or(self.otherwise.sleep, |index| self.weekly[index].sleep)
    }

    /// Returns every opening that overlaps the time from `now` to [`DAYS_AHEAD`] days later.
    fn openings(&self, now: DateTime<Utc>) -> Vec<Opening> {
        let dates = dates_around(self.time_zone, now, -1, DAYS_AHEAD + 1);
        let opening = |date, (index, window): (usize, &Window)| {
            let over_night = TimeDelta::days(i64::from(window.until <= window.from));
            Some(Opening {
                from: first_instant(self.time_zone, window.from.on(date)),
                until: first_instant(
                    self.time_zone,
                    window.until.on(date.checked_add_signed(over_night)?),
                ),
                window: index,
            })
        };
        dates
            .flat_map(|date| {
                let windows = self.weekly.iter().enumerate();
                windows
                    .filter(move |(_, window)| window.days.contains(date))
                    .filter_map(move |window| opening(date, window))
            })
            .collect()
    }
}

/// Returns the index of the first window that is open.
fn window_at(openings: &[Opening], at: DateTime<Utc>) -> Option<usize> {
    let open = openings.iter().filter(|opening| opening.from <= at && at < opening.until);
    open.map(|opening| opening.window).min()
}

/// Returns the times at which windows open or close after `now`, in order, up to [`DAYS_AHEAD`] days ahead.
fn upcoming_changes(openings: &[Opening], now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let times = openings.iter().flat_map(|opening| [opening.from, opening.until]);
    let end = now + TimeDelta::days(DAYS_AHEAD);
    let mut times: Vec<_> = times.filter(|at| now < *at && *at <= end).collect();
    times.sort_unstable();
    times.dedup();
    times
}
