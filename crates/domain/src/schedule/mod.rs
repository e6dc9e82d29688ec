//! Schedules: what a device shows and when it sleeps, by the hours of the week or by steps that follow each other.
//!
//! [`Schedule::parse`] reads a schedule from JSON. The position of a client in its schedule is a [`ScheduleState`],
//! which the caller stores. A frame request moves the client forward by at most one step ([`Schedule::advance`]), so
//! that no step is skipped without a frame. Every other request only looks ([`Schedule::peek`]).

mod days;
mod seconds;
mod state;
mod steps;
mod time;
mod trigger;
mod weekly;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use state::{ScheduleSnapshot, ScheduleState, SensorEvent};
use steps::Steps;
use weekly::Weekly;

use crate::JsonInput;

/// The maximum number of steps or windows in one schedule.
const MAX_ENTRIES: usize = 100;

/// The schedule of a Sparrow or a Flock.
///
/// It serializes to the JSON that it was parsed from, in a canonical form: defaults are explicit or left out, times are
/// `HH:MM` or `HH:MM:SS`, groups of days are written as one word.
///
/// A weekly schedule:
///
/// ```
/// use calliope_domain::{InvalidSchedule, Schedule};
///
/// let weekly = serde_json::json!({
///     "time_zone": "Europe/Oslo",
///     "weekly": [
///         {"days": "daily", "from": "22:00", "until": "07:00", "sleep": true},
///         {"days": ["sat", "sun"], "from": "09:00", "until": "12:00",
///          "parameters": {"strategy": "lavender"}, "min_duration_seconds": 60}
///     ],
///     "otherwise": {"parameters": {"strategy": "fern"}, "min_duration_seconds": 600}
/// });
/// let schedule = Schedule::parse(&weekly)?;
///
/// // 3 January 2026 is a Saturday; Oslo is one hour ahead of UTC.
/// let now = "2026-01-03T09:30:00Z".parse().expect("a time");
/// let snapshot = schedule.peek(None, now);
/// assert_eq!(snapshot.step, Some(1));
/// assert_eq!(snapshot.min_duration_seconds, Some(60));
/// assert!(!snapshot.is_asleep);
/// # Ok::<(), InvalidSchedule>(())
/// ```
///
/// A schedule of steps:
///
/// ```
/// use calliope_domain::{InvalidSchedule, Schedule, SensorEvent};
///
/// let steps = serde_json::json!({
///     "time_zone": "Europe/Oslo",
///     "repeat": true,
///     "steps": [
///         {"trigger": {"type": "at_time", "time": "09:00", "days": "weekdays"},
///          "parameters": {"strategy": "lavender"}},
///         {"trigger": {"type": "on_motion"},
///          "parameters": {"strategy": "fern"}, "min_duration_seconds": 120},
///         {"trigger": {"type": "after_wait", "seconds": 600},
///          "parameters": {"output_text_style": "as a riddle"}},
///         {"trigger": {"type": "at_time", "time": "18:00"}, "sleep": true}
///     ]
/// });
/// let schedule = Schedule::parse(&steps)?;
///
/// let now = "2026-01-05T12:00:00Z".parse().expect("a time");
/// let first = schedule.advance(None, now, None);
/// let second = schedule.advance(Some(&first), now, Some(SensorEvent::Motion));
/// assert_eq!(schedule.snapshot(&first, now).step, Some(0));
/// assert_eq!(schedule.snapshot(&second, now).step, Some(1));
/// # Ok::<(), InvalidSchedule>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Schedule {
    /// Steps that follow each other, by time or by what the device senses.
    Steps(Steps),
    /// Windows of the week. Only the time decides which one is open; the client's position does not matter.
    Weekly(Weekly),
}

/// A JSON value is not a valid [`Schedule`]. The message is one sentence that begins with the path of the field, if it
/// concerns one, and says which values are valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSchedule(String);

