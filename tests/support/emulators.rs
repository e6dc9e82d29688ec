//! Local servers that emulate cloud buckets, moto and azurite, as `./scripts/test` starts them. Each test has its own
//! bucket.

use std::io::Write as _;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use calliope::domain::{Clock, SystemClock};
use calliope::settings::{Cloud, StorageSettings};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// The only account of Azurite, which its documentation names.
pub const AZURE_ACCOUNT: &str = "devstoreaccount1";

/// The key of that account.
pub const AZURE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Returns settings for a new bucket of a cloud. If its emulator is not configured, prints that the tests are skipped
/// and returns `None`.
pub async fn bucket(cloud: Cloud, folder: &Path) -> Option<StorageSettings> {
    let (variable, name) = match cloud {
        Cloud::Aws => ("CALLIOPE_TEST_S3", "s3"),
        Cloud::Gcp => ("CALLIOPE_TEST_GCS", "gcs"),
        Cloud::Azure => ("CALLIOPE_TEST_AZURE", "azure"),
        Cloud::Local => panic!("a local store has no bucket"),
    };
    let Ok(server) = std::env::var(variable) else {
        // Written to stderr directly, because the test harness would capture a print.
        let line = format!(
            "buckets of {name} are SKIPPED: {variable} is not set; ./scripts/test sets it\n"
        );
        let _ = std::io::stderr().write_all(line.as_bytes());
        return None;
    };
    let bucket = format!("test{}", Uuid::now_v7().simple());
    let settings =
        StorageSettings { cloud, bucket: Some(bucket.clone()), ..StorageSettings::default() };
    Some(match cloud {
        Cloud::Azure => {
            create_container(&server, &bucket).await;
            StorageSettings {
                endpoint: Some(server),
                access_key_id: Some(AZURE_ACCOUNT.to_owned()),
                secret_access_key: Some(AZURE_KEY.into()),
                ..settings
            }
        }
        Cloud::Gcp => {
            create_bucket(&server, &bucket).await;
            let account = folder.join(format!("{bucket}.json"));
            let json = serde_json::json!({"gcs_base_url": server, "disable_oauth": true,
                "client_email": "", "private_key": "", "private_key_id": ""});
            std::fs::write(&account, json.to_string()).expect("written");
            StorageSettings { google_credentials: Some(account), ..settings }
        }
        _ => {
            create_bucket(&server, &bucket).await;
            StorageSettings {
                endpoint: Some(server),
                region: Some("us-east-1".to_owned()),
                access_key_id: Some("test".to_owned()),
                secret_access_key: Some("test-secret".into()),
                ..settings
            }
        }
    })
}

async fn create_bucket(server: &str, name: &str) {
    let client = super::client().build().expect("a client");
    let response = client.put(format!("{server}/{name}")).send().await.expect("the server answers");
    assert!(response.status().is_success(), "{response:?}");
}

/// Azure's emulator accepts only signed requests.
async fn create_container(server: &str, name: &str) {
    let date = SystemClock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let version = "2021-08-06";
    let to_sign = format!(
        "PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{version}\n\
         /{AZURE_ACCOUNT}/{AZURE_ACCOUNT}/{name}\nrestype:container"
    );
    let key = STANDARD.decode(AZURE_KEY).expect("a key");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length will do");
    mac.update(to_sign.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let client = super::client().build().expect("a client");
    let response = client
        .put(format!("{server}/{name}?restype=container"))
        .header("x-ms-date", &date)
        .header("x-ms-version", version)
        .header("authorization", format!("SharedKey {AZURE_ACCOUNT}:{signature}"))
        .header("content-length", "0")
        .send()
        .await
        .expect("the server answers");
    assert!(response.status().is_success(), "{response:?}");
}
