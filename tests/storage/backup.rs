//! Backups: restoring one brings everything back, in either database, even if it was made under load.

use std::sync::atomic::{AtomicBool, Ordering};

use calliope::app::restore;
use calliope::settings::Settings;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::support::bucket::FakeBucket;
use super::support::{
    TestApp, TestDatabase, TestOptions, fixture, pause, photo, send_json, with_timeout,
};
use crate::on_both;

on_both! {
    a_backup_of_one_database_is_restored_into_the_other;
    a_backup_is_restored_into_the_same_kind_of_database;
    a_backup_under_load_is_of_one_moment;
    no_file_goes_while_a_backup_is_made;
    what_is_in_the_bucket_alone_is_in_the_backup_too;
}

pub(super) fn settings(database: &TestDatabase) -> Settings {
    Settings {
        database: database.settings.clone(),
        storage: database.storage(),
        ..Settings::default()
    }
}

/// Creates some data of every kind.
pub(super) async fn create_sample_data(app: &TestApp) {
    for _ in 0..3 {
        let photo = json!({"client_id": "s", "input_image": photo(), "output_image_format": "rgb565",
            "output_image_width": 32, "output_image_height": 24});
        app.create_frame(photo).await;
    }
    let response = app
        .create_frame(
            json!({"client_id": "t", "strategy": "literal", "input_text": "Ein Boot – \u{1f6f6}."}),
        )
        .await;
    let bookmark = json!({"story_id": response["story_id"], "frame_number": 0, "comments": "fine"});
    assert_eq!(app.call("POST", "/v1/bookmarks/frame?client_id=t", bookmark).await.0, 200);
    let flock =
        json!({"flock_id": "north", "description": "The north.", "parameters": {"debug": true}});
    assert_eq!(app.call("POST", "/admin/api/flock-configs", flock).await.0, 201);
    let flock = json!({"flock_id": "far", "description": "", "parent_flock_id": "north"});
    assert_eq!(app.call("POST", "/admin/api/flock-configs", flock).await.0, 201);
    let token = json!({"name": "kitchen", "scope": "device", "client_id": "s"});
    assert_eq!(app.call("POST", "/admin/api/tokens", token).await.0, 201);
    let report = json!({"battery_mv": 3700, "battery_percent": 0.1});
    assert_eq!(app.call("POST", "/v2/clients/s/telemetry", report).await.0, 204);
    let sample = Part::bytes(fixture("speech_16k_mono.wav")).file_name("a.wav");
    let form = Form::new().text("metadata", r#"{"n": 0.1}"#).part("samples", sample);
    assert_eq!(send_json(app.put("/v2/clients/s/voice-profiles/oma").multipart(form)).await.0, 201);
}

/// Returns the API's responses about all data, without fields that differ between requests.
async fn api_snapshot(app: &TestApp) -> Vec<(String, Value)> {
    let stories = app.json("/admin/api/stories?limit=100").await;
    let mut paths: Vec<String> = [
        "/v1/stories?client_id=s",
        "/v1/stories?client_id=t",
        "/v1/bookmarks/frame?client_id=t",
        "/admin/api/stories?limit=100",
        "/admin/api/flock-configs",
        "/admin/api/prompt-templates",
        "/admin/api/strategy-configs",
        "/admin/api/inference-models",
        "/admin/api/tokens",
        "/admin/api/audit",
        "/admin/api/sparrow-states",
        "/v2/clients/s/telemetry",
        "/v2/clients/s/voice-profiles",
        "/v2/clients/s/config",
        "/v2/tasks?limit=100",
    ]
    .map(str::to_owned)
    .to_vec();
    for story in stories["items"].as_array().expect("stories") {
        paths.push(format!("/v2/stories/{}", story["story_id"].as_str().expect("an id")));
    }
    let mut responses = Vec::new();
    for path in paths {
        let mut value = app.json(&path).await;
        strip_volatile_fields(&mut value);
        responses.push((path, value));
    }
    responses
}

fn strip_volatile_fields(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for name in ["request_id", "generation_date", "url_expires"] {
                fields.remove(name);
            }
            // A presigned URL differs each time.
            if fields.contains_key("key") {
                fields.remove("url");
            }
            fields.values_mut().for_each(strip_volatile_fields);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_volatile_fields),
        _ => {}
    }
}

