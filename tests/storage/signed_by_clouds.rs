//! Presigned URLs of each cloud that signs, and those who tamper with them.

use std::time::Duration;

use calliope::http_client;
use calliope::objects::{Bucket, Method};
use calliope::settings::{Cloud, StorageSettings};
use serde_json::json;

use super::strict_server::{Dialect, SECRET, StrictServer};
use super::support::{emulators, fixture_path, pause};

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
            pause().await;
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
