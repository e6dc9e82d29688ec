//! Proxies: client addresses, sub-paths, idle connections and the origins of pages.

use std::time::Duration;

use calliope::settings::RateLimitSettings;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{TestApp, TestDatabase, TestOptions, with_timeout};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_location_leads_below_the_path_of_a_trusted_proxy() {
    let options = TestOptions { trusted_proxies: &["127.0.0.1/32"], ..TestOptions::default() };
    let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
    for (number, (prefix, before)) in [
        ("/calliope", "/calliope"),
        ("/calliope/", "/calliope"),
        ("/outer, /inner", "/outer/inner"),
        ("/", ""),
        ("", ""),
        ("//evil.example", ""),
        ("https://evil.example", ""),
        ("/a\"b", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let post = |path: &str| {
            app.client.post(format!("{}{path}", app.url)).header("x-forwarded-prefix", prefix)
        };
        let story = post("/v2/stories?client_id=s").json(&json!({"strategy": "literal"}));
        let flock =
            post("/admin/api/flock-configs").json(&json!({"flock_id": format!("f{number}")}));
        for (request, path) in [(story, "/v2/tasks/"), (flock, "/admin/api/flock-configs/f")] {
            let response = request.send().await.expect("an answer");
            let location = response.headers()["location"].to_str().expect("text");
            assert!(location.starts_with(&format!("{before}{path}")), "{prefix}: {location}");
        }
    }
    app.stop_and_remove().await;
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let post = app.client.post(format!("{}/v2/stories?client_id=s", app.url));
    let post = post.json(&json!({"strategy": "literal"})).header("x-forwarded-prefix", "/calliope");
    let response = post.send().await.expect("an answer");
    let location = response.headers()["location"].to_str().expect("text");
    assert!(location.starts_with("/v2/tasks/"), "nobody else is believed: {location}");
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_stays_open_as_long_as_is_set() {
    const REQUEST: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (keep_alive, is_open) in
        [(Duration::from_secs(75), true), (Duration::from_millis(40), false)]
    {
        let options = TestOptions { keep_alive, ..TestOptions::default() };
        let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
        let address = app.url.strip_prefix("http://").expect("an address");
        let mut stream = TcpStream::connect(address).await.expect("connected");
        let mut buffer = [0; 4096];
        stream.write_all(REQUEST).await.expect("written");
        assert!(stream.read(&mut buffer).await.expect("an answer") > 12);
        if is_open {
            // There is nothing to read.
            let wait = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut buffer));
            assert!(wait.await.is_err(), "the connection ended");
        } else {
            let read = with_timeout(stream.read(&mut buffer)).await;
            assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
        }
        app.stop_and_remove().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_allowed_origins_may_send_any_header() {
    let options = TestOptions {
        api_key: Some(KEY),
        allowed_origins: &["https://stories.example", "capacitor://localhost"],
        ..TestOptions::default()
    };
    let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
    let preflight = |origin: &'static str, headers: &'static str| {
        let url = format!("{}/v2/events?client_id=s", app.url);
        let request = app.client.request(reqwest::Method::OPTIONS, url).header("origin", origin);
        let request = request.header("access-control-request-method", "GET");
        request.header("access-control-request-headers", headers).send()
    };
    for headers in [
        "cache-control",
        "last-event-id",
        "pragma",
        "range",
        "x-requested-with",
        "authorization,cache-control,content-encoding,x-api-key",
    ] {
        for origin in ["https://stories.example", "capacitor://localhost"] {
            let answer = preflight(origin, headers).await.expect("an answer");
            assert_eq!(answer.headers()["access-control-allow-origin"], origin);
            assert_eq!(answer.headers()["access-control-allow-headers"], headers);
        }
        let answer = preflight("https://evil.example", headers).await.expect("an answer");
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
    }
    let request = app.get(PATH).header("x-api-key", KEY).header("origin", "capacitor://localhost");
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.headers()["access-control-allow-origin"], "capacitor://localhost");
    let exposed = answer.headers()["access-control-expose-headers"].to_str().expect("text");
    assert!(exposed.contains("content-range") && exposed.contains("location"), "{exposed}");
    app.stop_and_remove().await;
}
