//! Attachments of a frame: the narration of its text and a video of its picture, made with the frame or later.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use calliope::app::ModelDefaults;
use calliope::settings;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::failures::good_answer;
use super::support::clock::ManualClock;
use super::support::provider::{FakeProvider, RecordedRequest, Reply};
use super::support::sse::{SseEvent, SseStream};
use super::support::{TestApp, TestDatabase, TestOptions, fixture, pause, with_timeout};
use super::{Capability, KEY, log, registry};
use crate::on_both;

on_both! {
    a_frame_is_spoken_and_filmed;
    a_voice_that_fails_comes_later;
    what_nobody_makes_is_told;
    edited_words_are_spoken_again_and_a_branch_keeps_its_voice;
}

fn model_defaults() -> ModelDefaults {
    let openai = |name: &str| Some(format!("openai/{name}"));
    let models = settings::ModelSettings {
        text: openai("teller"),
        image: openai("gpt-image-1"),
        speech: openai("gpt-4o-mini-tts"),
        video: Some("runway/gen4_turbo".to_owned()),
        speech_seconds: 5,
        ..settings::ModelSettings::default()
    };
    ModelDefaults::from_settings(&models, &settings::ProviderSettings::default())
}

/// Answers every request that is not for speech or video.
fn answer_other(request: &RecordedRequest) -> Reply {
    match request.path.as_str() {
        "/images/generations" => Reply::ok(good_answer(Capability::Image)),
        "/audio/speech" => Reply::File(200, "audio/mpeg", fixture("speech.mp3")),
        "/film.mp4" => Reply::File(200, "video/mp4", fixture("film.mp4")),
        _ => Reply::ok(good_answer(Capability::Text)),
    }
}

async fn start(database: TestDatabase, url: &str) -> (TestApp, std::sync::Arc<ManualClock>) {
    let clock = ManualClock::new();
    let options = TestOptions {
        registry: Some(registry(url)),
        choices: model_defaults(),
        clock: clock.clone(),
        ..TestOptions::default()
    };
    (TestApp::start_with(database, options).await, clock)
}

/// Reads events while the clock runs fast, until one matches.
async fn wait_for_event(
    stream: &mut SseStream,
    clock: &ManualClock,
    what: impl Fn(&SseEvent) -> bool,
) -> Vec<SseEvent> {
    let passing = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        loop {
            ticks.tick().await;
            clock.advance(TimeDelta::seconds(1));
        }
    };
    tokio::select! {
        event = with_timeout(stream.read_until(what)) => event,
        () = passing => unreachable!("time does not end"),
    }
}

fn is_frame_with(event: &SseEvent, name: &str) -> bool {
    event.event == "frame" && event.data[name].is_object()
}

fn posts(provider: &FakeProvider, path: &str) -> Vec<Value> {
    let all = provider.received().into_iter();
    all.filter(|request| request.path == path && request.method == "POST")
        .map(|a| a.json())
        .collect()
}

