//! Schedules of steps that lead to each other.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schedule::seconds::MinDuration;
use crate::schedule::state::{ScheduleSnapshot, ScheduleState, SensorEvent};
use crate::schedule::time::zone;
use crate::schedule::trigger::{Occurrence, Trigger};
use crate::schedule::{InvalidSchedule, check_length};

/// Steps, each with what leads into it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names are those of the JSON")]
pub struct Steps {
    #[serde(default, deserialize_with = "zone")]
    time_zone: Tz,
    /// Whether the last step leads to the first.
    #[serde(default)]
    repeat: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    parameters: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_duration_seconds: Option<MinDuration>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    sleep: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trigger: Option<Trigger>,
}

impl Steps {
    /// What the types do not say: how many steps there are, and that each can be reached.
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

    /// The anchor of the first step, which is entered at once. If the clock leads back to it, it is as late as
    /// every step entered late: the second step then comes at its hour on the very first day.
    pub(super) fn first_anchor(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if self.repeat { self.anchor_at(0, now) } else { now }
    }

    /// The state one step further if something leads there.
    pub(super) fn advance(
        &self,
        state: ScheduleState,
        now: DateTime<Utc>,
        sensed: Option<SensorEvent>,
    ) -> ScheduleState {
        let met = self.next_trigger(&state).is_some_and(|next| next.is_met_by(sensed));
        let ready = if met { Some(self.held_until(&state)) } else { self.ready_at(&state) };
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

    /// What leads on, unless the last step stays.
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

    /// The anchor of a step that is entered at `now`. A step that the clock led to is anchored where it was last
    /// due, so that one lap after any absence the steps keep to the clock again.
    fn anchor_at(&self, index: usize, now: DateTime<Utc>) -> DateTime<Utc> {
        let trigger = self.steps[index].trigger.as_ref();
        trigger
            .and_then(|trigger| trigger.last_due(self.time_zone, now))
            .map_or(now, |last| last.at)
    }

    /// Until when the present step keeps whatever would lead on waiting.
    fn held_until(&self, state: &ScheduleState) -> DateTime<Utc> {
        let step = &self.steps[self.step_index(state.position)];
        state.entered_at
            + step.min_duration_seconds.map(MinDuration::to_time_delta).unwrap_or_default()
    }

    /// When time leads on from the present step.
    fn ready_at(&self, state: &ScheduleState) -> Option<DateTime<Utc>> {
        let here = self.steps[self.step_index(state.position)].trigger.as_ref();
        let own = here.and_then(|trigger| trigger.last_due(self.time_zone, state.anchor));
        let own = own.filter(|own| own.at == state.anchor);
        let anchor = own.unwrap_or(Occurrence::at_instant(state.anchor));
        let due = self.next_trigger(state)?.next_due(self.time_zone, state.entered_at, anchor)?;
        Some(due.max(self.held_until(state)))
    }

    /// When the next step that does not sleep is entered, if every step until then is entered on time.
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
