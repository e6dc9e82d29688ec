//! Blackouts: of a Sparrow and of a flock, on walls, on pages, and in pictures of every format.

use std::sync::Arc;

use calliope::domain::{Clock, ImageFormat};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::commands::{command, configure, etag, is_black, next, poll, send};
use crate::on_both;
use crate::pages::{Browser, told};
use crate::support::clock::ManualClock;
use crate::support::gated_image_model::gated_image_model;
use crate::support::sse::SseStream;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json, with_timeout};

on_both! {
    the_blackout_of_a_flock_is_not_ended_by_its_members;
    a_blackout_is_black_in_every_format_and_tells_nothing;
    a_frame_that_ends_in_a_blackout_is_kept_and_not_shown;
    a_blackout_stops_the_schedule_and_outlasts_a_restart;
    walls_are_black_at_once_and_come_back;
    the_browser_sparrow_is_black_too;
}

#[expect(clippy::too_many_lines, reason = "one evening of a museum")]
async fn the_blackout_of_a_flock_is_not_ended_by_its_members(database: TestDatabase) {
    let app = TestApp::start(database).await;
    configure(&app, "flock-configs", json!({"flock_id": "museum"})).await;
    configure(&app, "flock-configs", json!({"flock_id": "hall", "parent_flock_id": "museum"}))
        .await;
    for (client_id, flock_id, is_private) in [("door", "hall", false), ("safe", "museum", true)] {
        let sparrow = json!({"client_id": client_id, "parent_flock_id": flock_id,
            "is_private": is_private});
        configure(&app, "sparrow-configs", sparrow).await;
    }
    for client_id in ["door", "safe", "street"] {
        told(&app, client_id, "A guest.").await;
    }
    let is_dark = async |client_id: &str| {
        let (_, frame) = next(&app, client_id).await;
        let is_dark = is_black(&app, &frame["image"]).await;
        assert_eq!(frame["text"] == "\n", is_dark, "{frame}");
        is_dark
    };
    let sent = send(&app, "flock-configs/museum", "blackout").await;
    assert_eq!((&sent["flock_id"], &sent["client_id"]), (&json!("museum"), &Value::Null));
    assert_eq!(sent["blackouts"], json!(["flock museum"]));
    assert_eq!(command(&app, "door").await, "blackout");
    for (client_id, expected) in [("door", true), ("safe", true), ("street", false)] {
        assert_eq!(is_dark(client_id).await, expected, "{client_id}");
    }
    let config = app.json("/v2/clients/door/config").await;
    assert_eq!(config["blackouts"], json!(["flock museum"]));
    // Neither the Sparrow nor the flock below ends it, and the device is not told that it has ended.
    for target in ["sparrow-states/door", "flock-configs/hall"] {
        let sent = send(&app, target, "resume").await;
        assert_eq!(sent["blackouts"], json!(["flock museum"]), "{target}");
        assert_eq!(command(&app, "door").await, "", "{target}");
        assert!(is_dark("door").await);
    }
    // Each blackout has its own end.
    send(&app, "sparrow-states/door", "blackout").await;
    assert_eq!(send(&app, "flock-configs/museum", "resume").await["blackouts"], json!([]));
    assert_eq!(command(&app, "safe").await, "resume");
    assert!(is_dark("door").await && !is_dark("safe").await);
    assert_eq!(send(&app, "sparrow-states/door", "resume").await["blackouts"], json!([]));
    assert!(!is_dark("door").await);
    // Who joins is black as well; the flock `default` has everybody; a flock takes its blackout with it.
    send(&app, "flock-configs/museum", "blackout").await;
    let sparrow = json!({"client_id": "street", "parent_flock_id": "museum"});
    configure(&app, "sparrow-configs", sparrow).await;
    assert!(is_dark("street").await);
    let flocks = "/admin/api/sparrow-configs";
    for client_id in ["street", "safe"] {
        let path = format!("{flocks}/{client_id}");
        assert_eq!(app.call("PATCH", &path, json!({"parent_flock_id": null})).await.0, 200);
        assert!(!is_dark(client_id).await);
    }
    let hall = "/admin/api/flock-configs/hall";
    assert_eq!(app.call("PATCH", hall, json!({"parent_flock_id": null})).await.0, 200);
    assert_eq!(app.call("DELETE", "/admin/api/flock-configs/museum", Value::Null).await.0, 204);
    configure(&app, "flock-configs", json!({"flock_id": "museum"})).await;
    let patch = json!({"parent_flock_id": "museum"});
    assert_eq!(app.call("PATCH", &format!("{flocks}/street"), patch).await.0, 200);
    assert!(!is_dark("street").await);
    send(&app, "flock-configs/default", "blackout").await;
    for client_id in ["door", "safe", "street"] {
        assert!(is_dark(client_id).await, "{client_id}");
    }
    app.stop_and_remove().await;
}

