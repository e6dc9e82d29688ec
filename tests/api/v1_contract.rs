//! The contract of version 1 for existing clients: every answer, field by field, equal on both databases.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::on_both;
use crate::support::clock::ManualClock;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

on_both! {
    every_answer_is_as_it_was;
    four_first_calls_at_once_succeed;
}

/// Replaces the values that differ between runs: ids, and the situation, which depends on the time zone.
fn redact(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact_text(&text)),
        Value::Array(items) => items.into_iter().map(redact).collect(),
        Value::Object(fields) => {
            let settle = |(name, value): (String, Value)| {
                let value = if name == "situation" { json!("[situation]") } else { redact(value) };
                (name, value)
            };
            Value::Object(fields.into_iter().map(settle).collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn redact_text(text: &str) -> String {
    let stem = text.rsplit('/').next().unwrap_or(text);
    let id = stem.split('.').next().unwrap_or(stem);
    if id.parse::<Uuid>().is_ok() { text.replace(id, "[id]") } else { text.to_owned() }
}

async fn every_answer_is_as_it_was(database: TestDatabase) {
    let options = TestOptions { clock: ManualClock::new(), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let mut all = Map::new();
    let mut note = |call: &str, answer: (u16, Value)| {
        let (status, body) = answer;
        all.insert(call.to_owned(), json!({"status": status, "body": redact(body)}));
    };
    let get = |path: &str| send_json(app.get(path));
    note("01 GET /v1/story of a new client", get("/v1/story/?client_id=s").await);
    let frame = json!({
        "client_id": "s", "strategy": "literal", "input_text": "A kite is not\na bird, yet|It flies",
        "output_image_format": "rgb565", "output_image_width": 48, "output_image_height": 32,
        "generate_video": "1", "unheard_of": [1],
    });
    let response = send_json(app.post_frame(&frame)).await;
    let story = response.1["story_id"].as_str().expect("an id").to_owned();
    note("02 POST /v1/frames", response);
    note(
        "03 GET /v1/frames",
        get("/v1/frames/?client_id=s&strategy=literal&input_text=Up&debug=on").await,
    );
    note("04 GET /v1/story", get(&format!("/v1/story/?client_id=reader&story_id={story}")).await);
    note("05 GET /v1/story/slug", get("/v1/story/slug/a-kite-is-not-a/?client_id=s&debug=1").await);
    note("06 GET /v1/stories", get("/v1/stories/?client_id=s").await);
    note("07 GET /v1/config/strategy", get("/v1/config/strategy/?client_id=").await);
    let bookmark = json!({"story_id": story, "frame_number": 1, "comments": "Up there"});
    let stored = app.call("POST", "/v1/bookmarks/frame?client_id=s", bookmark).await;
    let id = stored.1["id"].to_string();
    note("08 POST /v1/bookmarks/frame", stored);
    note("09 GET /v1/bookmarks/frame", get("/v1/bookmarks/frame?client_id=s").await);
    let one = format!("/v1/bookmarks/frame/story/{story}/frame/1?client_id=s");
    note("10 GET /v1/bookmarks/frame/story/…/frame/1", get(&one).await);
    let path = format!("/v1/bookmarks/frame/{id}?client_id=s");
    note("11 DELETE /v1/bookmarks/frame", app.call("DELETE", &path, Value::Null).await);
    note("12 GET a bookmark that is gone", get(&one).await);
    note(
        "13 PUT /v1/story/reset",
        app.call("PUT", "/v1/story/reset/?client_id=s", Value::Null).await,
    );
    let theirs = json!({"client_id": "reader", "story_id": story});
    note("14 POST to another's story", send_json(app.post_frame(&theirs)).await);
    note("15 GET an unknown story", get("/v1/story?client_id=s&story_id=none").await);
    note("16 POST without a client", send_json(app.post_frame(&json!({}))).await);
    let format = json!({"client_id": "s", "output_image_format": "image/tiff"});
    note("17 POST for an unknown format", send_json(app.post_frame(&format)).await);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_sort_maps(true);
    settings.bind(|| insta::assert_json_snapshot!("v1", all));
    app.stop_and_remove().await;
}

async fn four_first_calls_at_once_succeed(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let body = json!({"client_id": "new", "strategy": "literal", "input_text": "One."});
    let calls: Vec<_> = vec![
        tokio::spawn(send_json(app.post_frame(&body))),
        tokio::spawn(send_json(app.get("/v1/story/?client_id=new"))),
        tokio::spawn(send_json(app.get("/v1/stories/?client_id=new"))),
        tokio::spawn(send_json(app.get("/v1/config/strategy/?client_id=new"))),
    ];
    for call in calls {
        let (status, body) = call.await.expect("joined");
        assert_eq!(status, 200, "{body}");
    }
    let story = app.json("/v1/story?client_id=new").await;
    assert_eq!(story["story_frame_count"], 1);
    assert_eq!(
        app.json("/v1/stories?client_id=new").await["stories"].as_array().map(Vec::len),
        Some(1)
    );
    app.stop_and_remove().await;
}
