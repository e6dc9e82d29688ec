use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::schedule::tests::{Device, ZONES, schedule};
use crate::schedule::{ScheduleState, SensorEvent};

const DAY: i64 = 86_400;

/// Instants in whole minutes around days on which clocks are set, including 30 December 2011, which Apia skipped.
pub(super) fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    let days = [
        "2026-03-07",
        "2026-03-28",
        "2026-04-04",
        "2026-10-03",
        "2026-10-24",
        "2026-10-31",
        "2011-12-29",
    ];
    let day = prop::sample::select(days.to_vec())
        .prop_map(|day| format!("{day}T12:00:00Z").parse().unwrap());
    (day, -4 * 1440..4 * 1440_i64)
        .prop_map(|(day, minutes): (DateTime<Utc>, _)| day + TimeDelta::minutes(minutes))
}

/// Times of day, every third one at an hour at which clocks are set.
pub(super) fn times() -> impl Strategy<Value = String> {
    prop_oneof![2 => 0..1440, 1 => 60..200]
        .prop_map(|m: i32| format!("{:02}:{:02}", m / 60, m % 60))
}

pub(super) fn days() -> impl Strategy<Value = Value> {
    let names = vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    prop_oneof![
        prop::sample::select(vec![json!("daily"), json!("weekdays"), json!("weekends")]),
        prop::sample::subsequence(names, 1..4).prop_map(|names| json!(names)),
    ]
}

fn by_time() -> impl Strategy<Value = Value> {
    prop_oneof![
        (times(), days())
            .prop_map(|(time, days)| json!({"type": "at_time", "time": time, "days": days})),
        (1..3000_u32).prop_map(|minutes| json!({"type": "after_wait", "seconds": minutes * 60})),
    ]
}

fn any_trigger() -> impl Strategy<Value = Value> {
    let sensed = vec!["on_motion", "on_sound", "on_light"];
    prop_oneof![by_time(), prop::sample::select(sensed).prop_map(|kind| json!({"type": kind}))]
}

fn schedule_of(triggers: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let hold = prop_oneof![Just(0), 0..1441_u32].prop_map(|minutes| minutes * 60);
    let step = (triggers, hold, any::<bool>()).prop_map(|(trigger, hold, sleep)| {
        json!({"trigger": trigger, "min_duration_seconds": hold, "sleep": sleep})
    });
    let zone = prop::sample::select(ZONES.to_vec());
    (zone, any::<bool>(), prop::collection::vec(step, 1..6)).prop_map(
        |(zone, repeat, steps)| json!({"time_zone": zone, "repeat": repeat, "steps": steps}),
    )
}

/// How far the clock moves between two requests: by seconds, days, or a month, and sometimes back.
fn jumps() -> impl Strategy<Value = Vec<(i64, Option<SensorEvent>)>> {
    let jump = prop_oneof![
        3 => 0..120_i64, 3 => 0..2 * DAY, 1 => 0..40 * DAY, 1 => -60..0_i64, 1 => -400 * DAY..0,
    ];
    let sensed = prop::option::of(prop::sample::select(vec![
        SensorEvent::Motion,
        SensorEvent::Sound,
        SensorEvent::Light,
    ]));
    prop::collection::vec((jump, sensed), 1..60)
}

/// The longest time that a step can be in force while requests come: its own wait, or a week and a skipped day, and at
/// least its `min_duration_seconds`.
fn longest(given: &Value, state: &ScheduleState) -> TimeDelta {
    let steps = given["steps"].as_array().unwrap();
    let at = |position: u64| &steps[position as usize % steps.len()];
    let hold = at(state.position)["min_duration_seconds"].as_i64().unwrap();
    let due = at(state.position + 1)["trigger"]["seconds"].as_i64().unwrap_or(8 * DAY + 7200);
    TimeDelta::seconds(hold.max(due))
}

