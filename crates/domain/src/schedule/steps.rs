//! Schedules of steps that follow each other.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schedule::seconds::MinDuration;
use crate::schedule::state::{ScheduleSnapshot, ScheduleState, SensorEvent};
use crate::schedule::time::deserialize_time_zone;
use crate::schedule::trigger::{Occurrence, Trigger};
use crate::schedule::{InvalidSchedule, check_length};

/// A list of steps, each with the trigger that leads into it.
///
/// The client starts with the first step, at once. It enters the next step when that step's trigger fires and it
/// requests a frame.
///
/// ```json
/// {
///   "time_zone": "Europe/Oslo",
///   "repeat": true,
///   "steps": [
///     {"trigger": {"type": "at_time", "time": "09:00", "days": "weekdays"}, "parameters": {"strategy": "lavender"}},
///     {"trigger": {"type": "on_motion"}, "parameters": {"strategy": "fern"}, "min_duration_seconds": 120},
///     {"trigger": {"type": "after_wait", "seconds": 600}, "parameters": {"output_text_style": "as a riddle"}},
///     {"trigger": {"type": "at_time", "time": "18:00"}, "sleep": true}
///   ]
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are those of the JSON")]
pub struct Steps {
    /// The IANA time zone of the `at_time` triggers. Default: `UTC`.
    #[serde(default, deserialize_with = "deserialize_time_zone")]
    time_zone: Tz,
    /// Whether the last step leads to the first. If not, the last step stays. Default: `false`.
    #[serde(default)]
    repeat: bool,
    /// 1-100 steps.
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Frame parameters during this step, and `strategy`. Default: none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    parameters: Map<String, Value>,
    /// The minimum time that a frame stays and that this step holds back the next one, 0-86400 seconds. If omitted, the
    /// frame has the default duration and the step holds nothing back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_duration_seconds: Option<MinDuration>,
    /// Whether the device sleeps during this step. Default: `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    sleep: bool,
    /// What leads into this step. Only the first step may omit it, and only without `repeat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trigger: Option<Trigger>,
}

impl Steps {
    /// Checks what the types cannot: the number of steps, and that each step can be reached.
    pub(super) fn validate(&self) -> Result<(), InvalidSchedule> {
        check_length("steps", self.steps.len())?;
        let mut missing = self.steps.iter().enumerate().filter(|(_, step)| step.trigger.is_none());
        let Some((index, _)) = missing.find(|(index, _)| *index > 0 || self.repeat) else {
            return Ok(());
        };
        Err(InvalidSchedule(format!(
            "steps[{index}].trigger: is missing; only the first step of a schedule that does not repeat needs none"
        )))
    }

    pub(super) fn parameters_mut(
        &mut self,
    ) -> impl Iterator<Item = (String, &mut Map<String, Value>)> {
        let steps = self.steps.iter_mut().enumerate();
        steps.map(|(index, step)| (format!("steps[{index}].parameters"), &mut step.parameters))
    }

    /// Returns the anchor of the first step, which a client enters at once. If the steps repeat, the anchor is the time
    /// at which the step was last due, as for every step that is entered late. The second step then comes at its time
    /// on the very first day.
    pub(super) fn first_anchor(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if self.repeat { self.anchor_at(0, now) } else { now }
    }

    /// Returns the state one step further if the next trigger has fired and the present step no longer holds it back,
    /// and the same state otherwise.
    pub(super) fn advance(
        &self,
        state: ScheduleState,
        now: DateTime<Utc>,
        sensed: Option<SensorEvent>,
    ) -> ScheduleState {
        let is_met = self.next_trigger(&state).is_some_and(|next| next.is_met_by(sensed));
        let ready = if is_met { Some(self.held_until(&state)) } else { self.ready_at(&state) };
        if ready.is_some_and(|ready| ready <= now) { self.enter_next(state, now) } else { state }
    }

    pub(super) fn snapshot(&self, state: &ScheduleState, now: DateTime<Utc>) -> ScheduleSnapshot {
        let index = self.step_index(state.position);
        let step = &self.steps[index];
        ScheduleSnapshot {
            parameters: step.parameters.clone(),
            min_duration_seconds: step.min_duration_seconds.map(MinDuration::get),
            is_asleep: step.sleep,
            next_wake_at: if step.sleep { self.wakes_at(state, now) } else { None },
            changes_at: self.ready_at(state).map(|ready| ready.max(now)),
            trigger_condition: self
                .next_trigger(state)
                .and_then(|trigger| serde_json::to_value(trigger).ok()),
            step: Some(index),
        }
    }

    fn step_index(&self, position: u64) -> usize {
        let count = self.steps.len() as u64;
        (if self.repeat { position % count } else { position.min(count - 1) }) as usize
    }

    /// Returns the trigger of the next step, or `None` if the present step is the last.
    fn next_trigger(&self, state: &ScheduleState) -> Option<&Trigger> {
        let next = state.position + 1;
        let stays = !self.repeat && next >= self.steps.len() as u64;
        if stays { None } else { self.steps[self.step_index(next)].trigger.as_ref() }
    }

    fn enter_next(&self, state: ScheduleState, now: DateTime<Utc>) -> ScheduleState {
        let position = state.position + 1;
        let anchor = self.anchor_at(self.step_index(position), now);
        ScheduleState { position, entered_at: now, anchor, ..state }
    }

    /// Returns the anchor of a step that is entered at `now`. For an `at_time` trigger, it is the time at which the
    /// step was last due, so that after an absence the steps are back in time within one round.
    fn anchor_at(&self, index: usize, now: DateTime<Utc>) -> DateTime<Utc> {
        let trigger = self.steps[index].trigger.as_ref();
        trigger.and_then(|trigger| trigger.last_due(self.time_zone, now)).map_or(now, |due| due.at)
    }

    /// Returns the time until which the present step holds back the next one.
    fn held_until(&self, state: &ScheduleState) -> DateTime<Utc> {
        let step = &self.steps[self.step_index(state.position)];
        state.entered_at
            + step.min_duration_seconds.map(MinDuration::to_time_delta).unwrap_or_default()
    }

    /// Returns the time at which the next step can be entered, or `None` if that step waits for a sensor of
    /// the device or if no step follows.
    fn ready_at(&self, state: &ScheduleState) -> Option<DateTime<Utc>> {
        let trigger = self.steps[self.step_index(state.position)].trigger.as_ref();
        let due = trigger.and_then(|trigger| trigger.last_due(self.time_zone, state.anchor));
        let due = due.filter(|due| due.at == state.anchor);
        let anchor = due.unwrap_or(Occurrence::at_instant(state.anchor));
        let due = self.next_trigger(state)?.next_due(self.time_zone, state.entered_at, anchor)?;
        Some(due.max(self.held_until(state)))
    }

    /// Returns when the next step without `sleep` is entered, provided that each step before it is entered on time.
    fn wakes_at(&self, state: &ScheduleState, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (mut state, mut at) = (state.clone(), now);
        for _ in &self.steps {
            at = self.ready_at(&state)?.max(at);
            state = self.enter_next(state, at);
            if !self.steps[self.step_index(state.position)].sleep {
                return Some(at);
            }
        }
        None
    }
}
