//! Limits that hold across instances: logins, pairings and the quota of a client.

use calliope::settings::StorageSettings;
use futures_util::future::join_all;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use super::disks::other_disk;
use super::support::{TestApp, TestDatabase, TestOptions, fixture};

/// Starts two instances on one database.
async fn start_two(database: TestDatabase, storage: fn(&mut StorageSettings)) -> [TestApp; 2] {
    let options = || TestOptions { storage, ..TestOptions::default() };
    let other = other_disk(&database);
    [TestApp::start_with(database, options()).await, TestApp::start_with(other, options()).await]
}

async fn stop_two([here, there]: [TestApp; 2]) {
    there.stop().await;
    here.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_and_pairings_are_limited_by_all_instances_together() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let apps = start_two(database, |_| ()).await;
    let login = async |app: &TestApp, name: &str| {
        let body = json!({"username": name, "password": "a guess of somebody"});
        let (status, answer) = app.call("POST", "/admin/api/login", body).await;
        (status, answer["detail"].as_str().unwrap_or_default().to_owned())
    };
    let mut statuses = Vec::new();
    for attempt in 0..8 {
        statuses.push(login(&apps[attempt % 2], "anna").await.0);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429], "five a minute for a name");
    let (_, detail) = login(&apps[0], "anna").await;
    assert!(detail.starts_with("Too many requests; try again in "), "{detail}");
    // The network has ten a minute, of which five are left.
    let mut statuses = Vec::new();
    for attempt in 0..7 {
        statuses.push(login(&apps[attempt % 2], &format!("user{attempt}")).await.0);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
    let pair =
        async |app: &TestApp| app.call("POST", "/v2/pairing", json!({"client_id": "s"})).await.0;
    let mut accepted = 0;
    for attempt in 0..14 {
        accepted += usize::from(pair(&apps[attempt % 2]).await != 429);
    }
    assert_eq!(accepted, 10);
    stop_two(apps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_is_exact_however_many_instances_are_sent_to_at_once() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let apps = start_two(database, |storage| {
        storage.client_quota_mebibytes = 1;
        storage.compress_audio = false;
    })
    .await;
    let sound = fixture("speech_16k_mono.wav");
    let record = async |app: &TestApp| {
        let part = Part::bytes(sound.clone()).file_name("a.wav");
        let form = Form::new().part("file", part);
        let post = app.client.post(app.address("/v2/clients/s/recordings")).multipart(form);
        post.send().await.expect("an answer").status().as_u16()
    };
    let statuses = join_all((0..24).map(|n| record(&apps[n % 2]))).await;
    let accepted = statuses.iter().filter(|status| **status == 201).count();
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!(accepted + refused, 24, "{statuses:?}");
    assert_eq!(accepted, (1 << 20) / sound.len(), "as many as fit");
    let kept = apps[0].store.client_bytes("s").await.expect("measured");
    assert_eq!(kept, i64::try_from(accepted * sound.len()).expect("small"));
    let on_disk: usize = apps
        .iter()
        .map(|app| {
            let folder = app.database.folder.path().join("audio");
            walk(&folder)
        })
        .sum();
    assert_eq!(on_disk, accepted, "what was refused is not kept");
    stop_two(apps).await;
}

/// Returns the number of files below a folder, without the hidden marks of instances.
fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let entries = entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    entries.map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { 1 }).sum()
}
