//! Commands to devices: who may send them, and who gets them.

use std::sync::Arc;

use calliope::domain::{Clock, ImageFormat, ScopeName};
use chrono::TimeDelta;
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::identity::{token, with_token};
use crate::on_both;
use crate::pages::told;
use crate::support::clock::ManualClock;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json, with_timeout};

on_both! {
    a_device_gets_each_command_once;
    a_device_that_waits_gets_a_command_at_once;
    a_command_is_for_its_day_and_the_last_one_counts;
    a_command_needs_an_admin_a_device_and_a_known_name;
}

pub async fn send(app: &TestApp, target: &str, command: &str) -> Value {
    let path = format!("/admin/api/{target}/commands");
    let (status, answer) = app.call("POST", &path, json!({"command": command})).await;
    assert_eq!(status, 200, "{target}: {answer}");
    assert_eq!(answer["command"], command);
    answer
}

pub async fn configure(app: &TestApp, resource: &str, body: Value) {
    let (status, made) = app.call("POST", &format!("/admin/api/{resource}"), body).await;
    assert_eq!(status, 201, "{made}");
}

pub async fn next(app: &TestApp, client_id: &str) -> (HeaderMap, Value) {
    let answer = app.get(&format!("/v2/clients/{client_id}/next")).send().await;
    let answer = answer.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    (answer.headers().clone(), answer.json().await.unwrap_or_default())
}

pub async fn command(app: &TestApp, client_id: &str) -> String {
    let (headers, frame) = next(app, client_id).await;
    let header = header_command(&headers);
    assert_eq!(frame["command"].as_str().unwrap_or_default(), header, "{frame}");
    header
}

pub fn header_command(headers: &HeaderMap) -> String {
    let command = headers.get("x-command").map(|name| name.to_str().expect("text"));
    command.unwrap_or_default().to_owned()
}

pub async fn etag(app: &TestApp, client_id: &str) -> String {
    let (headers, _) = next(app, client_id).await;
    headers["etag"].to_str().expect("text").to_owned()
}

pub async fn poll(app: &TestApp, client_id: &str, etag: &str, wait: u32) -> Response {
    let path = format!("/v2/clients/{client_id}/next?wait={wait}");
    let request = app.get(&path).header("if-none-match", etag);
    with_timeout(request.send()).await.expect("an answer")
}

pub async fn is_black(app: &TestApp, picture: &Value) -> bool {
    let file = app.get(picture["url"].as_str().expect("a URL")).send().await.expect("an answer");
    assert_eq!(file.status(), 200, "{picture}");
    let bytes = file.bytes().await.expect("a body");
    let format: ImageFormat =
        picture["format"].as_str().expect("a format").parse().expect("a format");
    let side = |name: &str| usize::try_from(picture[name].as_u64().expect("pixels")).expect("few");
    let pixels = side("width") * side("height");
    match format {
        ImageFormat::Rgb565 => {
            assert_eq!(bytes.len(), 2 * pixels);
            bytes.iter().all(|byte| *byte == 0)
        }
        ImageFormat::Grayscale16 => {
            assert_eq!(bytes.len(), pixels.div_ceil(2));
            bytes.iter().all(|byte| *byte == 0)
        }
        _ => {
            let decoded = calliope::imaging::decode(&bytes).expect("a picture");
            assert_eq!(decoded.width() as usize * decoded.height() as usize, pixels);
            decoded.pixels().all(|pixel| pixel.0 == [0, 0, 0])
        }
    }
}

async fn a_device_gets_each_command_once(database: TestDatabase) {
    let app = TestApp::start(database).await;
    told(&app, "s", "One.").await;
    told(&app, "other", "One.").await;
    let etag = etag(&app, "s").await;
    assert_eq!(poll(&app, "s", &etag, 0).await.status(), 304);
    let sent = send(&app, "sparrow-states/s", "identify").await;
    assert_eq!((&sent["client_id"], &sent["flock_id"]), (&json!("s"), &Value::Null));
    assert_eq!(sent["blackouts"], json!([]));
    assert_eq!(command(&app, "other").await, "", "it is another's");
    // A command is part of the answer, so the device that has the frame gets the answer, and no cache keeps it.
    let answer = poll(&app, "s", &etag, 0).await;
    assert_eq!((answer.status().as_u16(), &*header_command(answer.headers())), (200, "identify"));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["etag"], *etag);
    let frame: Value = answer.json().await.expect("JSON");
    assert_eq!((&frame["command"], &frame["text"]), (&json!("identify"), &json!("One.\n")));
    let answer = poll(&app, "s", &etag, 0).await;
    assert_eq!((answer.status().as_u16(), &*header_command(answer.headers())), (304, ""));

    // Of many polls at once, one gets it. What is sent first comes first.
    send(&app, "sparrow-states/s", "next").await;
    send(&app, "flock-configs/default", "identify").await;
    let polls = (0..8).map(|_| command(&app, "s"));
    let got = futures_util::future::join_all(polls).await;
    let count = |name: &str| got.iter().filter(|got| *got == name).count();
    assert_eq!((count("next"), count("identify"), count("")), (1, 1, 6), "{got:?}");
    assert_eq!(command(&app, "other").await, "identify", "each member gets it");

    // A device that posts gets it with its frame; one without a frame with the empty answer.
    send(&app, "sparrow-states/s", "next").await;
    let order = json!({"client_id": "s", "strategy": "literal", "input_text": "Two."});
    let answer = app.post_frame(&order).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), &*header_command(answer.headers())), (200, "next"));
    assert_eq!(command(&app, "s").await, "");
    configure(&app, "sparrow-configs", json!({"client_id": "new"})).await;
    send(&app, "sparrow-states/new", "next").await;
    for expected in ["identify", "next", ""] {
        let answer = app.get("/v2/clients/new/next").send().await.expect("an answer");
        assert_eq!(answer.status(), 204);
        assert_eq!(header_command(answer.headers()), expected);
    }
    app.stop_and_remove().await;
}

