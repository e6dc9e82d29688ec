//! The position of a client in its schedule, and what is in force there.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a device sensed before it requested a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SensorEvent {
    /// Something moved.
    Motion,
    /// Something was heard.
    Sound,
    /// The light changed.
    Light,
}

/// The position of a client in a schedule. The caller stores it if it differs from the stored one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleState {
    /// The SHA-256 of the schedule in hex. If the schedule changes, the client starts again at the first step.
    pub fingerprint: String,
    /// The number of steps entered before this one.
    pub position: u64,
    /// The time at which this step was entered.
    pub entered_at: DateTime<Utc>,
    /// The time after which the next `at_time` trigger counts. If an `at_time` trigger led to this step, it is the time
    /// at which the step was due, however late it was entered; otherwise it is `entered_at`.
    pub anchor: DateTime<Utc>,
}

impl ScheduleState {
    /// Returns the state with no time later than `now`. If the clock was set back, the step counts as entered now, so
    /// that the client does not wait until the clock has caught up.
    pub(super) fn clamped_to(self, now: DateTime<Utc>) -> Self {
        if now >= self.entered_at {
            return self;
        }
        Self { entered_at: now, anchor: self.anchor.min(now), ..self }
    }
}

/// What is in force in a schedule at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleSnapshot {
    /// The parameters that the schedule sets, above those of the configuration that it belongs to.
    pub parameters: Map<String, Value>,
    /// The minimum time that a frame stays, 0-86400 seconds; `None` for the default.
    pub min_duration_seconds: Option<u32>,
    /// Whether the device should sleep.
    pub is_asleep: bool,
    /// The time at which a sleeping device should wake, now or later; `None` if the device is awake or no time is
    /// known. After several sleeping steps in a row, the device may be told to sleep again when it wakes.
    pub next_wake_at: Option<DateTime<Utc>>,
    /// The time at which something else may be in force, now or later; `None` if no time is known.
    pub changes_at: Option<DateTime<Utc>>,
    /// The trigger that leads to the next step, as JSON for the device; `None` if the last step stays, and for weekly
    /// schedules.
    pub trigger_condition: Option<Value>,
    /// The index of the step or window, from 0; `None` outside every window.
    pub step: Option<usize>,
}
