//! Requests that `/admin/api` refuses, and callers that it refuses.

use serde_json::{Value, json};

use crate::admin::{ADMIN, post};
use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "one table of everything that is refused")]
async fn what_cannot_be_kept_is_named() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let model = |change: Value| {
        let mut body = json!({"slug": "m", "provider": "openai", "provider_model_name": "x"});
        body.as_object_mut()
            .expect("an object")
            .extend(change.as_object().cloned().expect("an object"));
        body
    };
    for (kind, body, field) in [
        ("inference-models", model(json!({"slug": ""})), "slug"),
        ("inference-models", model(json!({"slug": "a/b"})), "slug"),
        ("inference-models", model(json!({"slug": "é"})), "slug"),
        ("inference-models", model(json!({"slug": "x".repeat(101)})), "slug"),
        ("inference-models", model(json!({"slug": 7})), "slug"),
        ("inference-models", model(json!({"provider": "acme"})), "provider"),
        ("inference-models", model(json!({"provider_api_variant": "x"})), "provider_api_variant"),
        ("inference-models", model(json!({"provider_model_name": " "})), "provider_model_name"),
        ("inference-models", model(json!({"description": "x".repeat(2001)})), "description"),
        (
            "inference-models",
            model(json!({"model_parameters": {"x": "y".repeat(17_000)}})),
            "model_parameters",
        ),
        ("inference-models", model(json!({"model_parameters": [1]})), "model_parameters"),
        ("inference-models", json!({"slug": "m"}), "provider"),
        ("prompt-templates", json!({"slug": "p", "text": "{% if %}"}), "text"),
        ("prompt-templates", json!({"slug": "p", "text": "x".repeat(70_000)}), "text"),
        (
            "prompt-templates",
            json!({"slug": "p", "text": "x", "target_language": "\n"}),
            "target_language",
        ),
        ("sparrow-configs", json!({"client_id": "\u{7f}"}), "client_id"),
        ("sparrow-configs", json!({"client_id": "x".repeat(256)}), "client_id"),
        (
            "sparrow-configs",
            json!({"client_id": "s", "parameters": {"output_image_width": 0}}),
            "parameters.output_image_width",
        ),
        (
            "sparrow-configs",
            json!({"client_id": "s", "parameters": {"colour": "red"}}),
            "parameters.colour",
        ),
        (
            "sparrow-configs",
            json!({"client_id": "s", "parameters": {"strategy": 7}}),
            "parameters.strategy",
        ),
        ("sparrow-configs", json!({"client_id": "s", "schedule": {}}), "schedule"),
        ("sparrow-configs", json!({"client_id": "s", "schedule": 7}), "schedule"),
        ("flock-configs", json!({"flock_id": "f", "frames_per_day": -1}), "frames_per_day"),
        ("flock-configs", json!({"flock_id": "f", "frames_per_day": "many"}), "frames_per_day"),
        (
            "client-type-configs",
            json!({"client_type": "t", "parameters": {"client_type": "u"}}),
            "parameters.client_type",
        ),
    ] {
        let (status, problem) = post(&app, kind, body).await;
        assert_eq!(
            (status, &problem["errors"][0]["loc"]),
            (422, &json!(["body", field])),
            "{problem}"
        );
    }
    let (status, _) =
        post(&app, "flock-configs", json!({"flock_id": "f", "description": "a\0b"})).await;
    assert_eq!(status, 422);
    for path in ["inference-models/%00", "sparrow-configs/%FF", "flock-configs/none"] {
        let (status, _) = send_json(app.get(&format!("{ADMIN}/{path}"))).await;
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
    for query in ["limit=0", "cursor=x", "q=%00", "p=1"] {
        assert_eq!(
            send_json(app.get(&format!("{ADMIN}/flock-configs?{query}"))).await.0,
            422,
            "{query}"
        );
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shared_key_is_no_admins() {
    let options = TestOptions { api_key: Some("a-shared-key-1234"), ..TestOptions::default() };
    let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
    for path in
        ["flock-configs", "audit", "stats", "tasks", "stories", "users", "tokens", "sparrow-states"]
    {
        let request = app.get(&format!("{ADMIN}/{path}")).header("x-api-key", "a-shared-key-1234");
        assert_eq!(send_json(request).await.0, 403, "{path}");
    }
    app.stop_and_remove().await;
}
