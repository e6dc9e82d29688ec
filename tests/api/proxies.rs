//! Client addresses behind proxies.

use calliope::settings::RateLimitSettings;

use crate::support::{TestApp, TestDatabase, TestOptions};

const KEY: &str = "a-shared-key-1234";
const PATH: &str = "/v1/stories?client_id=s";

async fn status(app: &TestApp, name: &str, value: &str) -> u16 {
    let request = app.get(PATH).header(name, value).header("x-api-key", KEY);
    request.send().await.expect("an answer").status().as_u16()
}

/// Starts a service that allows one request a minute for each address, which shows by which address a request counts.
async fn start(trusted_proxies: &'static [&'static str]) -> TestApp {
    let rates =
        RateLimitSettings { requests_per_minute_per_address: 1, ..RateLimitSettings::default() };
    let options = TestOptions {
        api_key: Some(KEY),
        rate_limits: rates,
        trusted_proxies,
        ..TestOptions::default()
    };
    TestApp::start_with(TestDatabase::sqlite(), options).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_proxy_tells_its_clients_apart() {
    let app = start(&["127.0.0.0/8"]).await;
    for (name, value, expected) in [
        ("x-forwarded-for", "192.0.2.1", 200),
        ("x-forwarded-for", "192.0.2.2", 200),
        ("x-forwarded-for", "198.51.100.1, 192.0.2.1", 429),
        ("forwarded", "for=\"192.0.2.2:80\";proto=https", 429),
        ("forwarded", "for=\"[2001:db8::1]\"", 200),
        ("x-forwarded-for", "2001:db8::ffff", 429),
    ] {
        assert_eq!(status(&app, name, value).await, expected, "{name}: {value}");
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_is_believed() {
    let app = start(&["10.0.0.0/8"]).await;
    assert_eq!(status(&app, "x-forwarded-for", "192.0.2.1").await, 200);
    assert_eq!(status(&app, "x-forwarded-for", "192.0.2.2").await, 429);
    assert_eq!(status(&app, "forwarded", "for=192.0.2.3").await, 429);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_key_what_a_proxy_brings_from_elsewhere_is_refused() {
    for trusted_proxies in [&["127.0.0.1/32"][..], &[]] {
        let options = TestOptions { trusted_proxies, ..TestOptions::default() };
        let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
        for (name, value, expected) in [
            ("x-forwarded-for", "127.0.0.1", 200),
            ("x-forwarded-for", "192.0.2.1", 403),
            ("x-forwarded-for", "127.0.0.1, 192.0.2.1", 403),
            ("x-forwarded-for", "unknown", 403),
            ("forwarded", "for=192.0.2.1", 403),
            ("forwarded", "for=_hidden", 403),
        ] {
            let response = app.get(PATH).header(name, value).send().await.expect("an answer");
            assert_eq!(response.status(), expected, "{name}: {value}");
        }
        app.stop_and_remove().await;
    }
}
