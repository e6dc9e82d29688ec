//! Presigned URLs and those who tamper with them: the server's own URLs, and those of each cloud that signs.
//!
//! The file is long because a strict server for both signature schemes of version 4 is part of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calliope::domain::{Clock, SystemClock};
use calliope::http_client;
use calliope::objects::{Bucket, Method};
use calliope::settings::{Cloud, StorageSettings};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::support::clock::ManualClock;
use super::support::{TestApp, TestDatabase, TestOptions, emulators, fixture, fixture_path};
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

/// A server that serves an object for a valid signature of version 4 in Amazon's or Google's dialect, which it
/// verifies as their documentation describes.
struct StrictServer {
    url: String,
    serving: JoinHandle<()>,
}

#[derive(Clone, Copy)]
enum Dialect {
    Amazon,
    Google,
}

impl Drop for StrictServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl StrictServer {
    async fn start(dialect: Dialect) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(verify_request).with_state(dialect);
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the server runs");
        });
        Self { url, serving }
    }
}

async fn verify_request(State(dialect): State<Dialect>, request: Request) -> StatusCode {
    if has_valid_signature(dialect, &request).unwrap_or(false) {
        StatusCode::OK
    } else {
        StatusCode::FORBIDDEN
    }
}

const SECRET: &str = "a secret";

fn has_valid_signature(dialect: Dialect, request: &Request) -> Option<bool> {
    let (prefix, algorithm) = match dialect {
        Dialect::Amazon => ("X-Amz-", "AWS4-HMAC-SHA256"),
        Dialect::Google => ("X-Goog-", "GOOG4-RSA-SHA256"),
    };
    let query = request.uri().query()?;
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut raw: Vec<&str> = query.split('&').collect();
    raw.retain(|pair| !pair.starts_with(&format!("{prefix}Signature=")));
    raw.sort_unstable();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        fields.insert(name.into_owned(), value.into_owned());
    }
    let field = |name: &str| fields.get(&format!("{prefix}{name}"));
    if field("Algorithm")? != algorithm || field("SignedHeaders")? != "host" {
        return Some(false);
    }
    let date = NaiveDateTime::parse_from_str(field("Date")?, "%Y%m%dT%H%M%SZ").ok()?;
    let date: DateTime<Utc> = date.and_utc();
    let seconds: i64 = field("Expires")?.parse().ok()?;
    let now = SystemClock.now();
    if !(1..=604_800).contains(&seconds) || now < date || now > date + TimeDelta::seconds(seconds) {
        return Some(false);
    }
    // Google's clients sign for Google's own host, even if they are configured with another URL.
    let host = match dialect {
        Dialect::Amazon => request.headers().get("host")?.to_str().ok()?,
        Dialect::Google => "storage.googleapis.com",
    };
    let canonical = format!(
        "{}\n{}\n{}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD",
        request.method(),
        request.uri().path(),
        raw.join("&")
    );
    let scope = field("Credential")?.split_once('/')?.1.to_owned();
    let digest = hex(&Sha256::digest(canonical.as_bytes()));
    let to_sign = format!("{algorithm}\n{}\n{scope}\n{digest}", field("Date")?);
    let signature = decode_hex(field("Signature")?)?;
    Some(match dialect {
        Dialect::Amazon => {
            let key = scope.split('/').fold(format!("AWS4{SECRET}").into_bytes(), |key, part| {
                hmac(&key, part).finalize().into_bytes().to_vec()
            });
            hmac(&key, &to_sign).verify_slice(&signature).is_ok()
        }
        Dialect::Google => {
            let public = std::fs::read(fixture_path("signer.pub.der")).expect("the fixture");
            let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
            public.verify(to_sign.as_bytes(), &signature).is_ok()
        }
    })
}