proptest! {
    #[test]
    fn a_step_is_never_skipped_and_never_taken_back(
        given in schedule_of(any_trigger()), begin in instants(), jumps in jumps(),
    ) {
        let schedule = schedule(&given);
        let mut device = Device::new(&schedule);
        let mut now = begin;
        device.frame(now, None);
        for (seconds, sensed) in jumps {
            now += TimeDelta::seconds(seconds);
            let before = device.state.clone().unwrap();
            let seen = schedule.peek(Some(&before), now);
            let in_force = device.frame(now, sensed);
            let after = device.state.clone().unwrap();
            prop_assert!(after.position == before.position || after.position == before.position + 1);
            prop_assert!(after.anchor <= after.entered_at && after.entered_at <= now);
            if after.position > before.position {
                let position = before.position as usize % given["steps"].as_array().unwrap().len();
                let hold = given["steps"][position]["min_duration_seconds"].as_i64().unwrap();
                prop_assert!(now.min(before.entered_at) + TimeDelta::seconds(hold) <= now, "left too early");
                prop_assert_eq!(after.entered_at, now);
            } else {
                prop_assert_eq!(seen, in_force, "peeking agrees with the frame request");
            }
        }
    }

    #[test]
    fn a_step_is_always_left_and_when_it_was_said_to_be(
        mut given in schedule_of(by_time()), begin in instants(), jumps in jumps(),
    ) {
        given["repeat"] = json!(true);
        let schedule = schedule(&given);
        let mut device = Device::new(&schedule);
        let mut now = begin;
        device.frame(now, None);
        for (seconds, _) in jumps {
            now += TimeDelta::seconds(seconds);
            let position = { device.frame(now, None); device.position() };
            let state = device.state.clone().unwrap();
            let changes = schedule.snapshot(&state, now).changes_at.unwrap();
            prop_assert!(now <= changes && changes <= now.max(state.entered_at + longest(&given, &state)));
            let just_before = changes - TimeDelta::microseconds(1);
            if now <= just_before {
                prop_assert_eq!(schedule.advance(Some(&state), just_before, None).position, position);
            }
            prop_assert_eq!(schedule.advance(Some(&state), changes, None).position, position + 1);
        }
    }

    #[test]
    fn a_sleeper_is_woken_at_the_first_minute_at_which_a_step_is_awake(
        mut given in schedule_of(by_time()), begin in instants(), later in 0..3000_i64,
    ) {
        given["repeat"] = json!(true);
        given["steps"][0]["sleep"] = json!(true);
        let schedule = schedule(&given);
        let mut device = Device::new(&schedule);
        device.frame(begin, None);
        let mut now = begin + TimeDelta::minutes(later);
        let first = schedule.peek(device.state.as_ref(), now);
        prop_assert_eq!(first.next_wake_at.is_some(), given["steps"].as_array().unwrap().iter().any(|s| s["sleep"] == false));
        // 60 days of minutes are enough for five steps, each of which is left within nine days.
        let end = now + TimeDelta::days(60);
        let mut woken = None;
        while woken.is_none() && first.next_wake_at.is_some() && now <= end {
            let position = device.position();
            let in_force = device.frame(now, None);
            if !in_force.is_asleep {
                woken = Some(now);
            } else if device.position() == position {
                now += TimeDelta::minutes(1);
            }
        }
        prop_assert_eq!(woken, first.next_wake_at);
    }

    /// Steps in the order of the day. However long a device was away, after as many requests as there are steps it is
    /// on the step whose time came last.
    #[test]
    fn steps_catch_up_with_the_clock(
        zone in prop::sample::select(ZONES.to_vec()),
        times in prop::collection::btree_set(times(), 1..6),
        rotation in 0..6_usize, begin in instants(), away in prop_oneof![0..3 * DAY, 0..400 * DAY],
    ) {
        let mut times: Vec<String> = times.into_iter().collect();
        let rotation = rotation % times.len();
        times.rotate_left(rotation);
        let steps: Vec<_> = times.iter().map(|t| json!({"trigger": {"type": "at_time", "time": t}})).collect();
        let schedule = schedule(&json!({"time_zone": zone, "repeat": true, "steps": steps}));
        let mut device = Device::new(&schedule);
        device.frame(begin, None);
        let now = begin + TimeDelta::seconds(away);
        for _ in &times {
            device.frame(now, None);
        }
        let position = device.position();
        let step = device.frame(now, None).step.unwrap();
        prop_assert_eq!(device.position(), position, "and there it stays");
        prop_assert_eq!(&times[step], &shown_last(zone.parse().unwrap(), now, &times));
    }
}

/// Returns which of the times of day the zone's clocks reached last, by going through every minute of four days.
fn shown_last(zone: Tz, now: DateTime<Utc>, times: &[String]) -> String {
    let shown = |at: DateTime<Utc>| zone.from_utc_datetime(&at.naive_utc()).naive_local();
    let minute = now - TimeDelta::seconds(now.timestamp() % 60);
    let mut furthest = shown(minute - TimeDelta::days(4));
    let mut last = None;
    for minutes in -4 * 1440..=0 {
        let at = shown(minute + TimeDelta::minutes(minutes));
        while furthest < at {
            furthest += TimeDelta::minutes(1);
            let time = furthest.format("%H:%M").to_string();
            if times.contains(&time) {
                last = Some(time);
            }
        }
    }
    last.unwrap()
}
