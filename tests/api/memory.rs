//! Client memory: storing, reading in order and deleting what is known about a client, and keeping it from other
//! clients.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::clock::ManualClock;
use crate::support::{TestApp, TestDatabase, TestOptions};

on_both! {
    a_pattern_is_kept_replaced_listed_and_forgotten;
    context_holds_for_as_long_as_was_said_in_its_session_alone;
    insights_come_with_the_most_important_first;
    what_cannot_be_known_is_refused_and_nothing_is_half_kept;
}

fn names(list: &Value, field: &str) -> Vec<String> {
    let items = list["items"].as_array().expect("items").iter();
    items.map(|item| item[field].as_str().unwrap_or("-").to_owned()).collect()
}

async fn a_pattern_is_kept_replaced_listed_and_forgotten(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let base = "/v2/clients/24:6F/patterns";
    let boats = json!({"value": {"seen": 3, "names": ["Ada \u{1f6f6}"]}, "confidence": 0.25});
    let path = format!("{base}/subject/boats%20%2F%20ships");
    let (status, stored) = app.call("PUT", &path, boats.clone()).await;
    assert_eq!((status, &stored["key"]), (201, &json!("boats / ships")), "{stored}");
    assert_eq!((&stored["value"], &stored["confidence"]), (&boats["value"], &json!(0.25)));
    let (status, stored) = app.call("PUT", &path, json!({"value": null})).await;
    assert_eq!((status, &stored["value"], &stored["confidence"]), (200, &Value::Null, &json!(1.0)));
    assert_eq!(app.json(&path).await, stored);
    let batch = json!([
        {"type": "colour", "key": "blue", "value": 1, "confidence": 0.5},
        {"type": "colour", "key": "red", "value": "x"},
        {"type": "subject", "key": "dogs", "value": [1, 2.5, true]},
    ]);
    let (status, stored) = app.call("POST", &format!("{base}/batch"), batch).await;
    assert_eq!((status, &stored["kept"]), (200, &json!(3)), "{stored}");
    let part = app.json(&format!("{base}?limit=3")).await;
    assert_eq!(names(&part, "key"), ["blue", "red", "boats / ships"]);
    let rest = part["next_cursor"].as_str().expect("there is more");
    assert_eq!(names(&app.json(&format!("{base}?limit=3&cursor={rest}")).await, "key"), ["dogs"]);
    assert_eq!(names(&app.json(&format!("{base}?type=colour")).await, "key"), ["blue", "red"]);
    assert_eq!(names(&app.json("/v2/clients/other/patterns").await, "key").len(), 0);
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 404);
    assert_eq!(app.call("GET", &path, Value::Null).await.0, 404);
    assert_eq!(app.call("DELETE", "/v2/clients/other/patterns", Value::Null).await.0, 204);
    assert_eq!(app.call("DELETE", &format!("{base}/colour"), Value::Null).await.0, 204);
    assert_eq!(names(&app.json(base).await, "key"), ["dogs"]);
    assert_eq!(app.call("DELETE", base, Value::Null).await.0, 204);
    assert_eq!(names(&app.json(base).await, "key").len(), 0);
    app.stop_and_remove().await;
}

