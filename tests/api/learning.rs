//! Learning about a client from its frames: how it fades, how a client opts out, and how stories use it.

use calliope::app::ModelDefaults;
use calliope::compute::Compute;
use calliope::inference::{ProviderClient, Registry};
use calliope::settings::{MemorySettings, ModelSettings, ProviderSettings};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::clock::ManualClock;
use crate::support::provider::{FakeProvider, Reply};
use crate::support::{TestApp, TestDatabase, TestOptions, photo};

on_both! {
    what_recurs_is_learned_and_fades;
    who_forbids_it_is_left_alone;
    a_story_takes_up_what_is_liked;
    an_insight_is_noticed_once_a_day;
}

/// Starts a provider that sees a dog in every photograph, and writes nearly the same text each time.
async fn model() -> FakeProvider {
    FakeProvider::start(|number, request| {
        let body = request.json();
        let is_of_picture = request.text().contains("image_url");
        let is_of_insight = request.text().contains("better stories");
        let content = if is_of_picture {
            json!({"description": "A brown dog on a beach.", "setting": "a beach", "atmosphere": "calm",
                "people": [], "objects": ["a dog"], "texts": [], "tags": ["Dog"]})
            .to_string()
        } else if is_of_insight {
            json!({"insight": "Brings the dog to the sea every day.", "importance": 0.9}).to_string()
        } else {
            format!("Something number {number} came ashore and nobody asked what it was.")
        };
        Reply::ok(json!({
            "id": "c", "object": "chat.completion", "created": 1, "model": body["model"],
            "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": content}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
        }))
    })
    .await
}

fn test_options(provider: &FakeProvider) -> TestOptions {
    let providers = ProviderSettings {
        openai_base_url: Some(format!("{}/v1", provider.url)),
        openai_api_key: Some("a key of tests".into()),
        ..ProviderSettings::default()
    };
    let models = ModelSettings {
        text: Some("openai/m".to_owned()),
        vision: Some("openai/m".to_owned()),
        ..ModelSettings::default()
    };
    let wire = ProviderClient::new(
        calliope::http_client::build_client().expect("a client"),
        Compute::new(),
    );
    TestOptions {
        registry: Some(Registry::from_settings(&providers, &wire)),
        choices: ModelDefaults::from_settings(&models, &providers),
        ..TestOptions::default()
    }
}

async fn pattern(app: &TestApp, client_id: &str, path: &str) -> Option<f64> {
    let path = format!("/v2/clients/{client_id}/patterns/{path}");
    let (status, pattern) = app.call("GET", &path, Value::Null).await;
    (status == 200).then(|| pattern["confidence"].as_f64().expect("a number"))
}

async fn what_recurs_is_learned_and_fades(database: TestDatabase) {
    let (model, clock) = (model().await, ManualClock::new());
    let app =
        TestApp::start_with(database, TestOptions { clock: clock.clone(), ..test_options(&model) })
            .await;
    let order = json!({"client_id": "s", "strategy": "continuous-v1", "input_image": photo(),
        "input_text": "Look!", "location": "Lisbon"});
    app.create_frame(order.clone()).await;
    app.wait_until_idle().await;
    let first = pattern(&app, "s", "subject/dog").await.expect("learned");
    assert!((first - 0.159).abs() < 0.001, "{first}");
    let learned = app.json("/v2/clients/s/patterns?limit=100").await;
    let kinds: Vec<&str> = learned["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| {
            assert_eq!(item["is_learned"], true, "{item}");
            item["type"].as_str().expect("a type")
        })
        .collect();
    for kind in ["colour", "subject", "time"] {
        assert!(kinds.contains(&kind), "{learned}");
    }
    let entries = app.json("/v2/clients/s/context/seen?session_id=frames").await;
    assert_eq!(entries["value"], "A brown dog on a beach.");
    assert_eq!(app.json("/v2/clients/s/context/said?session_id=frames").await["value"], "Look!");
    clock.advance(TimeDelta::hours(7));
    let (status, _) =
        app.call("GET", "/v2/clients/s/context/seen?session_id=frames", Value::Null).await;
    assert_eq!(status, 404, "that was a while ago");
    app.create_frame(order.clone()).await;
    app.wait_until_idle().await;
    let second = pattern(&app, "s", "subject/dog").await.expect("learned");
    assert!(second > first + 0.1, "{second}");
    clock.advance(TimeDelta::days(60));
    let later = pattern(&app, "s", "subject/dog").await.expect("still known");
    assert!(later < first, "{later}");
    // A value that a client sets neither fades nor changes.
    let value = json!({"value": "Rex", "confidence": 0.7});
    app.call("PUT", "/v2/clients/s/patterns/subject/dog", value).await;
    app.create_frame(order).await;
    app.wait_until_idle().await;
    clock.advance(TimeDelta::days(60));
    let path = "/v2/clients/s/patterns/subject/dog";
    let stored = app.json(path).await;
    assert_eq!(
        (&stored["value"], &stored["confidence"], &stored["is_learned"]),
        (&json!("Rex"), &json!(0.7), &json!(false))
    );
    assert_eq!(pattern(&app, "other", "subject/dog").await, None);
    app.stop_and_remove().await;
}

