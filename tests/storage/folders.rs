//! Folders and the database file that are removed, replaced or cannot be written, and the quota of a client.

use std::path::{Path, PathBuf};

use calliope::store::StoreError;
use serde_json::{Value, json};

use super::support::{TestApp, TestDatabase, TestOptions, base64, fixture, photo};
use crate::on_both;

on_both! {
    each_folder_is_checked_and_named;
    a_folder_that_was_removed_is_made_again;
    a_client_stores_no_more_than_its_quota;
}

async fn record(app: &TestApp) -> (u16, Value) {
    let url = format!("{}/v2/clients/n/recordings", app.url);
    super::support::send_json(app.client.post(url).body(fixture("speech.ogg"))).await
}

async fn add_voice(app: &TestApp) -> (u16, Value) {
    let sample = reqwest::multipart::Part::bytes(fixture("speech.ogg")).file_name("a.ogg");
    let form = reqwest::multipart::Form::new().part("samples", sample);
    super::support::send_json(app.put("/v2/clients/n/voice-profiles/me").multipart(form)).await
}

async fn send(app: &TestApp, folder: &str) -> (u16, Value) {
    match folder {
        "audio" => record(app).await,
        "voice_profiles" => add_voice(app).await,
        _ => {
            let order = json!({"client_id": "n", "strategy": "literal", "input_text": "On.", "input_image": photo()});
            app.call("POST", "/v1/frames", order).await
        }
    }
}

/// Puts a file in the place of each folder in turn, which stops even an administrator from writing there.
async fn each_folder_is_checked_and_named(database: TestDatabase) {
    let app = TestApp::start(database).await;
    for folder in ["media", "input", "audio", "voice_profiles"] {
        let path = app.database.folder.path().join(folder);
        std::fs::remove_dir_all(&path).expect("removed");
        std::fs::write(&path, "in the way").expect("written");
        let ready = app.json("/readyz").await;
        let health = &ready["object_store"];
        let reason = health["reason"].as_str().expect("a reason");
        assert_eq!(health["status"], "degraded", "{folder}: {ready}");
        assert!(reason.contains(&format!("The {folder} folder (")), "{folder}: {reason}");
        assert!(reason.contains(&path.display().to_string()), "{folder}: {reason}");
        let (status, problem) = send(&app, folder).await;
        assert_eq!(status, 503, "{folder}: {problem}");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(&format!("The {folder} folder")), "{folder}: {detail}");
        assert!(detail.contains(&path.display().to_string()), "{folder}: {detail}");
        std::fs::remove_file(&path).expect("removed");
        let (status, answer) = send(&app, folder).await;
        assert!((200..300).contains(&status), "{folder}: {answer}");
    }
    assert_eq!(app.json("/readyz").await["object_store"]["status"], "ok");
    app.stop_and_remove().await;
}

async fn a_folder_that_was_removed_is_made_again(database: TestDatabase) {
    let app = TestApp::start(database).await;
    for folder in ["media", "input", "audio", "voice_profiles"] {
        let path = app.database.folder.path().join(folder);
        std::fs::remove_dir_all(&path).expect("removed");
        let (status, answer) = send(&app, folder).await;
        assert!((200..300).contains(&status), "{folder}: {answer}");
        assert!(path.is_dir(), "{folder}");
        std::fs::remove_dir_all(&path).expect("removed");
        assert_eq!(app.json("/readyz").await["object_store"]["status"], "ok", "{folder}");
        assert!(path.is_dir(), "{folder}");
    }
    app.stop_and_remove().await;
}

/// Moves the database file aside and puts a copy in its place if `is_replaced`. Returns where the file is now.
fn move_database(path: &Path, is_replaced: bool) -> PathBuf {
    let aside = path.with_extension("aside");
    std::fs::rename(path, &aside).expect("moved");
    if is_replaced {
        std::fs::copy(&aside, path).expect("copied");
    }
    aside
}

