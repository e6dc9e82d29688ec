//! Invalid input gets the answer that the contract promises, and changes nothing.

use calliope::store::StoryPage;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, base64, fixture, photo, send_json};

on_both! {
    every_bad_request_is_refused_and_leaves_no_trace;
    an_unknown_field_is_passed_over;
}

fn encoded(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Returns the first bytes of a PNG that claims 60,000 pixels a side.
fn huge_png() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(60_000_u32.to_be_bytes());
    png.extend(60_000_u32.to_be_bytes());
    png.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
    png
}

async fn every_bad_request_is_refused_and_leaves_no_trace(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let theirs = app
        .create_frame(
            json!({"client_id": "another", "strategy": "literal", "input_text": "Theirs."}),
        )
        .await;
    // Learning from the frame runs in a separate task, so wait for it.
    app.wait_until_idle().await;
    let before = trace(&app).await;
    for (body, status, field) in cases(&theirs["story_id"]) {
        let (got, problem) = send_json(app.post_frame(&body)).await;
        let shown: String = body.to_string().chars().take(80).collect();
        assert_eq!(got, status, "{shown}: {problem}");
        check_problem(&problem, status);
        let fields = problem["errors"].as_array().cloned().unwrap_or_default();
        if field.is_empty() {
            assert!(fields.is_empty(), "{problem}");
        } else {
            assert_eq!(fields[0]["loc"], json!(["body", field]), "{shown}");
            assert!(fields[0]["msg"].as_str().is_some_and(|msg| !msg.is_empty()));
        }
    }
    let raw = |content_type: &'static str, body: Vec<u8>| {
        let post = app.client.post(format!("{}/v1/frames/", app.url));
        send_json(post.header("content-type", content_type).body(body))
    };
    let large = format!(r#"{{"client_id": "s", "input_text": "{}"}}"#, "x".repeat(25 << 20));
    for (status, (got, problem)) in [
        (400, raw("application/json", b"{\"client_id\": ".to_vec()).await),
        (415, raw("text/plain", b"client_id=s".to_vec()).await),
        (413, raw("application/json", large.into_bytes()).await),
    ] {
        assert_eq!(got, status, "{problem}");
        check_problem(&problem, status);
    }
    let (status, problem) =
        send_json(app.get("/v1/frames?client_id=s&output_image_width=wide")).await;
    assert_eq!(
        (status, &problem["errors"][0]["loc"]),
        (422, &json!(["query", "output_image_width"]))
    );
    check_paths(&app).await;
    assert_eq!(trace(&app).await, before);
    app.stop_and_remove().await;
}

async fn check_paths(app: &TestApp) {
    for path in ["/v1/story/", "/v1/stories/", "/v1/story/slug/theirs"] {
        let (status, problem) = send_json(app.get(path)).await;
        assert_eq!(status, 422, "{path}");
        check_problem(&problem, 422);
    }
    for path in [
        "/v1/story?client_id=s&story_id=no-such",
        "/v1/story/slug/no-such?client_id=s",
        "/media/..%2f..%2fCargo.toml",
        "/media/../Cargo.toml",
        "/media/%2e%2e",
        "/media/a%00.png",
        "/media/%ff",
        "/media/a/b.png",
        "/v1/story/slug/a%00?client_id=s",
        "/v1/story/?client_id=s&story_id=%00",
        "/media/no-such.png",
        "/no/such/path",
    ] {
        let (status, problem) = send_json(app.get(path)).await;
        assert_eq!(status, 404, "{path}: {problem}");
        check_problem(&problem, 404);
    }
}

/// Returns request bodies, each with the expected status and the field that the problem names. `theirs` is a story of
/// another client.
fn cases(theirs: &Value) -> Vec<(Value, u16, &'static str)> {
    let truncated = &fixture("astronaut_640x480.jpg")[..26_000];
    vec![
        (json!({}), 422, "client_id"),
        (json!({"client_id": null}), 422, "client_id"),
        (json!({"client_id": "x".repeat(300)}), 422, "client_id"),
        (json!({"client_id": "a\u{0}b"}), 422, "client_id"),
        (json!({"client_id": ["s"]}), 422, "client_id"),
        (json!({"client_id": "s", "input_image": "%%%"}), 422, "input_image"),
        (
            json!({"client_id": "s", "input_image": encoded(b"just words, no picture")}),
            422,
            "input_image",
        ),
        (json!({"client_id": "s", "input_image": encoded(truncated)}), 422, "input_image"),
        (json!({"client_id": "s", "input_image": encoded(&huge_png())}), 422, "input_image"),
        (json!({"client_id": "s", "input_image": base64("speech.ogg")}), 422, "input_image"),
        (json!({"client_id": "s", "input_audio": photo()}), 422, "input_audio"),
        (
            json!({"client_id": "s", "output_image_format": "image/tiff"}),
            422,
            "output_image_format",
        ),
        (json!({"client_id": "s", "output_image_width": 0}), 422, "output_image_width"),
        (json!({"client_id": "s", "output_image_height": 4097}), 422, "output_image_height"),
        (json!({"client_id": "s", "output_image_dither": "lots"}), 422, "output_image_dither"),
        (json!({"client_id": "s", "debug": "maybe"}), 422, "debug"),
        (json!({"client_id": "s", "input_text": "x".repeat(20_001)}), 422, "input_text"),
        (json!({"client_id": "s", "strategy": "no-such"}), 422, "strategy"),
        (json!({"client_id": "s", "strategy": "a\u{0}b"}), 422, "strategy"),
        (
            json!({"client_id": "s", "input_audio": base64("speech_16k_mono.wav"),
            "input_audio_format": "audio/pcm;rate=8000"}),
            422,
            "input_audio_format",
        ),
        (json!({"client_id": "s", "story_id": "no-such"}), 404, ""),
        (json!({"client_id": "s", "story_id": "0197f2c4-5b1e-7c3a-9d1e-000000000000"}), 404, ""),
        (json!({"client_id": "s", "story_id": theirs}), 403, ""),
        (json!([1, 2]), 422, ""),
    ]
}

fn check_problem(problem: &Value, status: u16) {
    assert_eq!(problem["status"], status, "{problem}");
    assert_eq!(problem["type"], "about:blank");
    for name in ["title", "detail", "instance"] {
        assert!(problem[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {problem}");
    }
}

/// Returns all state that a request may change.
async fn trace(app: &TestApp) -> Vec<String> {
    let mut trace = [app.files("media"), app.files("input")].concat();
    for client_id in ["s", "another"] {
        let current = app.store.current_story(client_id).await.expect("read");
        let stories =
            app.store.stories_of_client(client_id, StoryPage::first(100)).await.expect("listed");
        trace.push(format!("{current:?} {stories:?}"));
    }
    trace.push(app.store.count_pending_tasks(100).await.expect("counted").to_string());
    trace
}

async fn an_unknown_field_is_passed_over(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let created = app
        .create_frame(json!({"client_id": "s", "strategy": "literal", "input_text": "Hm.", "colour": ["red"]}))
        .await;
    assert_eq!(created["story_frame_count"], 1);
    app.stop_and_remove().await;
}