async fn who_forbids_it_is_left_alone(database: TestDatabase) {
    let model = model().await;
    let app = TestApp::start_with(database, test_options(&model)).await;
    for (path, config) in [
        ("flock-configs", json!({"flock_id": "wood", "is_learned_from": false})),
        ("sparrow-configs", json!({"client_id": "own", "is_learned_from": false})),
        ("sparrow-configs", json!({"client_id": "member", "parent_flock_id": "wood"})),
    ] {
        let (status, answer) = app.call("POST", &format!("/admin/api/{path}"), config).await;
        assert_eq!(status, 201, "{answer}");
    }
    let order = |client_id: &str| json!({"client_id": client_id, "strategy": "continuous-v1", "input_image": photo()});
    for client_id in ["own", "member", "free"] {
        app.create_frame(order(client_id)).await;
    }
    app.wait_until_idle().await;
    let count = async |app: &TestApp, client_id: &str| {
        let patterns = app.json(&format!("/v2/clients/{client_id}/patterns")).await;
        let context = app.json(&format!("/v2/clients/{client_id}/context")).await;
        let count = |list: &Value| list["items"].as_array().expect("items").len();
        count(&patterns) + count(&context)
    };
    assert_eq!((count(&app, "own").await, count(&app, "member").await), (0, 0));
    assert!(count(&app, "free").await > 2);
    let database = app.stop().await;
    let memory = MemorySettings { learning: false, ..MemorySettings::default() };
    let app = TestApp::start_with(database, TestOptions { memory, ..test_options(&model) }).await;
    app.create_frame(order("new")).await;
    app.wait_until_idle().await;
    assert_eq!(count(&app, "new").await, 0);
    app.stop_and_remove().await;
}

async fn a_story_takes_up_what_is_liked(database: TestDatabase) {
    let model = model().await;
    let app = TestApp::start_with(database, test_options(&model)).await;
    let boats = json!({"value": true, "confidence": 0.9});
    app.call("PUT", "/v2/clients/lover/patterns/subject/boats", boats).await;
    app.call(
        "PUT",
        "/v2/clients/lover/patterns/subject/spiders",
        json!({"value": 1, "confidence": 0.1}),
    )
    .await;
    app.call("PUT", "/v2/clients/lover/patterns/dislike/rain", json!({"value": true})).await;
    app.call("PUT", "/v2/clients/lover/context/guest", json!({"value": "Ida"})).await;
    let insight = json!({"type": "mood", "data": {"text": "Is braver at night."}, "importance": 1});
    app.call("POST", "/v2/clients/lover/insights", insight).await;
    let order = |client_id: &str| json!({"client_id": client_id, "strategy": "continuous-v1", "input_image": photo()});
    for client_id in ["lover", "other"] {
        app.create_frame(order(client_id)).await;
    }
    let prompts: Vec<String> = model
        .received()
        .iter()
        .map(crate::support::provider::RecordedRequest::text)
        .filter(|text| text.contains("A brown dog on a beach.") && text.contains("story"))
        .collect();
    let [lovers, others] = &prompts[..] else { panic!("{prompts:#?}") };
    for known in ["likes: boats.", "Is braver at night.", "guest: Ida", "dislike: rain"] {
        assert!(lovers.contains(known), "{known}: {lovers}");
        assert!(!others.contains(known), "{known}: {others}");
    }
    assert!(!lovers.contains("spiders"), "too unsure: {lovers}");
    app.stop_and_remove().await;
}

async fn an_insight_is_noticed_once_a_day(database: TestDatabase) {
    let (model, clock) = (model().await, ManualClock::new());
    let app =
        TestApp::start_with(database, TestOptions { clock: clock.clone(), ..test_options(&model) })
            .await;
    let order = json!({"client_id": "s", "strategy": "continuous-v1", "input_image": photo()});
    let noticed = async || app.json("/v2/clients/s/insights?type=noticed").await["items"].clone();
    for frames in 1..=4 {
        app.create_frame(order.clone()).await;
        app.wait_until_idle().await;
        // Too little is known before this.
        let expected = usize::from(frames >= 4);
        assert_eq!(noticed().await.as_array().map(Vec::len), Some(expected), "{frames}");
        clock.advance(TimeDelta::hours(2));
    }
    let first = &noticed().await[0];
    assert_eq!(
        first["data"],
        json!({"text": "Brings the dog to the sea every day.", "by": "model"})
    );
    assert_eq!(first["importance"], 0.9);
    clock.advance(TimeDelta::hours(23));
    app.create_frame(order).await;
    app.wait_until_idle().await;
    assert_eq!(noticed().await.as_array().map(Vec::len), Some(2));
    app.stop_and_remove().await;
}
