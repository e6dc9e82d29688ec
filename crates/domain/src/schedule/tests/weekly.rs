use chrono::TimeDelta;
use serde_json::json;

use crate::schedule::Schedule;
use crate::schedule::tests::{Device, oslo, schedule};

/// Lavender from 19:00 to 23:00 on weekdays, sleep otherwise.
fn evenings() -> Schedule {
    schedule(&json!({
        "time_zone": "Europe/Oslo",
        "weekly": [{"days": "weekdays", "from": "19:00", "until": "23:00", "min_duration_seconds": 30,
                    "parameters": {"strategy": "lavender"}}],
        "otherwise": {"sleep": true},
    }))
}

#[test]
fn evenings_on_weekdays_over_a_week_in_which_the_clocks_are_set_forward() {
    // Summer time begins on Sunday 29 March 2026: in UTC, 19:00 is 18:00 before and 17:00 after.
    let table = [
        ("2026-03-26T17:59:59Z", "asleep until 2026-03-26T18:00:00Z"), // Thursday
        ("2026-03-26T18:00:00Z", "lavender until 2026-03-26T22:00:00Z"),
        ("2026-03-26T21:59:59Z", "lavender until 2026-03-26T22:00:00Z"),
        ("2026-03-26T22:00:00Z", "asleep until 2026-03-27T18:00:00Z"),
        ("2026-03-27T20:00:00Z", "lavender until 2026-03-27T22:00:00Z"), // Friday
        ("2026-03-27T22:00:00Z", "asleep until 2026-03-30T17:00:00Z"),   // over the weekend
        ("2026-03-28T20:00:00Z", "asleep until 2026-03-30T17:00:00Z"),
        ("2026-03-29T18:30:00Z", "asleep until 2026-03-30T17:00:00Z"),
        ("2026-03-30T16:59:59Z", "asleep until 2026-03-30T17:00:00Z"), // Monday, in summer time
        ("2026-03-30T17:00:00Z", "lavender until 2026-03-30T21:00:00Z"),
        ("2026-03-30T21:00:00Z", "asleep until 2026-03-31T17:00:00Z"),
        ("2026-04-01T18:00:00Z", "lavender until 2026-04-01T21:00:00Z"),
    ];
    let evenings = evenings();
    for (at, expected) in table {
        let now = at.parse().unwrap();
        let in_force = evenings.peek(None, now);
        let what = if in_force.is_asleep {
            "asleep"
        } else {
            in_force.parameters["strategy"].as_str().unwrap()
        };
        let until = in_force.changes_at.unwrap().format("%Y-%m-%dT%H:%M:%SZ");
        assert_eq!(format!("{what} until {until}"), expected, "{at}");
        let wake = in_force.changes_at.filter(|_| in_force.is_asleep);
        assert_eq!(in_force.next_wake_at, wake, "{at}");
        assert_eq!(in_force.min_duration_seconds, if in_force.is_asleep { None } else { Some(30) });
    }
}

#[test]
fn the_first_open_window_wins_and_a_night_belongs_to_the_day_it_began_on() {
    let week = schedule(&json!({
        "time_zone": "Europe/Oslo",
        "weekly": [
            {"days": ["fri"], "from": "22:00", "until": "02:00"},
            {"days": ["sat"], "from": "01:00", "until": "01:00"}, // the whole day from 01:00
            {"days": "daily", "from": "12:00", "until": "13:00", "sleep": true},
        ],
    }));
    let table = [
        ("2026-11-27 01:59", None), // Friday: Thursday's night has no window
        ("2026-11-27 12:30", Some(2)),
        ("2026-11-27 13:00", None),
        ("2026-11-27 22:00", Some(0)),
        ("2026-11-28 01:30", Some(0)),
        ("2026-11-28 02:00", Some(1)),
        ("2026-11-28 12:30", Some(1)), // no sleep on Saturdays
        ("2026-11-29 00:59", Some(1)),
        ("2026-11-29 01:00", None),
    ];
    for (at, window) in table {
        let in_force = week.peek(None, oslo(at));
        assert_eq!(in_force.step, window, "{at}");
        assert_eq!(in_force.is_asleep, window == Some(2), "outside of every window it is awake");
    }
}

#[test]
fn what_never_changes_has_no_next_change() {
    let always = schedule(&json!({"weekly": [{"from": "09:00", "until": "09:00", "sleep": true}]}));
    let in_force = always.peek(None, oslo("2026-11-27 08:00"));
    assert!(in_force.is_asleep);
    assert_eq!((in_force.next_wake_at, in_force.changes_at), (None, None));
}

#[test]
fn nothing_is_kept_anew_for_a_week() {
    let evenings = evenings();
    let mut device = Device::new(&evenings);
    device.frame(oslo("2026-11-27 08:00"), None);
    let state = device.state.clone();
    device.frame(oslo("2026-11-27 20:00") + TimeDelta::days(9), None);
    assert_eq!(device.state, state);
}
