//! Presigned URLs of the server itself, and those who tamper with them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calliope::domain::Clock;
use calliope::http_client;
use calliope::objects::Bucket;
use calliope::settings::Cloud;
use chrono::TimeDelta;
use hmac::Mac;
use serde_json::{Value, json};

use super::strict_server::hmac;
use super::support::clock::ManualClock;
use super::support::{TestApp, TestDatabase, TestOptions, emulators, fixture};
use crate::on_both;

on_both! {
    our_own_addresses_give_what_they_were_signed_for_and_nothing_else;
    a_secret_changes_and_old_addresses_stay_good;
    clients_are_sent_to_the_bucket_where_the_settings_say_so;
}

/// Returns tampered versions of a URL, each with what was changed.
fn tampered_urls(url: &str, other: &str) -> Vec<(&'static str, String)> {
    let replaced = |from: &str, to: &str| {
        assert!(url.contains(from), "{from} in {url}");
        url.replacen(from, to, 1)
    };
    let last = url.chars().last().expect("something");
    let signature = if last == 'A' { 'B' } else { 'A' };
    vec![
        ("another object", replaced("own", other)),
        ("a later expiry", replaced("expires=", "expires=9")),
        ("an expiry that is not a number", replaced("expires=", "expires=x")),
        ("the same number in another notation", replaced("expires=", "expires=0")),
        ("a sign before the number", replaced("expires=", "expires=%2B")),
        ("a number out of range", replaced("expires=", "expires=99999999999999999999")),
        ("no expiry", url.replacen("expires=", "expired=", 1)),
        ("no signature", url.replacen("signature=", "signed=", 1)),
        (
            "an empty signature",
            url.split("signature=").next().expect("some").to_owned() + "signature=",
        ),
        (
            "a signature of zeroes",
            url.split("signature=").next().expect("some").to_owned()
                + "signature="
                + &"A".repeat(43),
        ),
        ("half a signature", url[..url.len() - 20].to_owned()),
        (
            "a signature with another ending",
            format!("{}{signature}{signature}", &url[..url.len() - 2]),
        ),
        ("a path out of the directory", replaced("own", "own%2F..%2Fother")),
    ]
}

async fn create_recording(app: &TestApp, client_id: &str) -> Value {
    let url = format!("{}/v2/clients/{client_id}/recordings", app.url);
    let response =
        app.client.post(url).body(fixture("speech.ogg")).send().await.expect("a response");
    response.json().await.expect("json")
}

