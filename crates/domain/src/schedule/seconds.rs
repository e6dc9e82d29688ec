//! Lengths of time as a schedule gives them.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A whole number of seconds from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Seconds<const MIN: u32, const MAX: u32>(u32);

/// How long something stays at least: up to a day.
pub type MinDuration = Seconds<0, 86_400>;

/// How long to wait for something: up to a year.
pub type Wait = Seconds<1, 31_536_000>;

impl<const MIN: u32, const MAX: u32> Seconds<MIN, MAX> {
    /// As a plain number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// As a difference of times.
    pub fn to_time_delta(self) -> TimeDelta {
        TimeDelta::seconds(self.0.into())
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<Value> for Seconds<MIN, MAX> {
    type Error = String;

    fn try_from(given: Value) -> Result<Self, String> {
        let seconds = given.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
        let seconds = seconds.filter(|seconds| (MIN..=MAX).contains(seconds));
        seconds
            .map(Self)
            .ok_or_else(|| format!("must be a whole number of seconds from {MIN} to {MAX}"))
    }
}