fn open_readers(app: &TestApp) -> u32 {
    app.store.pool_statuses().iter().find(|pool| pool.pool == "read").expect("a pool").open
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_file_that_is_gone_or_replaced_is_neither_read_nor_written() {
    for is_replaced in [false, true] {
        let app = TestApp::start(TestDatabase::sqlite()).await;
        let order = json!({"client_id": "n", "strategy": "literal", "input_text": "On."});
        app.create_frame(order.clone()).await;
        let (path, readers) = (app.database.settings.path.clone(), open_readers(&app));
        let aside = move_database(&path, is_replaced);
        let refused = |(status, problem): (u16, Value)| {
            assert_eq!(status, 503, "{problem}");
            let detail = problem["detail"].as_str().expect("a detail");
            assert!(detail.contains("removed or replaced"), "{detail}");
        };
        refused(app.call("POST", "/v1/frames", order.clone()).await);
        // More reads than there are open connections, so that some need a new one.
        let read = || app.call("GET", "/v2/stories?client_id=n", Value::Null);
        for answer in futures_util::future::join_all((0..20).map(|_| read())).await {
            refused(answer);
        }
        refused(app.call("GET", "/v1/story?client_id=n", Value::Null).await);
        refused(app.call("GET", "/v2/search?query=on&mode=lexical", Value::Null).await);
        let (status, ready) = app.call("GET", "/readyz", Value::Null).await;
        assert_eq!((status, &ready["database"]["status"]), (503, &json!("down")), "{ready}");
        let reason = ready["database"]["reason"].as_str().expect("a reason");
        assert!(reason.contains("removed or replaced"), "{reason}");
        assert!(is_replaced || !path.exists(), "no other file was created");
        assert!(open_readers(&app) <= readers, "no connection has opened the copy");
        // The right file, put back, is accepted again.
        std::fs::rename(&aside, &path).expect("moved back");
        assert_eq!(app.create_frame(order).await["story_frame_count"], 2);
        for (status, answer) in futures_util::future::join_all((0..20).map(|_| read())).await {
            assert_eq!(status, 200, "{answer}");
        }
        app.stop_and_remove().await;
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_whose_database_file_goes_is_not_saved() {
    for is_replaced in [false, true] {
        let database = TestDatabase::sqlite();
        let store = database.store().await;
        let mut tx = store.begin().await.expect("begun");
        tx.delete_expired_pairings(chrono::DateTime::UNIX_EPOCH).await.expect("done");
        let path = database.settings.path.clone();
        let aside = move_database(&path, is_replaced);
        let saved = tx.save().await;
        assert!(matches!(saved, Err(StoreError::FileReplaced(_))), "{saved:?}");
        std::fs::rename(&aside, &path).expect("moved back");
        store.begin().await.expect("begun").save().await.expect("saved");
        store.close().await;
    }
}

async fn a_client_stores_no_more_than_its_quota(database: TestDatabase) {
    let options = TestOptions {
        storage: |storage| storage.client_quota_mebibytes = 1,
        ..TestOptions::default()
    };
    let app = TestApp::start_with(database, options).await;
    // Photographs that are noise are large; what is decoded of this one is not asked for.
    let large = base64("chelsea_451x300.png");
    let order = |client: &str| {
        json!({"client_id": client, "strategy": "literal", "input_text": "On.", "input_image": large,
            "output_image_width": 16, "output_image_height": 16})
    };
    let mut accepted = 0;
    let problem = loop {
        let (status, answer) = app.call("POST", "/v1/frames", order("greedy")).await;
        if status != 200 {
            assert_eq!(status, 429, "{answer}");
            break answer;
        }
        accepted += 1;
        assert!(accepted < 20, "the quota is small");
    };
    assert!(accepted > 0, "a client may store something");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("of its 1 MiB") && detail.contains("nothing was saved"), "{detail}");
    // Another client has a quota of its own, and recordings count like photographs.
    assert_eq!(app.call("POST", "/v1/frames", order("modest")).await.0, 200);
    let mut recorded = 0;
    while record(&app).await.0 == 201 {
        recorded += 1;
        assert!(recorded < 200, "the quota is small");
    }
    assert!(recorded > 0);
    assert_eq!(record(&app).await.0, 429);
    assert_eq!(add_voice(&app).await.0, 429);
    app.stop_and_remove().await;
}
