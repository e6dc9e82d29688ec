use chrono::TimeDelta;
use serde_json::json;

use crate::schedule::tests::{Device, oslo, schedule};
use crate::schedule::{Schedule, SensorEvent};

/// Lavender from 19:00, sleep from 23:00, fern from 07:00.
fn evenings() -> Schedule {
    schedule(&json!({"time_zone": "Europe/Oslo", "repeat": true, "steps": [
        {"parameters": {"strategy": "lavender"}, "trigger": {"type": "at_time", "time": "19:00"}},
        {"sleep": true, "trigger": {"type": "at_time", "time": "23:00"}},
        {"parameters": {"strategy": "fern"}, "min_duration_seconds": 60, "trigger": {"type": "at_time", "time": "07:00"}},
    ]}))
}

#[test]
fn a_day_by_the_clock() {
    let evenings = evenings();
    let mut device = Device::new(&evenings);
    let day = [
        ("2026-11-23 20:00:00", 0), // the first request
        ("2026-11-23 22:59:59", 0),
        ("2026-11-23 23:00:00", 1),
        ("2026-11-24 06:59:59", 1),
        ("2026-11-24 07:10:00", 2),
        ("2026-11-24 18:59:59", 2),
        ("2026-11-24 19:00:00", 0),
        ("2026-11-24 23:30:00", 1),
    ];
    for (at, step) in day {
        assert_eq!(device.step(at), step, "{at}");
    }
    assert_eq!(device.position(), 4);
}

#[test]
fn a_schedule_met_at_any_hour_is_in_step_within_a_lap() {
    let evenings = evenings();
    let hours = [("2026-11-23 03:00", 1), ("2026-11-23 12:00", 2), ("2026-11-23 20:00", 0)];
    for (at, step) in hours {
        let mut device = Device::new(&evenings);
        assert_eq!(device.step(at), 0, "the first step is entered at once");
        device.step(at);
        assert_eq!(device.step(at), step, "{at}");
    }
}

#[test]
fn after_a_month_without_power_every_step_is_told_once_and_then_the_clock_is_kept_again() {
    let evenings = evenings();
    let mut device = Device::new(&evenings);
    device.step("2026-10-20 20:00");
    let back = [
        "2026-11-23 20:00:00",
        "2026-11-23 20:00:10",
        "2026-11-23 20:00:20",
        "2026-11-23 20:01:20",
    ];
    assert_eq!(back.map(|at| device.step(at)), [1, 2, 2, 0], "fern stays its minute");
    assert_eq!(device.step("2026-11-23 22:59:59"), 0);
    assert_eq!(device.step("2026-11-23 23:00:00"), 1);
}

#[test]
fn a_step_that_must_stay_past_the_next_ones_time_costs_no_lap() {
    let held = schedule(&json!({"time_zone": "Europe/Oslo", "repeat": true, "steps": [
        {"trigger": {"type": "at_time", "time": "19:00"}},
        {"min_duration_seconds": 86400, "trigger": {"type": "at_time", "time": "23:00"}},
    ]}));
    let mut device = Device::new(&held);
    let table = [
        ("2026-11-23 19:00:00", 0),
        ("2026-11-23 23:00:05", 1),
        ("2026-11-24 23:00:04", 1), // 19:00 is long past
        ("2026-11-24 23:00:05", 0),
        ("2026-11-24 23:00:06", 1), // and the same evening's 23:00 is not lost
        ("2026-11-25 23:00:05", 1),
        ("2026-11-25 23:00:06", 0),
    ];
    for (at, step) in table {
        assert_eq!(device.step(at), step, "{at}");
    }
}

#[test]
fn steps_at_one_time_take_turns_by_the_day() {
    let turns = schedule(&json!({"time_zone": "Europe/Oslo", "repeat": true, "steps": [
        {"trigger": {"type": "at_time", "time": "19:00"}}, {"trigger": {"type": "at_time", "time": "19:00"}},
    ]}));
    let mut device = Device::new(&turns);
    let table = [
        ("2026-11-23 19:00", 0),
        ("2026-11-23 23:00", 0),
        ("2026-11-24 19:00", 1),
        ("2026-11-25 18:59", 1),
        ("2026-11-25 19:30", 0),
        ("2026-11-26 19:00", 1),
    ];
    for (at, step) in table {
        assert_eq!(device.step(at), step, "{at}");
    }
}

#[test]
fn steps_within_an_hour_that_is_left_out_are_all_taken_after_it() {
    let night = schedule(&json!({"time_zone": "Europe/Oslo", "repeat": true, "steps": [
        {"trigger": {"type": "at_time", "time": "02:10"}},
        {"trigger": {"type": "at_time", "time": "02:40"}},
        {"trigger": {"type": "at_time", "time": "03:00"}},
    ]}));
    let mut device = Device::new(&night);
    let table = [
        ("2026-03-28 02:10:00", 0),
        ("2026-03-28 02:40:00", 1),
        ("2026-03-28 03:00:00", 2),
        ("2026-03-29 01:59:59", 2), // one second before 03:00
        ("2026-03-29 03:00:00", 0),
        ("2026-03-29 03:00:00", 1),
        ("2026-03-29 03:00:00", 2),
        ("2026-03-29 03:00:01", 2),
        ("2026-03-30 02:10:00", 0),
    ];
    for (at, step) in table {
        assert_eq!(device.step(at), step, "{at}");
    }
}