async fn a_device_that_waits_gets_a_command_at_once(database: TestDatabase) {
    let app = TestApp::start(database).await;
    told(&app, "s", "One.").await;
    configure(&app, "flock-configs", json!({"flock_id": "hall"})).await;
    configure(&app, "sparrow-configs", json!({"client_id": "s", "parent_flock_id": "hall"})).await;
    let etag = etag(&app, "s").await;
    for target in ["sparrow-states/s", "flock-configs/hall", "flock-configs/default"] {
        let waiting = poll(&app, "s", &etag, 60);
        let sending = async {
            // The command may be sent before the device waits: it gets it in either case.
            tokio::task::yield_now().await;
            send(&app, target, "identify").await;
        };
        let (answer, ()) = tokio::join!(waiting, sending);
        assert_eq!(header_command(answer.headers()), "identify", "{target}");
    }
    app.stop_and_remove().await;
}

async fn a_command_is_for_its_day_and_the_last_one_counts(database: TestDatabase) {
    let clock = ManualClock::new();
    let options =
        TestOptions { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    told(&app, "s", "One.").await;
    send(&app, "sparrow-states/s", "next").await;
    clock.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_eq!(command(&app, "s").await, "next");
    send(&app, "sparrow-states/s", "identify").await;
    clock.advance(TimeDelta::hours(24));
    assert_eq!(command(&app, "s").await, "", "it was meant for another day");
    // A device that was off learns what holds, not what was.
    for name in ["identify", "blackout", "identify", "resume"] {
        clock.advance(TimeDelta::seconds(1));
        send(&app, "sparrow-states/s", name).await;
    }
    assert_eq!(command(&app, "s").await, "identify");
    assert_eq!(command(&app, "s").await, "resume");
    assert_eq!(command(&app, "s").await, "");
    // A blackout holds after its command has expired, and after what has expired was removed.
    send(&app, "sparrow-states/s", "blackout").await;
    clock.advance(TimeDelta::days(3));
    app.app.ops().run_maintenance(clock.now()).await.expect("maintained");
    let (headers, frame) = next(&app, "s").await;
    assert_eq!(header_command(&headers), "");
    assert!(is_black(&app, &frame["image"]).await, "{frame}");
    assert_eq!(app.store.device_commands(uuid::Uuid::nil(), 9).await.expect("read").len(), 1);
    app.stop_and_remove().await;
}

async fn a_command_needs_an_admin_a_device_and_a_known_name(database: TestDatabase) {
    const KEY: &str = "a-shared-key-1234";
    let options = TestOptions { api_key: Some(KEY), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let device = token(&app, ScopeName::Device, Some("s"), None).await;
    let client = token(&app, ScopeName::Client, None, None).await;
    let order = json!({"client_id": "s", "strategy": "literal", "input_text": "One."});
    let frame = with_token(&app, &device, "POST", "/v1/frames").json(&order);
    assert_eq!(send_json(frame).await.0, 200);
    let send = |token: &str, target: &str, body: Value| {
        let path = format!("/admin/api/{target}/commands");
        send_json(with_token(&app, token, "POST", &path).json(&body))
    };
    let blackout = json!({"command": "blackout"});
    for target in ["sparrow-states/s", "flock-configs/default"] {
        for token in [&device, &client] {
            let (status, problem) = send(token, target, blackout.clone()).await;
            assert_eq!(status, 403, "{target}: {problem}");
        }
        for (body, field, reason) in [
            (json!({"command": "dance"}), "command", "`next`, `identify`, `blackout`, `resume`"),
            (json!({"command": "Blackout"}), "command", "`next`, `identify`, `blackout`, `resume`"),
            (json!({}), "command", "is missing"),
            (json!({"command": "next", "at": "noon"}), "at", "is not known here; leave it out"),
        ] {
            let (status, problem) = send(&admin, target, body).await;
            assert_eq!(status, 422, "{target}: {problem}");
            let error = &problem["errors"][0];
            assert_eq!(error["loc"], json!(["body", field]), "{problem}");
            assert!(error["msg"].as_str().is_some_and(|msg| msg.contains(reason)), "{problem}");
        }
    }
    for (target, sentence) in [
        (
            "sparrow-states/nobody",
            "This Sparrow was never seen and is not configured; check its client_id.",
        ),
        ("flock-configs/nothing", "There is no flock with this flock_id; check its spelling."),
        ("flock-configs/a%00b", "There is no flock with this flock_id; check its spelling."),
    ] {
        let (status, problem) = send(&admin, target, blackout.clone()).await;
        assert_eq!((status, &problem["detail"]), (404, &json!(sentence)), "{target}");
    }
    assert_eq!(app.store.device_commands(uuid::Uuid::nil(), 9).await.expect("read"), []);
    assert_eq!(send(&admin, "sparrow-states/s", blackout.clone()).await.0, 200);
    assert_eq!(send(&admin, "flock-configs/default", json!({"command": "resume"})).await.0, 200);
    let audit = send_json(with_token(&app, &admin, "GET", "/admin/api/audit?limit=2")).await.1;
    let row = |index: usize| {
        let row = &audit["items"][index];
        let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        [field("action"), field("resource"), field("resource_id")]
    };
    assert_eq!(row(0), ["resume", "flock-configs", "default"], "{audit}");
    assert_eq!(row(1), ["blackout", "sparrow-states", "s"], "{audit}");
    app.stop_and_remove().await;
}
