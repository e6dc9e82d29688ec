//! Device routes besides ordering frames: long polling for the newest frame, and telemetry reports.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, send_json, with_timeout};

on_both! {
    the_newest_frame_comes_in_the_devices_pixels_and_not_twice;
    a_picture_is_used_again_for_the_dithering_that_it_was_made_with;
    a_device_that_waits_gets_the_next_frame_as_it_is_told;
    a_device_that_follows_a_flock_gets_what_others_are_told;
    a_report_is_kept_and_shown_to_admins;
}

async fn frame(app: &TestApp, client: &str, text: &str) {
    app.create_frame(json!({"client_id": client, "strategy": "literal", "input_text": text})).await;
}

async fn the_newest_frame_comes_in_the_devices_pixels_and_not_twice(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let none = app.get("/v2/clients/s/next").send().await.expect("an answer");
    assert_eq!(none.status(), StatusCode::NO_CONTENT, "there is no frame yet");
    frame(&app, "s", "One.").await;
    let path = "/v2/clients/s/next/?output_image_format=rgb565&output_image_width=48&output_image_height=40";
    let first = app.get(path).send().await.expect("an answer");
    assert_eq!(first.status(), 200);
    let etag = first.headers()["etag"].to_str().expect("text").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    let first: Value = first.json().await.expect("JSON");
    assert_eq!((&first["number"], &first["text"]), (&json!(0), &json!("One.\n")));
    assert_eq!(first["next_wake_at"], Value::Null);
    let image = &first["image"];
    assert_eq!((&image["format"], &image["width"]), (&json!("image/rgb565"), &json!(48)));
    let pixels = app.get(&format!("/{}", image["url"].as_str().expect("a URL"))).send();
    assert_eq!(pixels.await.expect("an answer").bytes().await.expect("bytes").len(), 48 * 40 * 2);
    let again: Value = app.json(path).await;
    assert_eq!(again["image"], *image, "it is rendered once");

    let bare = etag.trim_matches('"');
    for known in [
        app.get(path).header("if-none-match", &etag),
        app.get(path).header("if-none-match", format!("\"x\", W/{etag}")),
        app.get(&format!("{path}&etag={bare}")),
    ] {
        let unchanged = known.send().await.expect("an answer");
        assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(unchanged.headers()["etag"], *etag);
        let size: usize =
            unchanged.headers().iter().map(|(n, v)| n.as_str().len() + v.len() + 4).sum();
        assert!(size < 900, "{size} bytes of headers");
        assert_eq!(unchanged.bytes().await.expect("no body").len(), 0);
    }
    let other =
        app.get("/v2/clients/s/next?output_image_format=png").header("if-none-match", &etag);
    assert_eq!(send_json(other).await.0, 200, "other pixels are another thing");
    frame(&app, "s", "Two.").await;
    let (status, next) = send_json(app.get(path).header("if-none-match", &etag)).await;
    assert_eq!((status, &next["number"]), (200, &json!(1)));
    for bad in [
        "wait=61",
        "wait=-1",
        "wait=x",
        "output_image_format=tiff",
        "output_image_width=0",
        "colour=1",
    ] {
        let (status, problem) = send_json(app.get(&format!("/v2/clients/s/next?{bad}"))).await;
        assert_eq!(status, 422, "{bad}: {problem}");
    }
    app.stop_and_remove().await;
}

async fn a_picture_is_used_again_for_the_dithering_that_it_was_made_with(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let order = |format: &str, dither: Option<&str>| {
        json!({"client_id": "s", "strategy": "literal", "input_text": "One.",
            "output_image_format": format, "output_image_dither": dither,
            "output_image_width": 48, "output_image_height": 40})
    };
    let next = async |query: &str| {
        let size = "output_image_width=48&output_image_height=40";
        let path = format!("/v2/clients/s/next?{size}&output_image_format={query}");
        app.json(&path).await["image"].clone()
    };
    let (dithered, plain) =
        ("rgb565&output_image_dither=floyd-steinberg", "rgb565&output_image_dither=none");
    let created = app.create_frame(order("rgb565", Some("floyd-steinberg"))).await;
    assert_eq!(next(dithered).await, created["frames"][0]["image"]);
    let other = next(plain).await;
    assert_ne!(other["url"], created["frames"][0]["image"]["url"]);
    assert_eq!(next("rgb565").await, other, "nothing is dithered unless it is asked for");

    let files = app.files("media").len();
    let path =
        format!("/v2/stories/{}/frames/0/illustrate", created["story_id"].as_str().expect("an id"));
    assert_eq!(app.call("POST", &format!("{path}?client_id=s"), Value::Null).await.0, 202);
    app.wait_until_idle().await;
    assert_eq!(app.files("media").len(), files - 1, "the picture that was rendered later is gone");
    next(dithered).await;
    assert_eq!(app.files("media").len(), files - 1, "the new picture is dithered too");
    next(plain).await;
    assert_eq!(app.files("media").len(), files);

    for format in ["png", "jpeg", "webp", "bmp", "rgb565", "grayscale16"] {
        let created = app.create_frame(order(format, None)).await;
        assert_eq!(next(format).await, created["frames"][0]["image"], "{format}");
    }
    app.stop_and_remove().await;
}