async fn context_holds_for_as_long_as_was_said_in_its_session_alone(database: TestDatabase) {
    let clock = ManualClock::new();
    let options = TestOptions { clock: clock.clone(), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let base = "/v2/clients/s/context";
    for (key, order) in [
        ("mood", json!({"value": "merry"})),
        ("mood", json!({"value": "tired", "session_id": "evening", "expires_in": 60})),
        ("guest", json!({"value": {"name": "Ida"}, "session_id": "evening", "expires_in": 3600})),
    ] {
        let (status, stored) = app.call("PUT", &format!("{base}/{key}"), order).await;
        assert_eq!(status, 201, "{stored}");
    }
    let mood = format!("{base}/mood");
    assert_eq!(app.json(&mood).await["value"], "merry");
    assert_eq!(app.json(&format!("{mood}?session_id=evening")).await["value"], "tired");
    assert_eq!(names(&app.json(base).await, "key"), ["mood", "guest", "mood"]);
    assert_eq!(names(&app.json(&format!("{base}?session_id=")).await, "session_id"), ["-"]);
    clock.advance(TimeDelta::seconds(60));
    assert_eq!(app.call("GET", &format!("{mood}?session_id=evening"), Value::Null).await.0, 404);
    assert_eq!(names(&app.json(&format!("{base}?session_id=evening")).await, "key"), ["guest"]);
    assert_eq!(app.app.clients().delete_expired_context().await.expect("purged"), 1);
    assert_eq!(app.app.clients().delete_expired_context().await.expect("purged"), 0);
    // An expired entry does not prevent a new one with the same key.
    let again = json!({"value": 1, "session_id": "evening"});
    assert_eq!(app.call("PUT", &mood, again.clone()).await.0, 201);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(app.call("PUT", &mood, again).await.0, 200);
    assert_eq!(app.call("DELETE", &mood, Value::Null).await.0, 204);
    assert_eq!(app.json(&format!("{mood}?session_id=evening")).await["value"], 1);
    assert_eq!(app.call("DELETE", &format!("{base}?session_id=evening"), Value::Null).await.0, 204);
    assert_eq!(names(&app.json(base).await, "key").len(), 0);
    app.stop_and_remove().await;
}

async fn insights_come_with_the_most_important_first(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let base = "/v2/clients/s/insights";
    for (kind, data, importance) in [
        ("taste", "a", Some(0.2)),
        ("fear", "b", None),
        ("taste", "c", Some(0.9)),
        ("taste", "d", None),
    ] {
        let mut order = json!({"type": kind, "data": data});
        if let Some(importance) = importance {
            order["importance"] = json!(importance);
        }
        let (status, added) = app.call("POST", base, order).await;
        assert_eq!(status, 201, "{added}");
    }
    assert_eq!(names(&app.json(base).await, "data"), ["c", "d", "b", "a"]);
    assert_eq!(
        names(&app.json(&format!("{base}?min_importance=0.5")).await, "data"),
        ["c", "d", "b"]
    );
    assert_eq!(names(&app.json(&format!("{base}?type=taste&limit=2")).await, "data"), ["c", "d"]);
    let part = app.json(&format!("{base}?limit=2")).await;
    let rest = part["next_cursor"].as_str().expect("there is more");
    assert_eq!(
        names(&app.json(&format!("{base}?limit=2&cursor={rest}")).await, "data"),
        ["b", "a"]
    );
    assert_eq!(app.call("DELETE", &format!("{base}?type=taste"), Value::Null).await.0, 204);
    assert_eq!(names(&app.json(base).await, "data"), ["b"]);
    assert_eq!(app.call("DELETE", base, Value::Null).await.0, 204);
    assert_eq!(names(&app.json(base).await, "data").len(), 0);
    app.stop_and_remove().await;
}

async fn what_cannot_be_known_is_refused_and_nothing_is_half_kept(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let long = "x".repeat(129);
    let large = "x".repeat(70_000);
    for (method, path, body, field) in [
        ("PUT", "patterns/a/b".to_owned(), json!({"value": 1, "confidence": 1.5}), "confidence"),
        ("PUT", "patterns/a/b".to_owned(), json!({"confidence": 1}), "value"),
        ("PUT", "patterns/a/b".to_owned(), json!({"value": "a\u{0}b"}), "value"),
        ("PUT", "patterns/a/b".to_owned(), json!({"value": large}), "value"),
        ("PUT", format!("patterns/a/{long}"), json!({"value": 1}), "key"),
        ("PUT", "patterns/a%0A/b".to_owned(), json!({"value": 1}), "type"),
        ("PUT", "context/a".to_owned(), json!({"value": 1, "expires_in": 0}), "expires_in"),
        ("PUT", "context/a".to_owned(), json!({"value": 1, "expires_in": i64::MAX}), "expires_in"),
        ("PUT", "context/a".to_owned(), json!({"value": 1, "session_id": long}), "session_id"),
        ("POST", "insights".to_owned(), json!({"type": "", "data": 1}), "type"),
        (
            "POST",
            "insights".to_owned(),
            json!({"type": "a", "data": 1, "importance": -0.1}),
            "importance",
        ),
        ("GET", "insights?min_importance=2".to_owned(), Value::Null, "min_importance"),
        (
            "POST",
            "patterns/batch".to_owned(),
            json!([
                {"type": "a", "key": "good", "value": 1},
                {"type": "a", "key": "bad", "value": 1, "confidence": 7},
            ]),
            "confidence",
        ),
    ] {
        let (status, problem) = app.call(method, &format!("/v2/clients/s/{path}"), body).await;
        assert_eq!(status, 422, "{method} {path}: {problem}");
        assert_eq!(problem["errors"][0]["loc"][1], field, "{method} {path}: {problem}");
    }
    for batch in [json!([]), json!(vec![json!({"type": "a", "key": "b", "value": 1}); 201])] {
        assert_eq!(app.call("POST", "/v2/clients/s/patterns/batch", batch).await.0, 422);
    }
    for list in ["patterns", "context", "insights"] {
        assert_eq!(
            names(&app.json(&format!("/v2/clients/s/{list}")).await, "key").len(),
            0,
            "{list}"
        );
    }
    app.stop_and_remove().await;
}
