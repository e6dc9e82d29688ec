//! Triggers: what leads into a step.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::schedule::days::Days;
use crate::schedule::seconds::Wait;
use crate::schedule::state::SensorEvent;
use crate::schedule::time::{TimeOfDay, dates_around, first_instant};

/// What leads into a step.
///
/// ```json
/// {"type": "at_time", "time": "09:00", "days": "weekdays"}
/// {"type": "after_wait", "seconds": 600}
/// {"type": "on_motion"}
/// {"type": "on_sound"}
/// {"type": "on_light"}
/// ```
// The braces of the last three variants make serde reject unknown fields in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Trigger {
    /// Fires at a local time on some days of the week.
    AtTime {
        time: TimeOfDay,
        /// Default: every day.
        #[serde(default)]
        days: Days,
    },
    /// Fires this many seconds after the step before was entered.
    AfterWait { seconds: Wait },
    /// Fires at a frame request with `trigger=motion`.
    OnMotion {},
    /// Fires at a frame request with `trigger=sound`.
    OnSound {},
    /// Fires at a frame request with `trigger=light`.
    OnLight {},
}

/// One time at which an `at_time` trigger fires.
///
/// When clocks are set forward, several local times fall on one instant; `local` then decides their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// The instant.
    pub at: DateTime<Utc>,
    /// The local time that the trigger names, even if the clocks skip it.
    pub local: NaiveDateTime,
}

impl Occurrence {
    /// Returns an occurrence at an instant that no trigger named. It compares as later than every trigger's occurrence
    /// at the same instant.
    pub const fn at_instant(at: DateTime<Utc>) -> Self {
        Self { at, local: NaiveDateTime::MAX }
    }
}

impl Trigger {
    /// Returns when the trigger fires for a step entered at `entered_at` with `anchor`, or `None` if it waits for what
    /// the device senses.
    pub fn next_due(
        &self,
        zone: Tz,
        entered_at: DateTime<Utc>,
        anchor: Occurrence,
    ) -> Option<DateTime<Utc>> {
        match self {
            Self::AtTime { .. } => {
                // The search begins a day before, because the times of a day that a zone skips fall on the next day.
                let mut nearby = self.occurrences(zone, anchor.at, -1, 8);
                nearby.find(|occurrence| *occurrence > anchor).map(|occurrence| occurrence.at)
            }
            Self::AfterWait { seconds } => Some(entered_at + seconds.to_time_delta()),
            Self::OnMotion {} | Self::OnSound {} | Self::OnLight {} => None,
        }
    }

    /// Returns whether the trigger fires because of what the device sensed.
    pub fn is_met_by(&self, sensed: Option<SensorEvent>) -> bool {
        match self {
            Self::OnMotion {} => sensed == Some(SensorEvent::Motion),
            Self::OnSound {} => sensed == Some(SensorEvent::Sound),
            Self::OnLight {} => sensed == Some(SensorEvent::Light),
            Self::AtTime { .. } | Self::AfterWait { .. } => false,
        }
    }

    /// Returns the latest occurrence at or before `instant`, or `None` if this is not an `at_time` trigger.
    pub fn last_due(&self, zone: Tz, instant: DateTime<Utc>) -> Option<Occurrence> {
        // The search begins a day after, because clocks may be set back just after midnight to the day before.
        let nearby = self.occurrences(zone, instant, -8, 1);
        nearby.rev().find(|occurrence| occurrence.at <= instant)
    }

    fn occurrences(
        &self,
        zone: Tz,
        around: DateTime<Utc>,
        first: i64,
        last: i64,
    ) -> impl DoubleEndedIterator<Item = Occurrence> {
        let at_time = match self {
            Self::AtTime { time, days } => Some((*time, *days)),
            _ => None,
        };
        at_time.into_iter().flat_map(move |(time, days)| {
            let dates =
                dates_around(zone, around, first, last).filter(move |date| days.contains(*date));
            dates.map(move |date| {
                let local = time.on(date);
                Occurrence { at: first_instant(zone, local), local }
            })
        })
    }
}