#[expect(clippy::too_many_lines, reason = "one blackout from its beginning to its end")]
async fn a_blackout_is_black_in_every_format_and_tells_nothing(database: TestDatabase) {
    let (model, registry) = gated_image_model();
    model.release.add_permits(1000);
    let options = TestOptions { registry: Some(registry), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let (_, story) = told(&app, "s", "One.").await;
    configure(&app, "sparrow-configs", json!({"client_id": "new"})).await;
    let made = model.started.available_permits();
    send(&app, "flock-configs/default", "blackout").await;
    for format in ["png", "jpeg", "webp", "bmp", "rgb565", "grayscale16"] {
        for (width, height) in [(48, 41), (33, 20)] {
            let order = json!({"client_id": "s", "strategy": "literal", "input_text": "Two.",
                "output_image_format": format, "output_image_width": width,
                "output_image_height": height, "output_image_dither": "floyd-steinberg"});
            let answer = app.create_frame(order).await;
            let frames = answer["frames"].as_array().expect("frames");
            assert_eq!(frames.len(), 1, "{answer}");
            let frame = &frames[0];
            let size = (&frame["image"]["width"], &frame["image"]["height"]);
            assert_eq!(size, (&json!(width), &json!(height)), "{format}");
            let named: ImageFormat = format.parse().expect("a format");
            assert_eq!(frame["image"]["format"], named.media_type());
            for picture in ["image", "source_image"] {
                assert!(is_black(&app, &frame[picture]).await, "{format} {picture}");
            }
            assert_eq!(
                (&frame["text"], &frame["min_duration_seconds"]),
                (&json!("\n"), &json!(20))
            );
            assert_eq!(
                (&answer["story_id"], &answer["story_frame_count"]),
                (&json!(story), &json!(1))
            );
            let note = "A blackout of the flock default is on, so no frame was told.";
            assert_eq!(answer["errors"], json!([note]));
            let query = format!(
                "output_image_format={format}&output_image_width={width}&output_image_height={height}"
            );
            let next = app.json(&format!("/v2/clients/s/next?{query}")).await;
            assert_eq!(next["image"], frame["image"], "it is stored once");
            assert_eq!((&next["number"], &next["text"]), (&json!(0), &json!("\n")));
        }
    }
    // A client without a story gets black, too, and its first frame afterwards.
    let order = |client_id: &str| json!({"client_id": client_id, "strategy": "literal", "input_text": "One."});
    let first = app.create_frame(order("new")).await;
    assert_eq!(first["story_frame_count"], 0, "{first}");
    assert!(is_black(&app, &first["frames"][0]["image"]).await);
    // Version 2 answers alike, except that no story is begun.
    let more = json!({"snippets": [{"snippet_type": "text", "content": "Three."}]});
    let path = format!("/v2/stories/{story}/frames?client_id=s");
    let (status, ordered) = app.call("POST", &path, more.clone()).await;
    assert_eq!(status, 202, "{ordered}");
    let task =
        app.json(&format!("/v2/tasks/{}", ordered["task_id"].as_str().expect("an id"))).await;
    assert_eq!(task["status"], "completed");
    assert!(is_black(&app, &task["result"]["frames"][0]["image"]).await);
    let (status, refused) = app.call("POST", "/v2/stories?client_id=s", more).await;
    let detail = "A blackout of the flock default is on; begin the story once an admin has ended it with the command resume.";
    assert_eq!((status, &refused["detail"]), (409, &json!(detail)));
    assert_eq!(model.started.available_permits(), made, "no picture was made");
    let frames = app.json(&format!("/v2/stories/{story}?client_id=s&include_frames=true")).await;
    assert_eq!(frames["frames"].as_array().map(Vec::len), Some(1), "{frames}");
    // An image that is asked for again is found, also after the orphans were removed.
    app.app.ops().run_maintenance(app.clock.now()).await.expect("maintained");
    assert!(is_black(&app, &first["frames"][0]["image"]).await);
    send(&app, "flock-configs/default", "resume").await;
    let answer = app.create_frame(order("new")).await;
    assert_eq!(answer["story_frame_count"], 1, "{answer}");
    assert!(!is_black(&app, &answer["frames"][0]["image"]).await);
    let (_, frame) = next(&app, "s").await;
    assert_eq!(frame["text"], "One.\n");
    app.stop_and_remove().await;
}

async fn a_frame_that_ends_in_a_blackout_is_kept_and_not_shown(database: TestDatabase) {
    let (model, registry) = gated_image_model();
    let options = TestOptions { registry: Some(registry), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let order = json!({"client_id": "s", "strategy": "literal", "input_text": "One.",
        "output_image_format": "rgb565", "output_image_width": 48});
    let telling = tokio::spawn(send_json(app.post_frame(&order)));
    model.started.acquire().await.expect("it is painted").forget();
    send(&app, "sparrow-states/s", "blackout").await;
    model.release.add_permits(1000);
    let (status, answer) = with_timeout(telling).await.expect("joined");
    assert_eq!(status, 200, "{answer}");
    let frame = &answer["frames"][0];
    assert_eq!((&frame["text"], &frame["image"]["width"]), (&json!("\n"), &json!(48)));
    for picture in ["image", "source_image"] {
        assert!(is_black(&app, &frame[picture]).await, "{picture}: {frame}");
    }
    send(&app, "sparrow-states/s", "resume").await;
    let (_, frame) = next(&app, "s").await;
    assert_eq!((&frame["text"], &frame["number"]), (&json!("One.\n"), &json!(0)));
    assert!(!is_black(&app, &frame["image"]).await);
    app.stop_and_remove().await;
}

async fn a_blackout_stops_the_schedule_and_outlasts_a_restart(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let steps: Vec<Value> = (0..3)
        .map(|step| json!({"trigger": {"type": "on_sound"}, "min_duration_seconds": step}))
        .collect();
    let schedule = json!({"repeat": true, "steps": steps});
    configure(&app, "sparrow-configs", json!({"client_id": "s", "schedule": schedule})).await;
    let order = json!({"client_id": "s", "strategy": "literal", "input_text": "One.",
        "trigger": "sound"});
    app.create_frame(order.clone()).await;
    let step =
        async |app: &TestApp| app.json("/v2/clients/s/config").await["schedule"]["step"].clone();
    let before = step(&app).await;
    let etag = etag(&app, "s").await;
    send(&app, "sparrow-states/s", "blackout").await;
    let answer = app.create_frame(order.clone()).await;
    assert!(is_black(&app, &answer["frames"][0]["image"]).await);
    assert_eq!(answer["frames"][0]["trigger_condition"], Value::Null, "it asks again by itself");
    assert_eq!(step(&app).await, before, "no step passes unseen");

    let app = TestApp::start(app.stop().await).await;
    let black = poll(&app, "s", &etag, 0).await;
    assert_eq!(black.status(), 200, "the picture is another one");
    let (black_etag, frame) = (black.headers()["etag"].clone(), black.json::<Value>().await);
    assert!(is_black(&app, &frame.expect("JSON")["image"]).await);
    let black_etag = black_etag.to_str().expect("text");
    assert_eq!(poll(&app, "s", black_etag, 0).await.status(), 304);
    let (answer, _) =
        tokio::join!(poll(&app, "s", black_etag, 60), send(&app, "sparrow-states/s", "resume"));
    assert_eq!(answer.status(), 200);
    // The command may have come before the picture.
    let frame = next(&app, "s").await.1;
    assert_eq!((&frame["text"], is_black(&app, &frame["image"]).await), (&json!("One.\n"), false));
    app.create_frame(order).await;
    assert_ne!(step(&app).await, before);
    app.stop_and_remove().await;
}

async fn hear(stream: &mut SseStream) -> Value {
    stream.read_until(|event| event.event == "command").await.pop().expect("an event").data
}

/// Starts with the hall in the museum, two Sparrows in the hall, and one outside.
async fn start_museum(database: TestDatabase) -> (TestApp, Arc<ManualClock>) {
    let clock = ManualClock::new();
    let options =
        TestOptions { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let evening = json!({"weekly": [{"from": "13:00", "until": "14:00", "sleep": true}]});
    configure(&app, "flock-configs", json!({"flock_id": "museum", "schedule": evening})).await;
    configure(&app, "flock-configs", json!({"flock_id": "hall", "parent_flock_id": "museum"}))
        .await;
    for client_id in ["door", "follower"] {
        let sparrow = json!({"client_id": client_id, "parent_flock_id": "hall",
            "follow_parent_story": client_id == "follower"});
        configure(&app, "sparrow-configs", sparrow).await;
    }
    told(&app, "door", "A guest.").await;
    told(&app, "street", "A car.").await;
    (app, clock)
}

async fn walls_are_black_at_once_and_come_back(database: TestDatabase) {
    let (app, clock) = start_museum(database).await;
    let mut browser = Browser::new(&app);
    let mut classes = async |wall: &str| {
        let page = browser.open(&format!("/wall/{wall}")).await.text;
        let tag = page.split("<calliope-wall").nth(1).and_then(|rest| rest.split('>').next());
        let tag = tag.expect("a wall").to_owned();
        let class = tag.split("class=\"").nth(1).and_then(|rest| rest.split('"').next());
        (class.unwrap_or_default().to_owned(), tag.contains("data-changes"))
    };
    let names = ["museum", "hall", "door", "follower", "street", "default"];
    let mut streams = Vec::new();
    for wall in names {
        streams.push(SseStream::open(app.get(&format!("/wall/{wall}/events"))).await);
    }
    let mut events = SseStream::open(app.get("/v2/events?client_id=door")).await;
    for (command, class) in [("blackout", "dark"), ("resume", ""), ("identify", "identified")] {
        send(&app, "flock-configs/museum", command).await;
        assert_eq!(hear(&mut events).await, json!({"command": command}));
        for (wall, stream) in names.iter().zip(&mut streams).take(4) {
            assert_eq!(hear(stream).await, json!({"command": command}), "{wall}");
            let (shown, changes) = classes(wall).await;
            assert_eq!(shown, class, "{wall} after {command}");
            // A blackout does not end by itself when the schedule changes.
            assert_eq!(changes, command != "blackout", "{wall} after {command}");
        }
        for wall in ["street", "default"] {
            assert_eq!(classes(wall).await.0, "", "{wall} after {command}");
        }
    }
    clock.advance(TimeDelta::seconds(10));
    assert_eq!(classes("hall").await.0, "", "its name is shown for a moment only");
    // The blackout of a Sparrow is that of its own wall.
    send(&app, "sparrow-states/door", "blackout").await;
    for stream in &mut streams[1..3] {
        assert_eq!(hear(stream).await, json!({"command": "blackout"}));
    }
    for (wall, class) in [("door", "dark"), ("follower", ""), ("hall", ""), ("museum", "")] {
        assert_eq!(classes(wall).await.0, class, "{wall}");
    }
    // The walls of others heard of none of these; those of everybody did not hear of the museum.
    told(&app, "street", "Another car.").await;
    let heard = streams[4].read_until(|event| event.event == "frame").await;
    assert!(heard.iter().all(|event| event.event != "command"), "{heard:?}");
    send(&app, "flock-configs/default", "blackout").await;
    for (wall, stream) in names.iter().zip(&mut streams) {
        hear(stream).await;
        assert_eq!(classes(wall).await.0, "dark", "{wall}");
    }
    app.stop_and_remove().await;
}

async fn the_browser_sparrow_is_black_too(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let mut browser = Browser::new(&app);
    let began = browser.submit("/", &[("words", "A lamp."), ("storyteller", "literal")]).await;
    assert_eq!(began.status, 303, "{}", began.text);
    let lit = browser.open("/").await.text;
    assert!(lit.contains("A lamp.") && !lit.contains("art bare black"), "{lit}");
    send(&app, "flock-configs/default", "blackout").await;
    let black = browser.open("/").await.text;
    assert!(black.contains("art bare black") && !black.contains("src=\"/media/"), "{black}");
    let sent = browser.submit("/", &[("words", "A second lamp.")]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let refused = browser.submit("/", &[("words", "A boat."), ("new", "yes")]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("A blackout of the flock default is on"), "{}", refused.text);
    send(&app, "flock-configs/default", "resume").await;
    let lit = browser.open("/").await.text;
    assert!(lit.contains("A lamp.") && !lit.contains("A second lamp."), "{lit}");
    app.stop_and_remove().await;
}