async fn our_own_addresses_give_what_they_were_signed_for_and_nothing_else(database: TestDatabase) {
    let clock = ManualClock::new();
    let options = TestOptions { clock: clock.clone(), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let own = create_recording(&app, "own").await;
    create_recording(&app, "other").await;
    let (status, signed) =
        app.call("POST", "/v2/signed-urls", json!({"key": own["key"], "expires_in": 60})).await;
    assert_eq!(status, 200, "{signed}");
    let url = &format!("/{}", signed["url"].as_str().expect("a URL"));
    assert!(url.starts_with("/media/signed/"), "relative, without a leading slash: {url}");
    let status = async |method: &str, url: &str| app.call(method, url, Value::Null).await.0;
    let response = app.get(url).send().await.expect("a response");
    assert_eq!(response.headers()["cache-control"], "private, no-store");
    assert_eq!(response.headers()["content-type"], "audio/ogg");
    assert!(response.bytes().await.expect("bytes") == fixture("speech.ogg"));
    for (what, tampered) in tampered_urls(url, "other") {
        assert_eq!(status("GET", &tampered).await, 403, "{what}: {tampered}");
    }
    assert_eq!(status("HEAD", url).await, 200, "what players ask first");
    for method in ["PUT", "POST", "DELETE"] {
        let code = status(method, url).await;
        assert!(matches!(code, 403..=405), "{method}: {code}");
    }
    for seconds in [0, -5, 604_801, i64::MAX] {
        let request = json!({"key": own["key"], "expires_in": seconds});
        assert_eq!(app.call("POST", "/v2/signed-urls", request).await.0, 422, "{seconds}");
    }
    for key in ["audio/own/none.ogg", "../../etc/passwd", "", "a\0b"] {
        assert_eq!(app.call("POST", "/v2/signed-urls", json!({"key": key})).await.0, 404, "{key}");
    }
    // The maximum lifetime of a week applies even to URLs with a valid signature.
    let secret = app.store.signing_keys().await.expect("read").remove(0).secret;
    for (days, expected) in [(6, 200), (8, 403)] {
        let (key, expires) =
            (own["key"].as_str().expect("a key"), clock.now() + TimeDelta::days(days));
        let expires = expires.timestamp();
        let signature = hmac(&secret, &format!("GET\n{key}\n{expires}")).finalize().into_bytes();
        let signature = URL_SAFE_NO_PAD.encode(signature);
        let url = format!("/media/signed/{key}?expires={expires}&signature={signature}");
        assert_eq!(status("GET", &url).await, expected, "{days} days");
    }
    clock.advance(TimeDelta::seconds(59));
    assert_eq!(status("GET", url).await, 200, "valid until the last second");
    clock.advance(TimeDelta::seconds(2));
    let (status, problem) = app.call("GET", url, Value::Null).await;
    assert_eq!(status, 403);
    assert!(
        problem["detail"].as_str().is_some_and(|detail| detail.contains("expired")),
        "{problem}"
    );
    app.stop_and_remove().await;
}

async fn a_secret_changes_and_old_addresses_stay_good(database: TestDatabase) {
    let clock = ManualClock::new();
    let start = clock.now();
    let options = TestOptions { clock: clock.clone(), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let own = create_recording(&app, "own").await;
    let sign = async || {
        let request = json!({"key": own["key"], "expires_in": 604_800});
        let signed = app.call("POST", "/v2/signed-urls", request).await.1;
        format!("/{}", signed["url"].as_str().expect("a URL"))
    };
    sign().await;
    clock.advance(TimeDelta::days(6));
    let old = sign().await;
    let keys = async || app.store.signing_keys().await.expect("read");
    assert_eq!(keys().await.len(), 1);
    clock.advance(TimeDelta::days(2));
    let new = sign().await;
    assert_eq!(keys().await.len(), 2, "a new key signs now");
    clock.advance(TimeDelta::days(5) - TimeDelta::minutes(1));
    for url in [&old, &new] {
        assert_eq!(app.get(url).send().await.expect("a response").status(), 200, "{url}");
    }
    clock.advance(TimeDelta::days(3));
    sign().await;
    let left = keys().await;
    assert_eq!(left.len(), 2, "the first key is deleted");
    assert!(left.iter().all(|key| key.date_created > start));
    app.stop_and_remove().await;
}

async fn clients_are_sent_to_the_bucket_where_the_settings_say_so(database: TestDatabase) {
    let Some(settings) = emulators::bucket(Cloud::Aws, database.folder.path()).await else {
        return;
    };
    let bucket = Bucket::from_settings(&settings, http_client::build_client().expect("a client"))
        .expect("valid settings");
    let options = TestOptions {
        bucket,
        storage: |storage| storage.delivery = calliope::settings::MediaDelivery::Redirect,
        ..TestOptions::default()
    };
    let app = TestApp::start_with(database, options).await;
    let response = app.create_frame(json!({"client_id": "s"})).await;
    let path = format!("/{}", response["frames"][0]["image"]["url"].as_str().expect("an image"));
    let client = super::support::client().redirect(reqwest::redirect::Policy::none());
    let client = client.build().expect("a client");
    let response = client.get(format!("{}{path}", app.url)).send().await.expect("a response");
    assert_eq!(response.status(), 307);
    assert_eq!(response.headers()["cache-control"], "private, max-age=1800");
    let location = response.headers()["location"].to_str().expect("text").to_owned();
    assert!(location.contains("X-Amz-Signature="), "{location}");
    let content = app.get(&path).send().await.expect("a response").bytes().await.expect("bytes");
    let folder = app.database.folder.path();
    assert!(content == std::fs::read(folder.join(&path[1..])).expect("on disk"));
    assert_eq!(app.get("/media/none.png").send().await.expect("a response").status(), 404);
    app.stop_and_remove().await;
}