#[expect(
    clippy::too_many_lines,
    reason = "one frame's voice and films, from the wish to their end"
)]
async fn a_frame_is_spoken_and_filmed(database: TestDatabase) {
    log::capture();
    let looks = AtomicUsize::new(0);
    let provider = FakeProvider::start(move |_, request| match request.path.as_str() {
        "/v1/image_to_video" => Reply::ok(json!({"id": "t-1"})),
        "/v1/tasks/t-1" => match looks.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::ok(json!({"id": "t-1", "status": "THROTTLED"})),
            1 => Reply::status(502, json!(null)),
            2 => Reply::ok(json!({"id": "t-1", "status": "RUNNING", "progress": 0.5})),
            _ => {
                let video_url =
                    format!("http://{}/film.mp4", request.header("host").expect("a host"));
                Reply::ok(json!({"id": "t-1", "status": "SUCCEEDED", "output": [video_url]}))
            }
        },
        _ => answer_other(request),
    })
    .await;
    let (app, clock) = start(database, &provider.url).await;
    let mut stream = SseStream::open(app.get("/v2/events/?client_id=s")).await;
    let response = app
        .create_frame(json!({"client_id": "s", "strategy": "continuous-v1", "narrate": true,
            "narration_voice": "sage", "generate_video": "true"}))
        .await;
    assert_eq!(response["errors"], json!([]));
    let (frame, story) = (&response["frames"][0], response["story_id"].as_str().expect("an id"));
    assert_eq!(frame["video"], Value::Null, "it comes later");
    assert_eq!(frame["audio"]["format"], "audio/mpeg");
    assert!(frame["audio"]["duration_seconds"].as_f64().is_some_and(|long| long > 4.0), "{frame}");
    let voice = frame["audio"]["url"].as_str().expect("a URL").to_owned();
    let played = app.get(&format!("/{voice}")).send().await.expect("an answer");
    assert_eq!(played.headers()["content-type"], "audio/mpeg");
    assert_eq!(played.bytes().await.expect("bytes"), fixture("speech.mp3"));
    let request = posts(&provider, "/audio/speech").remove(0);
    let text = frame["text"].as_str().expect("a text").trim();
    assert_eq!(
        request,
        json!({"model": "gpt-4o-mini-tts", "input": text, "voice": "sage", "response_format": "mp3"})
    );

    let events = wait_for_event(&mut stream, &clock, |event| is_frame_with(event, "video")).await;
    let video = &events.last().expect("an event").data["video"];
    assert_eq!(
        (&video["format"], &video["width"], &video["height"]),
        (&json!("video/mp4"), &json!(64), &json!(48))
    );
    let path = format!("/v2/stories/{story}/frames/0");
    let read = app.json(&path).await;
    assert_eq!((&read["video"], &read["audio"]), (video, &frame["audio"]));
    let first = video["url"].as_str().expect("a URL").to_owned();
    let played = app.get(&format!("/{first}")).send().await.expect("an answer");
    assert_eq!(played.bytes().await.expect("bytes"), fixture("film.mp4"));
    let requests = posts(&provider, "/v1/image_to_video");
    assert_eq!(requests.len(), 1, "however often it was looked after");
    assert_eq!((&requests[0]["ratio"], &requests[0]["duration"]), (&json!("1104:832"), &json!(5)));
    let begins = requests[0]["promptImage"].as_str().expect("a picture");
    assert!(begins.starts_with("data:image/jpeg;base64,"), "{}", &begins[..40]);
    let runway = provider.received().into_iter().filter(|request| request.path.starts_with("/v1/"));
    assert!(
        runway.into_iter().all(|request| request.header("x-runway-version") == Some("2024-11-06")),
        "each request names the version"
    );

    // A new picture gets a new video.
    let redrawn = app.call("POST", &format!("{path}/illustrate?client_id=s"), Value::Null).await;
    assert_eq!(redrawn.0, 202, "{}", redrawn.1);
    wait_for_event(&mut stream, &clock, |event| is_frame_with(event, "video")).await;
    let read = app.json(&path).await;
    assert_ne!(read["video"]["url"], first);
    assert_eq!(read["audio"], frame["audio"]);
    // Removing the frame removes its attachments.
    let removed = app.call("DELETE", &format!("{path}?client_id=s"), Value::Null).await;
    assert_eq!(removed.0, 204, "{}", removed.1);
    with_timeout(async {
        while !app.files("media").is_empty() {
            pause().await;
        }
    })
    .await;
    app.stop_and_remove().await;
    log::assert_absent(&[KEY, "data:image"]);
}

