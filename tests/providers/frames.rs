//! Complete frames of the real service, with models of a provider.

use std::sync::atomic::{AtomicUsize, Ordering};

use calliope::app::ModelDefaults;
use calliope::domain::TaskStatus;
use calliope::settings::{self, TaskSettings};
use calliope::store::{Task, TaskFilter};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::failures::good_answer;
use super::support::provider::{FakeProvider, RecordedRequest, Reply};
use super::support::{TestApp, TestDatabase, TestOptions, base64, photo};
use super::{Capability, KEY, log, registry};
use crate::on_both;

on_both! {
    a_frame_is_seen_heard_told_and_painted_by_models;
    without_a_budget_the_story_goes_on_offline;
    frames_are_told_while_an_embedder_does_not_answer;
}

/// Tasks that nobody waits for take at most half of those that run at once.
async fn frames_are_told_while_an_embedder_does_not_answer(database: TestDatabase) {
    let provider = FakeProvider::start(|_, _| Reply::Stall).await;
    let models = settings::ModelSettings {
        text: Some("offline/offline".to_owned()),
        embedding: Some("openai/text-embedding-3-small".to_owned()),
        ..settings::ModelSettings::default()
    };
    let options = TestOptions {
        registry: Some(registry(&provider.url)),
        choices: ModelDefaults::from_settings(&models, &settings::ProviderSettings::default()),
        task_limits: TaskSettings { concurrency: 2, ..TaskSettings::default() },
        ..TestOptions::default()
    };
    let app = TestApp::start_with(database, options).await;
    for number in 0..4 {
        app.create_frame(json!({"client_id": format!("s{number}"), "input_text": "A lamp."})).await;
        let tasks = app.store.tasks(TaskFilter::default(), 100).await.expect("listed");
        let is_running = |task: &&Task| task.status == TaskStatus::Running;
        let running: Vec<_> = tasks.iter().filter(is_running).map(|task| task.kind).collect();
        assert!(running.len() <= 1, "a place is left for the next frame: {running:?}");
    }
    app.stop_and_remove().await;
}

/// Configures the OpenAI-compatible server for every capability.
pub(crate) fn model_defaults() -> ModelDefaults {
    let model = |name: &str| Some(format!("openai/{name}"));
    let models = settings::ModelSettings {
        text: model("teller"),
        image: model("gpt-image-1"),
        vision: model("seer"),
        transcription: model("hearer"),
        text_seconds: 5,
        image_seconds: 5,
        perception_seconds: 5,
        ..settings::ModelSettings::default()
    };
    ModelDefaults::from_settings(&models, &settings::ProviderSettings::default())
}

/// Returns the capability that a request uses.
pub(crate) fn capability_of(request: &RecordedRequest) -> Capability {
    match request.path.as_str() {
        "/images/generations" => Capability::Image,
        "/audio/transcriptions" => Capability::Transcription,
        _ if request.json()["messages"][0]["content"].is_array() => Capability::Vision,
        _ if request.json()["response_format"].is_object() => Capability::Structured,
        _ => Capability::Text,
    }
}

/// Returns an answer for fern, a plan with a passage, which differs for each number.
pub(crate) fn fern_answer(number: usize) -> Value {
    let phrases = [
        "boat", "lamp", "letter", "storm", "key", "goose", "bell", "map", "door", "song", "coat",
        "well",
    ];
    let (one, two) =
        (phrases[number % phrases.len()], phrases[(number / phrases.len() + 5) % phrases.len()]);
    let plan = json!({
        "text": format!("In hour {number} the {one} of Ada found its {two}."),
        "illustration": format!("A {one} beside a {two} in the evening."),
        "genre": "a sea story", "cast": ["Ada, who mends nets"], "summary": "Ada looks for her boat.",
    });
    json!({"choices": [{"message": {"content": plan.to_string()}}], "usage": {"prompt_tokens": 500, "completion_tokens": 90}})
}

pub(crate) fn options(url: &str) -> TestOptions {
    TestOptions {
        registry: Some(registry(url)),
        choices: model_defaults(),
        ..TestOptions::default()
    }
}

