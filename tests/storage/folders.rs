//! Folders and the database file that are removed, replaced or cannot be written, and the quota of a client.

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

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_file_that_is_gone_or_replaced_refuses_writes() {
    for is_replaced in [false, true] {
        let app = TestApp::start(TestDatabase::sqlite()).await;
        let order = json!({"client_id": "n", "strategy": "literal", "input_text": "On."});
        app.create_frame(order.clone()).await;
        let path = app.database.settings.path.clone();
        let aside = path.with_extension("aside");
        std::fs::rename(&path, &aside).expect("moved");
        if is_replaced {
            std::fs::copy(&aside, &path).expect("copied");
        }
        let (status, problem) = app.call("POST", "/v1/frames", order.clone()).await;
        assert_eq!(status, 503, "{problem}");
        // A read may come first and need a new connection, which cannot open a file that is gone.
        let detail = problem["detail"].as_str().expect("a detail");
        let is_explained = detail.contains("removed or replaced");
        assert!(is_explained || (!is_replaced && detail.contains("does not answer")), "{detail}");
        let (status, ready) = app.call("GET", "/readyz", Value::Null).await;
        assert_eq!((status, &ready["database"]["status"]), (503, &json!("down")), "{ready}");
        assert!(
            ready["database"]["reason"].as_str().is_some_and(|r| r.contains("replaced")),
            "{ready}"
        );
        assert!(is_replaced || !path.exists(), "no other file was created");
        // The right file, put back, is accepted again. A connection that has opened the copy may still read from it.
        std::fs::rename(&aside, &path).expect("moved back");
        if !is_replaced {
            app.create_frame(order).await;
        }
        app.stop_and_remove().await;
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
