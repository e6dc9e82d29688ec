use serde_json::{Value, json};

use crate::schedule::Schedule;
use crate::schedule::tests::schedule;

fn refusal(given: &Value) -> String {
    Schedule::parse(given).unwrap_err().to_string()
}

fn step_with(trigger: &Value) -> Value {
    json!({"steps": [{}, {"trigger": trigger}]})
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table, read line by line")]
fn every_refusal_names_its_place() {
    let seconds = "must be a whole number of seconds from";
    let time = "must be a time from 00:00 to 23:59:59, such as 19:00 or 19:00:30";
    let days = "must be `daily`, `weekdays`, `weekends`, or a list of at least one of \
                mon, tue, wed, thu, fri, sat and sun";
    let shape = "must be an object with either `steps` or `weekly`";
    let missing = "is missing; only the first step of a schedule that does not repeat needs none";
    let window = |field: &str, value: Value| {
        let mut window = json!({"from": "19:00", "until": "23:00"});
        window[field] = value;
        json!({"weekly": [window]})
    };
    let daily = json!({"type": "at_time", "time": "19:00"});
    let cases = [
        (json!(7), shape.to_owned()),
        (json!({}), shape.to_owned()),
        (
            json!({"steps": [{}], "weekly": []}),
            "has both `steps` and `weekly`; a PATCH is merged into the stored schedule, so set the one that you no longer \
             want to null"
                .to_owned(),
        ),
        (json!({"steps": []}), "steps: has 0 entries; give 1 to 100".to_owned()),
        (json!({"weekly": []}), "weekly: has 0 entries; give 1 to 100".to_owned()),
        (
            json!({"steps": vec![json!({"trigger": daily}); 101]}),
            "steps: has 101 entries; give 1 to 100".to_owned(),
        ),
        (json!({"steps": [{}], "repeat": true}), format!("steps[0].trigger: {missing}")),
        (json!({"steps": [{}, {"trigger": daily}, {}]}), format!("steps[2].trigger: {missing}")),
        (
            json!({"steps": [{}], "time_zone": "Oslo"}),
            "time_zone: must be an IANA time zone, such as Europe/Oslo".to_owned(),
        ),
        (
            json!({"steps": [{"min_duration_seconds": 86401}]}),
            format!("steps[0].min_duration_seconds: {seconds} 0 to 86400"),
        ),
        (
            json!({"steps": [{"min_duration_seconds": -1}]}),
            format!("steps[0].min_duration_seconds: {seconds} 0 to 86400"),
        ),
        (
            json!({"steps": [{"min_duration_seconds": 1.5}]}),
            format!("steps[0].min_duration_seconds: {seconds} 0 to 86400"),
        ),
        (
            step_with(&json!({"type": "after_wait", "seconds": 0})),
            format!("steps[1].trigger: {seconds} 1 to 31536000"),
        ),
        (
            step_with(&json!({"type": "after_wait", "seconds": 31_536_001})),
            format!("steps[1].trigger: {seconds} 1 to 31536000"),
        ),
        (
            step_with(&json!({"type": "at_time", "time": "24:00"})),
            format!("steps[1].trigger: {time}"),
        ),
        (step_with(&json!({"type": "at_time", "time": "19"})), format!("steps[1].trigger: {time}")),
        (
            step_with(&json!({"type": "at_time", "time": "+1:00"})),
            format!("steps[1].trigger: {time}"),
        ),
        (
            step_with(&json!({"type": "at_time", "time": "23:59:60"})),
            format!("steps[1].trigger: {time}"),
        ),
        (
            step_with(&json!({"type": "at_time", "time": "19:00", "days": []})),
            format!("steps[1].trigger: {days}"),
        ),
        (window("days", json!("someday")), format!("weekly[0].days: {days}")),
        (window("days", json!(["mon", 2])), format!("weekly[0].days: {days}")),
        (window("until", json!(23)), format!("weekly[0].until: {time}")),
        (
            window("min_duration_seconds", json!("30")),
            format!("weekly[0].min_duration_seconds: {seconds} 0 to 86400"),
        ),
    ];
    for (given, expected) in cases {
        assert_eq!(refusal(&given), expected, "{given}");
    }
}

#[test]
fn what_is_unknown_or_of_another_type_is_refused_where_it_stands() {
    let cases = [
        (json!({"steps": [{"sleeps": true}]}), "steps[0].sleeps: unknown field `sleeps`"),
        (json!({"steps": [{}], "loop": true}), "loop: unknown field `loop`"),
        (json!({"steps": {}}), "steps: invalid type: map"),
        (
            json!({"steps": [{}, {"parameters": "lavender"}]}),
            "steps[1].parameters: invalid type: string",
        ),
        (
            step_with(&json!({"type": "on_smell"})),
            "steps[1].trigger.type: unknown variant `on_smell`",
        ),
        (
            step_with(&json!({"type": "on_motion", "seconds": 3})),
            "steps[1].trigger: unknown field `seconds`",
        ),
        (step_with(&json!({"time": "19:00"})), "steps[1].trigger: missing field `type`"),
        (json!({"weekly": [{"from": "19:00"}]}), "weekly[0]: missing field `until`"),
        (
            json!({"weekly": [{"from": "1:00", "until": "2:00"}], "otherwise": {"from": 1}}),
            "otherwise.from: unknown field `from`",
        ),
        (
            json!({"weekly": [{"from": "1:00", "until": "2:00"}], "repeat": true}),
            "repeat: unknown field `repeat`",
        ),
    ];
    for (given, beginning) in cases {
        let refusal = refusal(&given);
        assert!(refusal.starts_with(beginning), "{given}: {refusal}");
    }
}

#[test]
fn a_schedule_is_written_in_one_spelling_that_reads_back() {
    let given = json!({
        "steps": [
            {"trigger": {"type": "at_time", "time": "7:05:00", "days": ["sun", "sat"]}, "sleep": false},
            {"trigger": {"type": "at_time", "time": "19:00:30", "days": ["wed", "mon", "wed"]}, "sleep": true},
            {"trigger": {"type": "on_light"}, "parameters": {"strategy": "lavender"}, "min_duration_seconds": 60},
        ],
        "repeat": true, "time_zone": "Asia/Kolkata",
    });
    let written = json!({
        "time_zone": "Asia/Kolkata", "repeat": true,
        "steps": [
            {"trigger": {"type": "at_time", "time": "07:05", "days": "weekends"}},
            {"sleep": true, "trigger": {"type": "at_time", "time": "19:00:30", "days": ["mon", "wed"]}},
            {"parameters": {"strategy": "lavender"}, "min_duration_seconds": 60, "trigger": {"type": "on_light"}},
        ],
    });
    let read = schedule(&given);
    assert_eq!(serde_json::to_value(&read).unwrap(), written);
    assert_eq!(schedule(&written), read);

    let weekly = schedule(&json!({"weekly": [{"from": "9:00", "until": "9:00"}]}));
    let written = json!({
        "time_zone": "UTC", "weekly": [{"days": "daily", "from": "09:00", "until": "09:00"}], "otherwise": {},
    });
    assert_eq!(serde_json::to_value(&weekly).unwrap(), written);
}

#[test]
fn a_fingerprint_is_of_the_meaning_and_not_of_the_spelling() {
    let read = |text: &str| schedule(&serde_json::from_str(text).unwrap()).fingerprint();
    let one = read(
        r#"{"steps": [{"parameters": {"a": 1, "b": 2}, "sleep": false}], "time_zone": "UTC"}"#,
    );
    let same = read(r#"{"steps": [{"parameters": {"b": 2, "a": 1}}]}"#);
    let other = read(r#"{"steps": [{"parameters": {"b": 2, "a": 2}}]}"#);
    assert_eq!(one, same);
    assert_ne!(one, other);
    assert_eq!(one.len(), 64);
}

#[test]
fn all_parameters_can_be_checked_and_replaced_in_their_places() {
    let mut steps = schedule(&json!({"steps": [
        {"parameters": {"strategy": "lavender"}}, {"sleep": true, "trigger": {"type": "on_sound"}},
    ]}));
    let places: Vec<_> = steps.parameters_mut().into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["steps[0].parameters", "steps[1].parameters"]);
    steps.parameters_mut()[0].1.clear();
    assert_eq!(serde_json::to_value(&steps).unwrap()["steps"][0], json!({}));

    let mut weekly = schedule(&json!({
        "weekly": [{"from": "9:00", "until": "10:00", "parameters": {"debug": true}}],
        "otherwise": {"parameters": {"debug": false}},
    }));
    let found: Vec<_> = weekly
        .parameters_mut()
        .into_iter()
        .map(|(place, map)| (place, map["debug"].clone()))
        .collect();
    let expected = [("weekly[0].parameters", json!(true)), ("otherwise.parameters", json!(false))];
    assert_eq!(found, expected.map(|(place, debug)| (place.to_owned(), debug)));
}