async fn a_voice_that_fails_comes_later(database: TestDatabase) {
    let spoken = AtomicUsize::new(0);
    let provider = FakeProvider::start(move |_, request| match request.path.as_str() {
        "/audio/speech" if spoken.fetch_add(1, Ordering::SeqCst) < 4 => {
            Reply::status(503, json!({"error": {"message": "overloaded"}}))
        }
        "/v1/image_to_video" => Reply::status(401, json!(null)),
        _ => answer_other(request),
    })
    .await;
    let (app, clock) = start(database, &provider.url).await;
    let mut stream = SseStream::open(app.get("/v2/events/?client_id=s")).await;
    let response = app
        .create_frame(json!({"client_id": "s", "strategy": "continuous-v1", "narrate": true,
            "generate_video": true}))
        .await;
    assert_eq!(response["frames"][0]["audio"], Value::Null);
    let note = response["errors"][0].as_str().expect("a note");
    assert!(
        note.starts_with(
            "The text is not spoken yet, because the OpenAI-compatible server failed:"
        ) && note.ends_with("it is tried again."),
        "{note}"
    );
    let events = wait_for_event(&mut stream, &clock, |event| is_frame_with(event, "audio")).await;
    let audio = &events.last().expect("an event").data["audio"];
    let story = response["story_id"].as_str().expect("an id");
    assert_eq!(&app.json(&format!("/v2/stories/{story}/frames/0")).await["audio"], audio);
    let failed = if events.iter().any(|event| event.data["status"] == "failed") {
        events
    } else {
        wait_for_event(&mut stream, &clock, |event| event.data["status"] == "failed").await
    };
    let failed = failed.iter().find(|event| event.data["status"] == "failed").expect("an event");
    let id = failed.data["id"].as_str().expect("an id");
    let task = app.json(&format!("/v2/tasks/{id}?client_id=s")).await;
    assert_eq!(
        (&task["task_type"], &task["error"]),
        (&json!("film_frame"), &json!("No video was made, because Runway did not accept its key."))
    );
    let status = app.json(&format!("/v2/stories/{story}")).await;
    assert_eq!(status["status"]["error"], Value::Null, "the story itself is well");
    app.stop_and_remove().await;
}

async fn what_nobody_makes_is_told(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let response =
        app.create_frame(json!({"client_id": "s", "narrate": true, "generate_video": true})).await;
    assert_eq!(
        response["errors"],
        json!([
            "The text was not spoken, because no voice is configured.",
            "No video is made, because no video model is configured."
        ])
    );
    assert_eq!(
        (&response["frames"][0]["video"], &response["frames"][0]["audio"]),
        (&Value::Null, &Value::Null)
    );
    app.stop_and_remove().await;
}

async fn edited_words_are_spoken_again_and_a_branch_keeps_its_voice(database: TestDatabase) {
    let provider = FakeProvider::start(move |_, request| answer_other(request)).await;
    let (app, clock) = start(database, &provider.url).await;
    let mut stream = SseStream::open(app.get("/v2/events/?client_id=s")).await;
    let response = app
        .create_frame(json!({"client_id": "s", "strategy": "continuous-v1", "narrate": true,
            "narration_voice": "sage"}))
        .await;
    let story = response["story_id"].as_str().expect("an id");
    let first = response["frames"][0]["audio"]["url"].as_str().expect("a URL").to_owned();
    let branch = format!("/v2/stories/{story}/branch?client_id=t");
    let (status, branch) = app.call("POST", &branch, json!({"after": 0})).await;
    assert_eq!(status, 201, "{branch}");
    let branch = branch["story_id"].as_str().expect("an id");
    let path = format!("/v2/stories/{story}/frames/0?client_id=s");
    let (status, edited) = app.call("PATCH", &path, json!({"text": "A lamp."})).await;
    assert_eq!((status, &edited["audio"]), (200, &Value::Null), "it spoke other words: {edited}");
    wait_for_event(&mut stream, &clock, |event| is_frame_with(event, "audio")).await;
    let request = posts(&provider, "/audio/speech").pop().expect("a request");
    assert_eq!((&request["input"], &request["voice"]), (&json!("A lamp."), &json!("sage")));
    let second = app.json(&path).await["audio"]["url"].as_str().expect("a URL").to_owned();
    assert_ne!(second, first);
    let kept = app.json(&format!("/v2/stories/{branch}/frames/0")).await;
    assert_eq!(kept["audio"]["url"], first);
    let removed =
        app.call("DELETE", &format!("/v2/stories/{story}?client_id=s"), json!(null)).await;
    assert_eq!(removed.0, 204);
    app.wait_until_idle().await;
    for (url, status) in [(&first, 200), (&second, 404)] {
        assert_eq!(app.get(url).send().await.expect("an answer").status(), status, "{url}");
    }
    app.stop_and_remove().await;
}