async fn a_device_that_waits_gets_the_next_frame_as_it_is_told(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let waiting = tokio::spawn(send_json(app.get("/v2/clients/s/next?wait=60")));
    let started = Instant::now();
    frame(&app, "s", "One.").await;
    let (status, first) = with_timeout(waiting).await.expect("joined");
    assert_eq!((status, &first["number"]), (200, &json!(0)));
    let current = app.get("/v2/clients/s/next").send().await.expect("an answer");
    let etag = current.headers()["etag"].to_str().expect("text").trim_matches('"').to_owned();
    let path = format!("/v2/clients/s/next?wait=60&etag={etag}");
    let waiting = tokio::spawn(send_json(app.get(&path)));
    frame(&app, "another", "Not for s.").await;
    app.put("/v1/story/reset?client_id=s").send().await.expect("an answer");
    frame(&app, "s", "A new story.").await;
    let (status, next) = with_timeout(waiting).await.expect("joined");
    assert_eq!((status, &next["text"]), (200, &json!("A new story.\n")));
    assert!(started.elapsed() < Duration::from_secs(50), "nobody waited for the end");

    let current = app.get("/v2/clients/s/next").send().await.expect("an answer");
    let etag = current.headers()["etag"].to_str().expect("text").trim_matches('"').to_owned();
    let waiting = tokio::spawn(app.get(&format!("/v2/clients/s/next?wait=60&etag={etag}")).send());
    app.json("/v2/clients/s/next").await;
    app.shutdown.cancel();
    let ended = with_timeout(waiting).await.expect("joined");
    assert!(
        ended.is_err() || ended.is_ok_and(|response| response.status() == 304),
        "a stop ends the wait"
    );
    app.stop_and_remove().await;
}

async fn a_device_that_follows_a_flock_gets_what_others_are_told(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let flock = json!({"flock_id": "pair", "parameters": {"strategy": "literal"}});
    assert_eq!(app.call("POST", "/admin/api/flock-configs", flock).await.0, 201);
    for client_id in ["left", "right"] {
        let sparrow =
            json!({"client_id": client_id, "parent_flock_id": "pair", "follow_parent_story": true});
        assert_eq!(app.call("POST", "/admin/api/sparrow-configs", sparrow).await.0, 201);
    }
    frame(&app, "left", "One.").await;
    let current = app.get("/v2/clients/right/next").send().await.expect("an answer");
    assert_eq!(current.status(), 200, "the story is the flock's");
    let etag = current.headers()["etag"].to_str().expect("text").trim_matches('"').to_owned();
    let waiting =
        tokio::spawn(send_json(app.get(&format!("/v2/clients/right/next?wait=60&etag={etag}"))));
    frame(&app, "left", "Two.").await;
    let (status, next) = with_timeout(waiting).await.expect("joined");
    assert_eq!((status, &next["text"]), (200, &json!("Two.\n")));
    app.stop_and_remove().await;
}

async fn a_report_is_kept_and_shown_to_admins(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let path = "/v2/clients/a%20b%2Fc/telemetry";
    let report = json!({
        "battery_mv": 3712, "battery_percent": 61.5, "rssi_dbm": -67, "free_heap_bytes": 143_360,
        "firmware": "sparrow 2.1 ü", "wake_reason": "timer", "extra": {"lux": [1, 2]},
    });
    assert_eq!(app.call("POST", path, report.clone()).await, (204, json!("")));
    assert_eq!(app.call("POST", path, json!({})).await.0, 204, "a sign of life is enough");
    let history = app.json(&format!("{path}?limit=1")).await;
    assert_eq!(history["items"][0]["battery_mv"], Value::Null);
    let cursor = history["next_cursor"].as_str().expect("a cursor");
    let mut first = app.json(&format!("{path}?cursor={cursor}")).await["items"][0].clone();
    let when = first.as_object_mut().and_then(|item| item.remove("date_created"));
    assert!(when.is_some_and(|when| when.is_string()));
    assert_eq!(first, report);
    for (body, field) in [
        (json!({"battery_mv": -1}), "battery_mv"),
        (json!({"battery_mv": "full"}), "battery_mv"),
        (json!({"battery_percent": 100.5}), "battery_percent"),
        (json!({"rssi_dbm": 51}), "rssi_dbm"),
        (json!({"free_heap_bytes": -1}), "free_heap_bytes"),
        (json!({"firmware": "x".repeat(201)}), "firmware"),
        (json!({"wake_reason": "a\nb"}), "wake_reason"),
        (json!({"extra": {"x": "y".repeat(4096)}}), "extra"),
        (json!({"extra": {"x": "\0"}}), "extra"),
        (json!({"extra": [1]}), "extra"),
        (json!({"temperature": 1}), "temperature"),
    ] {
        let (status, problem) = app.call("POST", path, body).await;
        assert_eq!((status, &problem["errors"][0]["loc"][1]), (422, &json!(field)), "{problem}");
    }
    frame(&app, "plain", "One.").await;
    let listed = app.json("/admin/api/sparrow-states").await;
    assert_eq!(listed["items"][0]["client_id"], "a b/c");
    assert!(listed["items"][0]["last_seen"].is_string());
    assert_eq!(listed["items"][0]["telemetry"]["battery_mv"], Value::Null, "the latest");
    assert_eq!(listed["items"][1]["telemetry"], Value::Null);
    assert!(
        listed["items"][1]["last_seen"].is_string()
            && listed["items"][1]["current_story_id"].is_string()
    );
    assert_eq!(app.json("/admin/api/sparrow-states?q=LAI").await["items"][0]["client_id"], "plain");
    assert_eq!(app.json("/admin/api/sparrow-states/a%20b%2Fc").await["client_id"], "a b/c");
    assert_eq!(send_json(app.get("/admin/api/sparrow-states/never")).await.0, 404);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_than_five_hundred_reports_are_kept() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    for number in 0..503 {
        let report = json!({"battery_mv": number});
        assert_eq!(app.call("POST", "/v2/clients/s/telemetry", report).await.0, 204);
    }
    let reports = app.store.telemetry_reports("s", i64::MAX, 1000).await.expect("read");
    let first = reports.last().map(|report| report.battery_mv);
    assert_eq!((reports.len(), first), (500, Some(Some(3))));
    app.stop_and_remove().await;
}
