use chrono::{DateTime, Datelike, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::schedule::tests::steps_properties::{days, instants, times};
use crate::schedule::tests::{ZONES, schedule};

fn windows() -> impl Strategy<Value = Value> {
    let window = (days(), times(), times(), any::<bool>(), 0..8).prop_map(
        |(days, from, until, sleep, whole)| {
            let until = if whole == 0 { from.clone() } else { until };
            json!({"days": days, "from": from, "until": until, "sleep": sleep})
        },
    );
    let windows = prop::collection::vec(window, 1..5);
    let zone = prop::sample::select(ZONES.to_vec());
    (zone, windows, any::<bool>()).prop_map(|(zone, windows, sleep)| {
        json!({"time_zone": zone, "weekly": windows, "otherwise": {"sleep": sleep}})
    })
}

/// The model: which window is open if `furthest` is the latest local time that the clocks have shown. A window opens
/// when they first reach its beginning and closes when they first reach its end.
fn open(given: &Value, furthest: NaiveDateTime) -> Option<usize> {
    let time = |window: &Value, name: &str| {
        NaiveTime::parse_from_str(window[name].as_str().unwrap(), "%H:%M").unwrap()
    };
    given["weekly"].as_array().unwrap().iter().position(|window| {
        let (from, until) = (time(window, "from"), time(window, "until"));
        let began = if furthest.time() >= from {
            furthest.date()
        } else {
            furthest.date() - TimeDelta::days(1)
        };
        let until = began.and_time(until) + TimeDelta::days(i64::from(until <= from));
        is_on(&window["days"], began.weekday().num_days_from_monday() as usize) && furthest < until
    })
}

fn is_on(days: &Value, day: usize) -> bool {
    let name = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][day];
    match days.as_str() {
        Some("weekdays") => day < 5,
        Some("weekends") => day >= 5,
        Some(_) => true,
        None => days.as_array().unwrap().contains(&json!(name)),
    }
}

/// For each minute of eight days from `begin` on, the latest local time that the zone's clocks have shown by then.
fn minutes(zone: &str, begin: DateTime<Utc>) -> Vec<(DateTime<Utc>, NaiveDateTime)> {
    let zone: Tz = zone.parse().unwrap();
    let mut furthest = NaiveDateTime::MIN;
    let all = (-1440..=8 * 1440).map(|minutes| begin + TimeDelta::minutes(minutes));
    let all = all.map(|at| {
        furthest = furthest.max(zone.from_utc_datetime(&at.naive_utc()).naive_local());
        (at, furthest)
    });
    all.filter(|(at, _)| *at >= begin).collect()
}

proptest! {
    #[test]
    fn every_minute_is_as_the_model_has_it(given in windows(), begin in instants()) {
        let schedule = schedule(&given);
        let minutes = minutes(given["time_zone"].as_str().unwrap(), begin);
        let sleeps = |window: Option<usize>| match window {
            Some(index) => given["weekly"][index]["sleep"] == true,
            None => given["otherwise"]["sleep"] == true,
        };
        let now = open(&given, minutes[0].1);
        let in_force = schedule.peek(None, begin);
        prop_assert_eq!(in_force.step, now);
        prop_assert_eq!(in_force.is_asleep, sleeps(now));

        let first = |wanted: &dyn Fn(Option<usize>) -> bool| {
            minutes.iter().find(|(_, furthest)| wanted(open(&given, *furthest))).map(|(at, _)| *at)
        };
        prop_assert_eq!(in_force.changes_at, first(&|window| window != now));
        let wake = if sleeps(now) { first(&|window| !sleeps(window)) } else { None };
        prop_assert_eq!(in_force.next_wake_at, wake);
    }

    /// The reported changes, one after the other, cover the week: nothing changes between two of them.
    #[test]
    fn changes_lead_through_the_week(given in windows(), begin in instants()) {
        let schedule = schedule(&given);
        let mut snapshot = schedule.peek(None, begin);
        let mut change = snapshot.changes_at;
        for (at, furthest) in minutes(given["time_zone"].as_str().unwrap(), begin) {
            if change == Some(at) {
                snapshot = schedule.peek(None, at);
                change = snapshot.changes_at;
            }
            prop_assert_eq!(snapshot.step, open(&given, furthest), "{}", at);
        }
    }
}
