//! Tests of schedules: tables that a person can check by eye, and properties against slow but plain models.

mod read;
mod steps;
mod steps_properties;
mod weekly;
mod weekly_properties;

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use crate::schedule::{Schedule, ScheduleSnapshot, ScheduleState, SensorEvent};

/// Zones with a summer time of an hour, of half an hour and none, with odd offsets, and with a skipped day.
const ZONES: [&str; 5] =
    ["Europe/Oslo", "America/New_York", "Pacific/Apia", "Asia/Kolkata", "Australia/Lord_Howe"];

fn schedule(given: &Value) -> Schedule {
    Schedule::parse(given).unwrap()
}

/// Parses a local time in Oslo, `2026-03-28 19:00` or `2026-03-28 19:00:30`; of two instants, the earlier.
fn oslo(local: &str) -> DateTime<Utc> {
    let format = if local.len() == 16 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    let local = NaiveDateTime::parse_from_str(local, format).unwrap();
    Tz::Europe__Oslo.from_local_datetime(&local).earliest().unwrap().to_utc()
}

/// A device, with the state that the service stores for it.
struct Device<'a> {
    schedule: &'a Schedule,
    state: Option<ScheduleState>,
}

impl<'a> Device<'a> {
    fn new(schedule: &'a Schedule) -> Self {
        Self { schedule, state: None }
    }

    /// Requests a frame, and returns what is in force.
    fn frame(&mut self, now: DateTime<Utc>, sensed: Option<SensorEvent>) -> ScheduleSnapshot {
        let state = self.schedule.advance(self.state.as_ref(), now, sensed);
        let in_force = self.schedule.snapshot(&state, now);
        self.state = Some(state);
        in_force
    }

    /// Requests a frame at a local time in Oslo, and returns the index of the step.
    fn step(&mut self, local: &str) -> usize {
        self.frame(oslo(local), None).step.unwrap()
    }

    fn position(&self) -> u64 {
        self.state.as_ref().unwrap().position
    }
}