#[test]
fn an_hour_that_comes_twice_counts_the_first_time() {
    let night = schedule(&json!({"time_zone": "Europe/Oslo", "repeat": true, "steps": [
        {"trigger": {"type": "at_time", "time": "12:00"}}, {"trigger": {"type": "at_time", "time": "02:30"}},
    ]}));
    let mut device = Device::new(&night);
    device.step("2026-10-24 13:00");
    assert_eq!(device.step("2026-10-25 02:29"), 0);
    assert_eq!(device.step("2026-10-25 02:30"), 1);
    let second_time = oslo("2026-10-25 02:30") + TimeDelta::hours(1);
    assert_eq!(device.frame(second_time, None).changes_at, Some(oslo("2026-10-25 12:00")));
}

#[test]
fn what_a_device_senses_leads_on_once_the_step_has_stayed() {
    let hall = schedule(&json!({"repeat": true, "steps": [
        {"sleep": true, "min_duration_seconds": 30, "trigger": {"type": "after_wait", "seconds": 600}},
        {"trigger": {"type": "on_motion"}},
        {"trigger": {"type": "on_sound"}},
    ]}));
    let begin = oslo("2026-11-23 12:00");
    let mut device = Device::new(&hall);
    let table = [
        (0, None, 0),
        (29, Some(SensorEvent::Motion), 0), // too early
        (30, Some(SensorEvent::Sound), 0),  // not the trigger
        (31, None, 0),
        (32, Some(SensorEvent::Motion), 1),
        (33, Some(SensorEvent::Motion), 1),
        (34, Some(SensorEvent::Sound), 2),
        (633, Some(SensorEvent::Motion), 2),
        (634, None, 0),
    ];
    for (second, sensed, step) in table {
        let in_force = device.frame(begin + TimeDelta::seconds(second), sensed);
        assert_eq!(in_force.step, Some(step), "second {second}");
        assert_eq!(in_force.next_wake_at, None, "the time of a motion is not known");
    }
}

#[test]
fn without_repeat_the_last_step_stays() {
    let once = schedule(&json!({"time_zone": "Europe/Oslo", "steps": [
        {"parameters": {"debug": true}}, {"sleep": true, "trigger": {"type": "after_wait", "seconds": 60}},
    ]}));
    let mut device = Device::new(&once);
    device.step("2026-11-23 12:00");
    let years_later = ["2026-11-23 12:01", "2027-11-23 12:01", "2030-11-23 12:01"];
    assert_eq!(years_later.map(|at| device.step(at)), [1, 1, 1]);
    let last = device.frame(oslo("2030-11-23 12:02"), None);
    assert!(last.is_asleep);
    assert_eq!((last.next_wake_at, last.changes_at, last.trigger_condition), (None, None, None));
}

#[test]
fn in_force_says_all_that_a_device_is_shown() {
    let evenings = evenings();
    let mut device = Device::new(&evenings);
    device.step("2026-11-23 20:00");
    let asleep = device.frame(oslo("2026-11-23 23:00"), None);
    assert!(asleep.is_asleep && asleep.parameters.is_empty());
    assert_eq!(asleep.next_wake_at, Some(oslo("2026-11-24 07:00")));
    assert_eq!(asleep.changes_at, asleep.next_wake_at);
    assert_eq!(
        asleep.trigger_condition,
        Some(json!({"type": "at_time", "time": "07:00", "days": "daily"}))
    );

    let late = evenings.peek(device.state.as_ref(), oslo("2026-11-24 08:00"));
    assert_eq!(late.step, Some(1), "looking enters nothing");
    assert_eq!(late.next_wake_at, Some(oslo("2026-11-24 08:00")), "there is no waking in the past");

    let fern = device.frame(oslo("2026-11-24 08:00"), None);
    assert_eq!(fern.parameters["strategy"], "fern");
    assert_eq!(
        (fern.is_asleep, fern.min_duration_seconds, fern.next_wake_at),
        (false, Some(60), None)
    );
    assert_eq!(fern.changes_at, Some(oslo("2026-11-24 19:00")));
}

#[test]
fn a_changed_schedule_begins_anew_and_an_unmet_one_is_seen_from_its_beginning() {
    let evenings = evenings();
    let mut device = Device::new(&evenings);
    device.step("2026-11-23 20:00");
    device.step("2026-11-23 23:00");
    let changed = schedule(&json!({"steps": [{"parameters": {"debug": true}}]}));
    let now = oslo("2026-11-24 02:00");
    assert_eq!(changed.peek(device.state.as_ref(), now).step, Some(0));
    assert_eq!(changed.peek(None, now).parameters["debug"], true);
    let state = changed.advance(device.state.as_ref(), now, None);
    assert_eq!((state.position, state.entered_at, state.anchor), (0, now, now));
}

#[test]
fn a_clock_that_was_wrong_for_a_while_costs_no_year() {
    let evenings = evenings();
    let mut device = Device::new(&evenings);
    device.step("2026-11-23 20:00");
    assert_eq!(device.step("2028-01-01 12:00"), 1, "a clock a year ahead");
    assert_eq!(device.step("2026-11-23 20:01"), 1, "never back");
    assert_eq!(device.step("2026-11-24 06:59"), 1);
    assert_eq!(device.step("2026-11-24 07:00"), 2);
    assert_eq!(device.step("2026-11-24 19:00"), 0);

    let waits =
        schedule(&json!({"steps": [{}, {"trigger": {"type": "after_wait", "seconds": 600}}]}));
    let mut device = Device::new(&waits);
    device.step("2028-01-01 12:00");
    assert_eq!(device.step("2026-11-23 20:00"), 0);
    assert_eq!(device.step("2026-11-23 20:10"), 1, "it waits from when the clock was put right");
}