#[expect(clippy::too_many_lines, reason = "one frame from its input to its rows")]
async fn a_frame_is_seen_heard_told_and_painted_by_models(database: TestDatabase) {
    log::capture();
    let provider = FakeProvider::start(|number, request| match capability_of(request) {
        Capability::Structured => Reply::ok(fern_answer(number)),
        other => Reply::ok(good_answer(other)),
    })
    .await;
    let app = TestApp::start_with(database, options(&provider.url)).await;
    let response = app
        .create_frame(
            json!({"client_id": "s", "input_image": photo(), "input_audio": base64("speech.webm"),
            "debug": true, "strategy": "fern"}),
        )
        .await;
    let frame = &response["frames"][0];
    assert_eq!(response["errors"], json!([]));
    assert!(
        frame["text"].as_str().is_some_and(|text| text.contains("of Ada found its")),
        "{frame}"
    );
    assert_eq!(
        (&frame["source_image"]["width"], &frame["source_image"]["height"]),
        (&json!(451), &json!(300))
    );
    assert_eq!(response["debug_data"]["i_see"], "A fox.");
    assert_eq!(response["debug_data"]["i_hear"], "Look, a fox!");
    assert_eq!(response["debug_data"]["fern"]["summary"], "Ada looks for her boat.");
    let requests = provider.received();
    let told_with = requests
        .iter()
        .find(|request| capability_of(request) == Capability::Structured)
        .expect("asked")
        .json();
    let prompt = told_with["messages"][0]["content"].as_str().expect("a prompt");
    assert!(
        prompt.contains("The camera sees: A fox.") && prompt.contains("Someone said: Look, a fox!"),
        "{prompt}"
    );
    let painted = requests
        .iter()
        .find(|request| capability_of(request) == Capability::Image)
        .expect("asked")
        .json();
    assert!(
        painted["prompt"].as_str().is_some_and(|prompt| prompt.ends_with("in the evening.")),
        "{painted}"
    );

    // The request for the next frame includes the plan of the first.
    app.create_frame(json!({"client_id": "s"})).await;
    let requests = provider.received();
    let second = requests
        .iter()
        .rfind(|request| capability_of(request) == Capability::Structured)
        .expect("asked")
        .json();
    assert!(second.to_string().contains("Ada, who mends nets"), "{second}");

    let since = app.app.started_at() - TimeDelta::hours(1);
    let calls = app.store.call_counts_since(since).await.expect("counted");
    let calls: Vec<_> = calls
        .iter()
        .map(|c| (c.capability.as_str(), c.model.as_str(), c.outcome.as_str(), c.calls))
        .collect();
    assert_eq!(
        calls,
        [
            ("image", "gpt-image-1", "done", 2),
            ("transcription", "hearer", "done", 1),
            ("vision", "seer", "done", 1),
            ("structured", "teller", "done", 2),
        ]
    );
    let stats = app.json("/admin/api/stats").await;
    assert_eq!(stats["calls"][0]["capability"], "image");
    let spent = stats["spent_today"].as_f64().expect("dollars");
    assert!((spent - 2.0 * (5.0 * 5e-6 + 1056.0 * 40e-6)).abs() < 1e-4, "{spent}");
    app.stop_and_remove().await;
    log::assert_absent(&[KEY, &photo()[200..260], "data:image"]);
}

async fn without_a_budget_the_story_goes_on_offline(database: TestDatabase) {
    let provider = FakeProvider::start(|number, request| match capability_of(request) {
        Capability::Structured => Reply::ok(fern_answer(number)),
        other => Reply::ok(good_answer(other)),
    })
    .await;
    let app = TestApp::start_with(database, options(&provider.url)).await;
    for (path, body) in [
        (
            "/admin/api/inference-models",
            json!({"slug": "dear", "provider": "openai", "provider_model_name": "teller", "prices": {"call": 2.0}}),
        ),
        ("/admin/api/flock-configs", json!({"flock_id": "poor", "budget_per_day": 5.0})),
        ("/admin/api/sparrow-configs", json!({"client_id": "s", "parent_flock_id": "poor"})),
    ] {
        let (status, answer) = app.call("POST", path, body).await;
        assert_eq!(status, 201, "{answer}");
    }
    let body = json!({"client_id": "s", "strategy": "fern"});
    for _ in 0..2 {
        let response = app.create_frame(body.clone()).await;
        assert!(!response["errors"].to_string().contains("budget"), "{response}");
    }
    let response = app.create_frame(body.clone()).await;
    assert!(
        response["errors"].to_string().contains("The story was told offline, because the OpenAI-compatible server was not asked, because today's budget of the flock poor is used up."),
        "{}",
        response["errors"]
    );
    assert!(response["frames"][0]["text"].as_str().is_some_and(|text| text.len() > 20));
    app.stop_and_remove().await;
}

/// Half of all requests fail, each in its own way. The same ones fail in each run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_frames_of_fern_are_told_however_the_provider_fails() {
    let count = AtomicUsize::new(0);
    let provider = FakeProvider::start(move |_, received| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let chance = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        if chance.is_multiple_of(2) {
            return match capability_of(received) {
                Capability::Structured => Reply::ok(fern_answer(number)),
                other => Reply::ok(good_answer(other)),
            };
        }
        match chance / 2 % 7 {
            0 => Reply::status(500, json!({"error": "no"})),
            1 => Reply::Json(429, vec![("retry-after", "0".to_owned())], json!({})),
            2 => Reply::Truncated,
            3 => Reply::File(200, "text/html", b"<html>".to_vec()),
            4 => Reply::status(400, json!({"error": {"code": "content_policy_violation"}})),
            5 => Reply::status(404, json!({"error": {"message": "no such model"}})),
            _ => Reply::ok(json!({"choices": [{"message": {"content": "Sure!"}}], "data": [{"b64_json": "AAAA"}]})),
        }
    })
    .await;
    let app = TestApp::start_with(TestDatabase::sqlite(), options(&provider.url)).await;
    let mut errors = Vec::new();
    for number in 1..=10 {
        let body = json!({"client_id": "s", "strategy": "fern", "input_image": photo()});
        let response = app.create_frame(body).await;
        assert_eq!(response["story_frame_count"], number);
        let text = response["frames"][0]["text"].as_str().unwrap_or_default();
        assert!(text.len() > 20 && !text.contains("Sure"), "{text}");
        assert!(response["frames"][0]["image"]["url"].is_string());
        errors.extend(response["errors"].as_array().expect("errors").clone());
    }
    assert!(!errors.is_empty(), "nothing failed");
    for error in &errors {
        let sentence = error.as_str().expect("a sentence");
        assert!(sentence.ends_with('.') && sentence.contains("because"), "{sentence}");
    }
    let story = app.json("/v1/story?client_id=s").await;
    assert_eq!(story["frames"].as_array().map(Vec::len), Some(10));
    app.stop_and_remove().await;
}