async fn check_restore(database: TestDatabase, target: TestDatabase) {
    let app = TestApp::start(database).await;
    create_sample_data(&app).await;
    let expected = api_snapshot(&app).await;
    let output = tempfile::tempdir().expect("a temporary directory");
    let archive = output.path().join("backup.tar");
    let manifest = app.app.ops().create_backup(&archive, true, |_, _| ()).await.expect("backed up");
    assert!(manifest.missing.is_empty() && manifest.entries.len() > 10, "{manifest:?}");
    let left = std::fs::read_dir(output.path()).expect("listed");
    let hidden = left.filter(|entry| {
        entry.as_ref().expect("listed").file_name().to_string_lossy().starts_with('.')
    });
    assert_eq!(hidden.count(), 0, "no temporary file is left");
    target.make_empty().await;
    let restored = restore(&settings(&target), &archive, |_, _| ()).await.expect("restored");
    assert_eq!(restored.files, manifest.entries.len() as u64 - 1);
    app.stop_and_remove().await;
    let app = TestApp::start(target).await;
    for ((path, expected), (_, found)) in expected.iter().zip(api_snapshot(&app).await) {
        assert_eq!(&found, expected, "{path}");
    }
    assert!(app.app.files().verify(|_| ()).await.expect("verified").is_clean());
    // Stories can be continued, and new rows get unused ids.
    let before = app.json("/v1/stories?client_id=s").await;
    app.create_frame(json!({"client_id": "s"})).await;
    let after = app.json("/v1/stories?client_id=s").await;
    assert_ne!(before["stories"][0]["story_frame_count"], after["stories"][0]["story_frame_count"]);
    let flock = json!({"flock_id": "south", "description": ""});
    assert_eq!(app.call("POST", "/admin/api/flock-configs", flock).await.0, 201);
    app.stop_and_remove().await;
}

async fn a_backup_of_one_database_is_restored_into_the_other(database: TestDatabase) {
    match TestDatabase::of_kind(database.postgres.is_some()).await {
        Some(target) => check_restore(database, target).await,
        None => database.remove().await,
    }
}

async fn a_backup_is_restored_into_the_same_kind_of_database(database: TestDatabase) {
    let target = TestDatabase::of_kind(database.postgres.is_none()).await;
    check_restore(database, target.expect("this kind of database is available")).await;
}

async fn a_backup_under_load_is_of_one_moment(database: TestDatabase) {
    let app = TestApp::start(database).await;
    for client in ["a", "b", "c"] {
        app.create_frame(json!({"client_id": client})).await;
    }
    let output = tempfile::tempdir().expect("a temporary directory");
    let archive = output.path().join("backup.tar");
    let is_done = AtomicBool::new(false);
    let load = async |client: &str| {
        let mut round = 0;
        while !is_done.load(Ordering::Relaxed) {
            let response = app
                .create_frame(
                    json!({"client_id": client, "strategy": "literal", "input_text": "x"}),
                )
                .await;
            if round % 2 == 1 {
                let id = response["story_id"].as_str().expect("an id");
                let path = format!("/v2/stories/{id}?client_id={client}");
                assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
            }
            round += 1;
        }
    };
    let backup = async {
        let result = app.app.ops().create_backup(&archive, true, |_, _| ()).await;
        is_done.store(true, Ordering::Relaxed);
        result.expect("backed up")
    };
    let (manifest, (), (), ()) = tokio::join!(backup, load("a"), load("b"), load("c"));
    assert_eq!(manifest.missing, Vec::<String>::new(), "every row's file exists");
    assert_eq!(
        app.store.deletion_paused_until().await.expect("read"),
        None,
        "files may be deleted again"
    );
    app.stop_and_remove().await;
    let target = TestDatabase::sqlite();
    let restored = restore(&settings(&target), &archive, |_, _| ()).await.expect("restored");
    assert!(restored.stories >= 3, "{restored:?}");
    let app = TestApp::start(target).await;
    for story in app.json("/admin/api/stories?limit=100").await["items"].as_array().expect("some") {
        let detail =
            app.json(&format!("/v2/stories/{}", story["story_id"].as_str().expect("an id"))).await;
        let frames = detail["frames"].as_array().expect("frames");
        assert_eq!(json!(frames.len()), detail["story_frame_count"]);
    }
    assert!(app.app.files().verify(|_| ()).await.expect("verified").missing.is_empty());
    app.stop_and_remove().await;
}

