//! Where a client stands on its schedule, and what that means for it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a device sensed before it asked for a frame.
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

/// Where a client stands on a schedule. It is worth keeping only when it differs from the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleState {
    /// Which schedule this is about. When it is changed, the client begins anew.
    pub fingerprint: String,
    /// How many steps were entered before this one.
    pub position: u64,
    /// When this step was entered.
    pub entered_at: DateTime<Utc>,
    /// The time after which the clock leads on: when this step was due if the clock led here, however late it was
    /// then entered, and otherwise when it was entered.
    pub anchor: DateTime<Utc>,
}

impl ScheduleState {
    /// The state as it is when the clock says `now`. A clock that was set back must not have the client wait
    /// until it has caught up with itself: the step counts as entered now.
    pub(super) fn clamped_to(self, now: DateTime<Utc>) -> Self {
        if now >= self.entered_at {
            return self;
        }
        Self { entered_at: now, anchor: self.anchor.min(now), ..self }
    }
}

/// What a schedule says at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleSnapshot {
    /// What it adds above the configuration that it belongs to.
    pub parameters: Map<String, Value>,
    /// How long a frame stays at least.
    pub min_duration_seconds: Option<u32>,
    /// Whether the device should sleep.
    pub is_asleep: bool,
    /// When a sleeping device should wake: now or later; nothing if the schedule does not know by time. Where
    /// several sleeping steps follow each other, a device that sleeps through them all may be told to sleep on.
    pub next_wake_at: Option<DateTime<Utc>>,
    /// When something else may be in force, now or later, if that is known by time.
    pub changes_at: Option<DateTime<Utc>>,
    /// The trigger that leads to the next step, as the device is shown it.
    pub trigger_condition: Option<Value>,
    /// Which step or window, from 0; nothing outside of every window.
    pub step: Option<usize>,
}
