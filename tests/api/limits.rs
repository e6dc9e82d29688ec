//! Rate limits by address. `src/http/limits.rs` tests those by token.

use calliope::settings::RateLimitSettings;
use serde_json::{Value, json};

use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

const KEY: &str = "a-shared-key-1234";

async fn start(per_minute: u32, api_key: Option<&'static str>) -> TestApp {
    let rates = RateLimitSettings {
        requests_per_minute_per_address: per_minute,
        ..RateLimitSettings::default()
    };
    let options = TestOptions { api_key, rate_limits: rates, ..TestOptions::default() };
    TestApp::start_with(TestDatabase::sqlite(), options).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_limited_whatever_it_asks_for_and_told_when_to_come_again() {
    let app = start(3, Some(KEY)).await;
    // Requests for a missing file, with a wrong key, or for an unknown path without a key count like any other.
    assert_eq!(send_json(app.get("/media/none.png")).await.0, 404);
    assert_eq!(
        send_json(app.get("/v1/stories?client_id=s").header("x-api-key", "wrong")).await.0,
        403
    );
    assert_eq!(send_json(app.get("/no/such")).await.0, 401);
    for request in [
        app.get("/v1/stories?client_id=s").header("x-api-key", KEY),
        app.get("/media/none.png"),
        app.post_frame(&json!({"client_id": "s"})).header("x-api-key", KEY),
    ] {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let retry_after = response.headers()["retry-after"].to_str().expect("text").parse::<u64>();
        assert!(
            retry_after.is_ok_and(|seconds| (1..=20).contains(&seconds)),
            "a third of a minute"
        );
        let problem: Value = response.json().await.expect("JSON");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.starts_with("This address sends more than 3 requests a minute"), "{detail}");
    }
    for _ in 0..10 {
        assert_eq!(send_json(app.get("/livez")).await.0, 200, "an orchestrator asks");
        assert_eq!(send_json(app.get("/readyz")).await.0, 200);
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_can_be_read_by_the_pages_that_may_call() {
    let app = start(1, Some(KEY)).await;
    let preflight = |_| {
        let request =
            app.client.request(reqwest::Method::OPTIONS, format!("{}/v1/frames", app.url));
        request
            .header("origin", "https://x.example")
            .header("access-control-request-method", "POST")
    };
    for request in (0..5).map(preflight) {
        assert_eq!(request.send().await.expect("an answer").status(), 200, "asks for nothing yet");
    }
    assert_eq!(send_json(app.get("/media/none.png")).await.0, 404);
    let refused = app.get("/media/none.png").send().await.expect("an answer");
    assert_eq!(refused.status(), 429);
    assert!(
        refused.headers()["access-control-expose-headers"]
            .to_str()
            .is_ok_and(|names| names.contains("retry-after"))
    );
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_of_this_machine_are_not_limited() {
    let app = start(1, None).await;
    for _ in 0..5 {
        assert_eq!(send_json(app.get("/v1/stories?client_id=s")).await.0, 200);
    }
    // Requests that a proxy forwards from another machine are limited before they are refused.
    let from_elsewhere =
        || send_json(app.get("/v1/stories?client_id=s").header("x-forwarded-for", "192.0.2.1"));
    assert_eq!((from_elsewhere().await.0, from_elsewhere().await.0), (403, 429));
    app.stop_and_remove().await;
}
