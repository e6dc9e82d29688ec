//! What leads into a step.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::schedule::days::Days;
use crate::schedule::seconds::Wait;
use crate::schedule::state::SensorEvent;
use crate::schedule::time::{TimeOfDay, dates_around, first_instant};

/// What leads into a step. The braces of the last three make serde refuse fields that they do not have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Trigger {
    /// The clock.
    AtTime {
        time: TimeOfDay,
        #[serde(default)]
        days: Days,
    },
    /// Time since the step before was entered.
    AfterWait { seconds: Wait },
    /// A frame request of a device that something moved before.
    OnMotion {},
    /// A frame request of a device that heard something.
    OnSound {},
    /// A frame request of a device that saw the light change.
    OnLight {},
}

/// One of the times at which the clock leads into a step. Where clocks are set forward several share an instant;
/// what they say then tells which is the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// When it is.
    pub at: DateTime<Utc>,
    /// What the clock says, or would have said.
    pub local: NaiveDateTime,
}

impl Occurrence {
    /// An instant that is none of the clock's: whatever happens at it is not after it.
    pub const fn at_instant(at: DateTime<Utc>) -> Self {
        Self { at, local: NaiveDateTime::MAX }
    }
}

impl Trigger {
    /// When it leads on from a step entered at `entered_at` with `anchor`; nothing for what a device must sense.
    pub fn next_due(
        &self,
        zone: Tz,
        entered_at: DateTime<Utc>,
        anchor: Occurrence,
    ) -> Option<DateTime<Utc>> {
        match self {
            Self::AtTime { .. } => {
                // From the day before, for where a whole day was left out its times are reached on the next.
                let mut near = self.occurrences(zone, anchor.at, -1, 8);
                near.find(|occurrence| *occurrence > anchor).map(|occurrence| occurrence.at)
            }
            Self::AfterWait { seconds } => Some(entered_at + seconds.to_time_delta()),
            Self::OnMotion {} | Self::OnSound {} | Self::OnLight {} => None,
        }
    }

    /// Whether what the device sensed leads on.
    pub fn is_met_by(&self, sensed: Option<SensorEvent>) -> bool {
        match self {
            Self::OnMotion {} => sensed == Some(SensorEvent::Motion),
            Self::OnSound {} => sensed == Some(SensorEvent::Sound),
            Self::OnLight {} => sensed == Some(SensorEvent::Light),
            Self::AtTime { .. } | Self::AfterWait { .. } => false,
        }
    }

    /// The latest time at or before `instant` at which the clock led here; nothing if the clock does not.
    pub fn last_due(&self, zone: Tz, instant: DateTime<Utc>) -> Option<Occurrence> {
        // From the day after, for just after midnight the clock may be set back to the day before.
        let near = self.occurrences(zone, instant, -8, 1);
        near.rev().find(|occurrence| occurrence.at <= instant)
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
