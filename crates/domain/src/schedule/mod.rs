//! Schedules: what a device shows, and when, by steps that lead to each other or by the hours of the week.
//!
//! A schedule is read from JSON ([`Schedule::read`]). Where a client stands on it is a [`ScheduleState`], which
//! the caller keeps: a frame request takes the client on by at most one step ([`Schedule::advance`]), so that no
//! step is passed over untold; everything else only looks ([`Schedule::peek`]).

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

/// The most steps, or windows of the week, of one schedule.
const MAX_ENTRIES: usize = 100;

/// What a sparrow or a flock shows, and when. It is written as it was read, in one spelling.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Schedule {
    /// Steps that lead to each other, by time or by what the device senses.
    Steps(Steps),
    /// Windows of the week. Nothing of it depends on what was before.
    Weekly(Weekly),
}

/// A schedule that cannot be followed: one sentence that names the place and says what it may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSchedule(String);

impl Schedule {
    /// Reads a schedule. The parameters in it are left unread ([`Schedule::parameters_mut`]).
    ///
    /// # Errors
    ///
    /// [`InvalidSchedule`], for the first thing that cannot be used.
    pub fn parse(given: &Value) -> Result<Self, InvalidSchedule> {
        match (given.get("steps").is_some(), given.get("weekly").is_some()) {
            (true, false) => {
                let steps: Steps = deserialize(given)?;
                steps.validate().map(|()| Self::Steps(steps))
            }
            (false, true) => {
                let weekly: Weekly = deserialize(given)?;
                weekly.validate().map(|()| Self::Weekly(weekly))
            }
            _ => {
                Err(InvalidSchedule("must be an object with either `steps` or `weekly`".to_owned()))
            }
        }
    }

    /// Every set of parameters with its place, to be checked and put into one spelling before the schedule is kept.
    pub fn parameters_mut(&mut self) -> Vec<(String, &mut Map<String, Value>)> {
        match self {
            Self::Steps(steps) => steps.parameters_mut().collect(),
            Self::Weekly(weekly) => weekly.parameters_mut().collect(),
        }
    }

    /// Where a client stands after it asked for a frame at `now`, perhaps because it `sensed` something: on the
    /// first step if it never met this schedule, and otherwise at most one step further than in `state`.
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

    /// What is in force at `now` for a client that asks for no frame.
    #[must_use]
    pub fn peek(&self, state: Option<&ScheduleState>, now: DateTime<Utc>) -> ScheduleSnapshot {
        self.snapshot(&self.resume(state, now).unwrap_or_else(|| self.initial_state(now)), now)
    }

    /// What is in force at `now` in a `state` that [`Schedule::advance`] gave.
    #[must_use]
    pub fn snapshot(&self, state: &ScheduleState, now: DateTime<Utc>) -> ScheduleSnapshot {
        match self {
            Self::Steps(steps) => steps.snapshot(state, now),
            Self::Weekly(weekly) => weekly.snapshot(now),
        }
    }

    /// The state if it belongs to this schedule.
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

    /// The SHA-256 of the schedule as it is written here, in hex: equal schedules have equal ones however they
    /// were spelled.
    fn fingerprint(&self) -> String {
        // Values of plain fields can always be written.
        let written = serde_json::to_vec(self).unwrap_or_default();
        format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(written)))
    }
}

fn deserialize<T: DeserializeOwned>(given: &Value) -> Result<T, InvalidSchedule> {
    serde_path_to_error::deserialize(given).map_err(|error| InvalidSchedule(error.to_string()))
}

/// Refuses a list at `place` that is empty or too long.
fn check_length(place: &str, length: usize) -> Result<(), InvalidSchedule> {
    if (1..=MAX_ENTRIES).contains(&length) {
        return Ok(());
    }
    Err(InvalidSchedule(format!("{place}: has {length} entries; give 1 to {MAX_ENTRIES}")))
}
