//! Durations in a schedule's JSON, in whole seconds.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A whole number of seconds from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Seconds<const MIN: u32, const MAX: u32>(u32);

/// The minimum time that a frame stays and that a step holds back the next one: 0 to 86400 seconds (a day).
pub type MinDuration = Seconds<0, 86_400>;

/// The time between a step and the next: 1 to 31536000 seconds (365 days).
pub type Wait = Seconds<1, 31_536_000>;

impl<const MIN: u32, const MAX: u32> Seconds<MIN, MAX> {
    /// Returns the number of seconds.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Converts to a [`TimeDelta`].
    pub fn to_time_delta(self) -> TimeDelta {
        TimeDelta::seconds(self.0.into())
    }
}

impl<const MIN: u32, const MAX: u32> TryFrom<Value> for Seconds<MIN, MAX> {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let seconds = value.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
        let seconds = seconds.filter(|seconds| (MIN..=MAX).contains(seconds));
        seconds
            .map(Self)
            .ok_or_else(|| format!("must be a whole number of seconds from {MIN} to {MAX}"))
    }
}
