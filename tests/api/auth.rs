//! API keys: required on every route unless the contract says otherwise.

use calliope::http::openapi;
use serde_json::{Value, json};

use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

const KEY: &str = "a-shared-key-1234";

async fn start() -> TestApp {
    let options = TestOptions { api_key: Some(KEY), ..TestOptions::default() };
    TestApp::start_with(TestDatabase::sqlite(), options).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_taken_in_four_places_and_a_wrong_one_nowhere() {
    let app = start().await;
    let path = "/v1/stories/?client_id=s";
    let with = |name: &'static str, value: String| app.get(path).header(name, value);
    for request in [
        with("x-api-key", KEY.into()),
        with("authorization", format!("Bearer {KEY}")),
        with("authorization", format!("bearer {KEY}")),
        with("cookie", format!("theme=dark; api_key={KEY}")),
        app.get(&format!("{path}&api_key={KEY}")),
        with("x-api-key", "wrong".into()).header("cookie", format!("api_key={KEY}")),
    ] {
        assert_eq!(send_json(request).await.0, 200);
    }
    for request in [
        app.get(path),
        with("x-api-key", "wrong".into()),
        with("x-api-key", String::new()),
        with("x-api-key", KEY[..KEY.len() - 1].into()),
        with("authorization", format!("Basic {KEY}")),
        app.get(&format!("{path}&api_key=")),
    ] {
        let (status, problem) = send_json(request).await;
        assert_eq!(status, 403, "v1's clients expect it: {problem}");
        assert!(problem["detail"].is_string());
    }
    let refused = app.get("/v2/tasks?client_id=s").send().await.expect("an answer");
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    app.stop_and_remove().await;
}

/// Requests every route of the contract, so that no new route can lack the key check.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_refuses_a_stranger_but_those_that_are_open() {
    let app = start().await;
    let contract: Value = serde_json::to_value(openapi()).expect("JSON");
    let open = [
        ("get", "/media/{name}"),
        ("get", "/livez"),
        ("get", "/readyz"),
        ("post", "/admin/api/login"),
        ("post", "/v2/pairing"),
        ("get", "/v2/pairing"),
    ];
    let paths = contract["paths"].as_object().expect("paths");
    let mut walked = 0;
    for (path, methods) in paths {
        for method in methods.as_object().expect("methods").keys() {
            let url = format!("{}{}", app.url, path.replace(['{', '}'], ""));
            let request = app.client.request(method.to_uppercase().parse().expect("a method"), url);
            let (status, _) = send_json(request).await;
            let is_open = open.contains(&(method.as_str(), path.as_str()));
            assert_eq!(!matches!(status, 401 | 403), is_open, "{method} {path}: {status}");
            walked += 1;
        }
    }
    assert!(walked >= 11, "{walked}");
    for path in ["/v2/tasks/", "/no/such", "/v1/frames/../../livez"] {
        let (status, _) = send_json(app.get(path)).await;
        assert!(matches!(status, 200 | 401 | 403), "{path}: {status}");
        assert!(status != 200 || path.ends_with("livez"), "{path} is open");
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_pages_from_elsewhere_are_refused() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let path = "/v1/stories/?client_id=s";
    assert_eq!(send_json(app.get(path)).await.0, 200);
    let from =
        |name: &'static str, value: &'static str| send_json(app.get(path).header(name, value));
    assert_eq!(from("origin", "http://localhost:3000").await.0, 200);
    assert_eq!(from("origin", "https://evil.example").await.0, 403);
    assert_eq!(from("origin", "null").await.0, 403);
    assert_eq!(from("host", "rebound.example:8008").await.0, 403);
    let (status, _) = send_json(
        app.post_frame(&json!({"client_id": "s"})).header("origin", "https://evil.example"),
    )
    .await;
    assert_eq!(status, 403);
    assert_eq!(app.json(path).await["stories"], json!([]));
    app.stop_and_remove().await;
}