impl Schedule {
    /// Parses a schedule. It does not check the parameters in it; see [`Schedule::parameters_mut`].
    ///
    /// # Errors
    ///
    /// Returns [`InvalidSchedule`] for the first mistake.
    pub fn parse(value: &Value) -> Result<Self, InvalidSchedule> {
        match (value.get("steps").is_some(), value.get("weekly").is_some()) {
            (true, false) => {
                let steps: Steps = deserialize(value)?;
                steps.validate().map(|()| Self::Steps(steps))
            }
            (false, true) => {
                let weekly: Weekly = deserialize(value)?;
                weekly.validate().map(|()| Self::Weekly(weekly))
            }
            (true, true) => {
                let reason = "has both `steps` and `weekly`; a PATCH is merged into the stored schedule, so set the one \
                              that you no longer want to null";
                Err(InvalidSchedule(reason.to_owned()))
            }
            (false, false) => {
                Err(InvalidSchedule("must be an object with either `steps` or `weekly`".to_owned()))
            }
        }
    }

    /// Returns every set of parameters with its path, such as `steps[0].parameters`. The caller checks and normalizes
    /// them before it stores the schedule.
    pub fn parameters_mut(&mut self) -> Vec<(String, &mut Map<String, Value>)> {
        match self {
            Self::Steps(steps) => steps.parameters_mut().collect(),
            Self::Weekly(weekly) => weekly.parameters_mut().collect(),
        }
    }

    /// Returns the state of a client after a frame request at `now`, which may report what the device `sensed`. A
    /// client without a state for this schedule is on the first step; any other moves forward by at most one step.
    #[must_use]
    pub fn advance(
        &self,
        state: Option<&ScheduleState>,
        now: DateTime<Utc>,
        sensed: Option<SensorEvent>,
    ) -> ScheduleState {
        match (self, self.resume(state, now)) {
            (Self::Steps(steps), Some(state)) => steps.advance(state, now, sensed),
            (Self::Weekly(_), Some(state)) => state,
            (_, None) => self.initial_state(now),
        }
    }

    /// Returns what is in force at `now` for a client that does not request a frame. It moves no step.
    #[must_use]
    pub fn peek(&self, state: Option<&ScheduleState>, now: DateTime<Utc>) -> ScheduleSnapshot {
        self.snapshot(&self.resume(state, now).unwrap_or_else(|| self.initial_state(now)), now)
    }

    /// Returns what is in force at `now` in a `state` that [`Schedule::advance`] returned.
    #[must_use]
    pub fn snapshot(&self, state: &ScheduleState, now: DateTime<Utc>) -> ScheduleSnapshot {
        match self {
            Self::Steps(steps) => steps.snapshot(state, now),
            Self::Weekly(weekly) => weekly.snapshot(now),
        }
    }

    /// Returns the state if it belongs to this schedule.
    fn resume(&self, state: Option<&ScheduleState>, now: DateTime<Utc>) -> Option<ScheduleState> {
        let state = state.filter(|state| state.fingerprint == self.fingerprint())?;
        Some(state.clone().clamped_to(now))
    }

    fn initial_state(&self, now: DateTime<Utc>) -> ScheduleState {
        let anchor = match self {
            Self::Steps(steps) => steps.first_anchor(now),
            Self::Weekly(_) => now,
        };
        ScheduleState { fingerprint: self.fingerprint(), position: 0, entered_at: now, anchor }
    }

    /// Returns the SHA-256 of the canonical JSON in hex. Two schedules with the same meaning have the same fingerprint,
    /// however they were written.
    fn fingerprint(&self) -> String {
        // Serialization cannot fail: every field is plain data.
        let json = serde_json::to_vec(self).unwrap_or_default();
        format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(json)))
    }
}

fn deserialize<T: DeserializeOwned>(value: &Value) -> Result<T, InvalidSchedule> {
    serde_path_to_error::deserialize(JsonInput(value))
        .map_err(|error| InvalidSchedule(error.to_string()))
}

/// Rejects a list at `path` that is empty or longer than [`MAX_ENTRIES`].
fn check_length(path: &str, length: usize) -> Result<(), InvalidSchedule> {
    if (1..=MAX_ENTRIES).contains(&length) {
        return Ok(());
    }
    Err(InvalidSchedule(format!("{path}: has {length} entries; give 1 to {MAX_ENTRIES}")))
}