fn hmac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length will do");
    mac.update(text.as_bytes());
    mac
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("written");
        text
    })
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().as_chunks::<2>().0.iter();
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Checks that a bucket rejects tampered URLs. The array has the names of the query parameters for date, lifetime and
/// signature.
async fn check_tampering(bucket: &Bucket, [date, lifetime, signature]: [&str; 3]) {
    let key = "audio/own/a.wav";
    let sign = async |seconds| {
        let signed = bucket.presign(Method::GET, key, Duration::from_secs(seconds)).await;
        signed.expect("signed").expect("this bucket signs")
    };
    let url = sign(60).await;
    let client = super::support::client().build().expect("a client");
    let status = async |method: Method, url: &str| {
        client.request(method, url).send().await.expect("a response").status().as_u16()
    };
    assert_eq!(status(Method::GET, &url).await, 200, "{url}");
    let (before, rest) = url.split_once(&format!("{signature}=")).expect("a signature");
    let end = rest.find('&').unwrap_or(rest.len());
    let (original, after) = rest.split_at(end);
    let first = if original.starts_with('0') { '1' } else { '0' };
    let changed = format!("{first}{}", &original[1..]);
    let without = |name: &str| url.replacen(&format!("{name}="), &format!("x{name}="), 1);
    for (what, tampered) in [
        ("another object", url.replacen("own", "other", 1)),
        ("another signature", format!("{before}{signature}={changed}{after}")),
        ("no signature", without(signature)),
        ("an empty signature", format!("{before}{signature}={after}")),
        ("another date", url.replacen(&format!("{date}=20"), &format!("{date}=21"), 1)),
        ("another lifetime", url.replacen(&format!("{lifetime}="), &format!("{lifetime}=9"), 1)),
        ("no lifetime", without(lifetime)),
    ] {
        assert_ne!(tampered, url, "{what}");
        let code = status(Method::GET, &tampered).await;
        assert!(matches!(code, 400 | 401 | 403 | 404), "{what}: {code}: {tampered}");
    }
    for method in [Method::PUT, Method::DELETE] {
        let code = status(method.clone(), &url).await;
        assert!(matches!(code, 400 | 401 | 403 | 404 | 405), "{method}: {code}");
    }
    // The URL expires; no cloud signs for longer than a week.
    let short = sign(1).await;
    let expired = async {
        while status(Method::GET, &short).await == 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), expired).await.expect("the URL expires");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amazons_addresses() {
    let server = StrictServer::start(Dialect::Amazon).await;
    let settings = StorageSettings {
        cloud: Cloud::Aws,
        bucket: Some("stories".to_owned()),
        endpoint: Some(server.url.clone()),
        region: Some("eu-north-1".to_owned()),
        access_key_id: Some("id".to_owned()),
        secret_access_key: Some(SECRET.into()),
        ..StorageSettings::default()
    };
    let bucket = Bucket::from_settings(&settings, http_client::build_client().expect("a client"))
        .expect("valid settings");
    let bucket = bucket.expect("a bucket");
    check_tampering(&bucket, ["X-Amz-Date", "X-Amz-Expires", "X-Amz-Signature"]).await;
    let long = bucket.presign(Method::GET, "a.wav", Duration::from_secs(604_801)).await;
    if let Ok(Some(url)) = long {
        let client = super::support::client().build().expect("a client");
        assert_eq!(client.get(url).send().await.expect("a response").status(), 403);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn googles_addresses() {
    let server = StrictServer::start(Dialect::Google).await;
    let folder = tempfile::tempdir().expect("a temporary directory");
    let account = folder.path().join("account.json");
    let key = std::fs::read_to_string(fixture_path("signer.pem")).expect("the fixture");
    let json = json!({"type": "service_account", "client_email": "calliope@example.org", "private_key_id": "1",
        "private_key": key, "gcs_base_url": server.url});
    std::fs::write(&account, json.to_string()).expect("written");
    let settings = StorageSettings {
        cloud: Cloud::Gcp,
        bucket: Some("stories".to_owned()),
        google_credentials: Some(account),
        ..StorageSettings::default()
    };
    let bucket = Bucket::from_settings(&settings, http_client::build_client().expect("a client"))
        .expect("valid settings");
    let bucket = bucket.expect("a bucket");
    check_tampering(&bucket, ["X-Goog-Date", "X-Goog-Expires", "X-Goog-Signature"]).await;
    let long = bucket.presign(Method::GET, "a.wav", Duration::from_secs(604_801)).await;
    assert!(long.is_err(), "longer than Google allows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn azures_addresses() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let Some(settings) = emulators::bucket(Cloud::Azure, folder.path()).await else { return };
    let bucket = Bucket::from_settings(&settings, http_client::build_client().expect("a client"))
        .expect("valid settings");
    let bucket = bucket.expect("a bucket");
    for key in ["audio/own/a.wav", "audio/other/a.wav"] {
        bucket.put(key, "bytes".into(), "audio/wav").await.expect("put");
    }
    check_tampering(&bucket, ["se", "se", "sig"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_and_memory_have_no_addresses() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for url in ["memory://".to_owned(), format!("file://{}", folder.path().display())] {
        let bucket = Bucket::from_url(
            &url,
            &StorageSettings::default(),
            http_client::build_client().expect("a client"),
        );
        let signed =
            bucket.expect("valid settings").presign(Method::GET, "a", Duration::from_secs(1)).await;
        assert_eq!(signed.expect("no error"), None);
    }
}