async fn no_file_goes_while_a_backup_is_made(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let response = app.create_frame(json!({"client_id": "s"})).await;
    let before = app.files("media");
    let mut tx = app.store.begin().await.expect("begun");
    tx.set_deletion_pause(Some(app.clock.now() + chrono::TimeDelta::hours(1)))
        .await
        .expect("saved");
    tx.save().await.expect("saved");
    let path = format!("/v2/stories/{}?client_id=s", response["story_id"].as_str().expect("an id"));
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    // The task that deletes the files has run once and waits.
    with_timeout(async {
        loop {
            let tasks = app.json("/admin/api/tasks?limit=100").await;
            let tasks = tasks["items"].as_array().expect("tasks").clone();
            let removal = tasks.iter().find(|task| task["task_type"] == "remove_files");
            if removal.is_some_and(|task| task["attempts"] == 1 && task["status"] == "pending") {
                return;
            }
            assert!(removal.is_none_or(|task| task["status"] != "completed"), "{removal:?}");
            pause().await;
        }
    })
    .await;
    assert_eq!(app.files("media"), before);
    // A backup pauses deletion while it runs.
    let output = tempfile::tempdir().expect("a temporary directory");
    let archive = output.path().join("backup.tar");
    let mut tx = app.store.begin().await.expect("begun");
    tx.set_deletion_pause(None).await.expect("resumed");
    tx.save().await.expect("saved");
    let was_paused = async {
        let mut was_paused = false;
        while !was_paused && !archive.exists() {
            was_paused = app.store.deletion_paused_until().await.expect("read").is_some();
        }
        was_paused
    };
    let backup = app.app.ops().create_backup(&archive, true, |_, _| ());
    let (result, was_paused) = Box::pin(async { tokio::join!(backup, was_paused) }).await;
    assert!(result.is_ok() && was_paused, "{result:?}");
    assert_eq!(app.store.deletion_paused_until().await.expect("read"), None);
    app.stop_and_remove().await;
}

async fn what_is_in_the_bucket_alone_is_in_the_backup_too(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let options = TestOptions { bucket: Some(fake.bucket()), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    app.create_frame(json!({"client_id": "s"})).await;
    for name in app.files("media") {
        std::fs::remove_file(app.database.folder.path().join("media").join(name)).expect("removed");
    }
    let archive = app.database.folder.path().join("backup.tar");
    let manifest = app.app.ops().create_backup(&archive, true, |_, _| ()).await.expect("backed up");
    assert_eq!(manifest.entries.len(), fake.objects().len() + 1);
    let rows = app.app.ops().create_backup(&archive.with_extension("rows"), false, |_, _| ()).await;
    assert_eq!(rows.expect("backed up").entries.len(), 1, "only the rows, if so requested");
    // The restored files are on disk and in no bucket yet.
    let target = TestDatabase::sqlite();
    restore(&settings(&target), &archive, |_, _| ()).await.expect("restored");
    let store = target.store().await;
    assert_eq!(store.bucket_marker().await.expect("read"), None, "the marker is not restored");
    assert_eq!(
        store.sync_backlog().await.expect("counted").files.unsigned_abs(),
        fake.objects().len() as u64
    );
    store.close().await;
    app.stop_and_remove().await;
}
