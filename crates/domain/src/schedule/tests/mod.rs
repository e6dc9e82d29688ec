//! Schedules as a person would check them by eye, and against slow but plain models.

mod read;
mod steps;
mod steps_properties;
mod weekly;
mod weekly_properties;

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use crate::schedule::{Schedule, ScheduleSnapshot, ScheduleState, SensorEvent};

/// Zones with hour-long, half-hour-long and no summer time, with odd offsets, and with a day that never was.
const ZONES: [&str; 5] =
    ["Europe/Oslo", "America/New_York", "Pacific/Apia", "Asia/Kolkata", "Australia/Lord_Howe"];

fn schedule(given: &Value) -> Schedule {
    Schedule::parse(given).unwrap()
}

/// `2026-03-28 19:00` or `2026-03-28 19:00:30` on the clocks of Oslo, the earlier of two.
fn oslo(local: &str) -> DateTime<Utc> {
    let format = if local.len() == 16 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    let local = NaiveDateTime::parse_from_str(local, format).unwrap();
    Tz::Europe__Oslo.from_local_datetime(&local).earliest().unwrap().to_utc()
}

/// A device and the state that the service keeps for it.
struct Device<'a> {
    schedule: &'a Schedule,
    state: Option<ScheduleState>,
}

impl<'a> Device<'a> {
    fn new(schedule: &'a Schedule) -> Self {
        Self { schedule, state: None }
    }

    /// Asks for a frame.
    fn frame(&mut self, now: DateTime<Utc>, sensed: Option<SensorEvent>) -> ScheduleSnapshot {
        let state = self.schedule.advance(self.state.as_ref(), now, sensed);
        let in_force = self.schedule.snapshot(&state, now);
        self.state = Some(state);
        in_force
    }

    /// The step, by index, after a frame at a time in Oslo.
    fn step(&mut self, local: &str) -> usize {
        self.frame(oslo(local), None).step.unwrap()
    }

    fn position(&self) -> u64 {
        self.state.as_ref().unwrap().position
    }
}
