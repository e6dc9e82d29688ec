//! All data about a client can be exported, and all of it can be removed.

use calliope::domain::{ClientId, ScopeName};
use chrono::{DateTime, TimeDelta};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use crate::identity::token;
use crate::on_both;
use crate::support::clock::ManualClock;
use crate::support::embedder::FakeEmbedder;
use crate::support::{
    TestApp, TestDatabase, TestOptions, fixture, pause, photo, send_json, with_timeout,
};

on_both! {
    everything_about_a_client_is_shown_in_one_document;
    nothing_names_an_erased_client_and_others_keep_what_is_theirs;
    an_erasure_waits_for_no_one_and_can_be_done_again;
    what_no_task_speaks_of_any_more_is_erased_too;
    an_export_is_complete_although_stories_are_deleted_meanwhile;
}

/// A client id that occurs nowhere else.
const NEMO: &str = "nemo-7f3a51";

/// Creates data of every kind for a client.
async fn create_data(app: &TestApp, client_id: &str) {
    let config = json!({"client_id": client_id, "description": "by the window",
        "keys": {"openai_api_key": "sk-of-its-own-1234567890"}});
    assert_eq!(app.call("POST", "/admin/api/sparrow-configs", config).await.0, 201);
    let story = app
        .create_frame(
            json!({"client_id": client_id, "input_image": photo(), "input_text": "A ship!",
        "strategy": "show-this-frame"}),
        )
        .await;
    app.create_frame(json!({"client_id": client_id, "input_image": photo(), "strategy": "fern"}))
        .await;
    for (path, body) in [
        ("patterns/subject/boats", json!({"value": client_id})),
        ("context/mood", json!({"value": "merry"})),
    ] {
        assert_eq!(app.call("PUT", &format!("/v2/clients/{client_id}/{path}"), body).await.0, 201);
    }
    let insight = json!({"type": "mood", "data": {"text": "Likes the sea."}});
    assert_eq!(
        app.call("POST", &format!("/v2/clients/{client_id}/insights"), insight).await.0,
        201
    );
    let report = json!({"battery_mv": 3900});
    assert_eq!(
        app.call("POST", &format!("/v2/clients/{client_id}/telemetry"), report).await.0,
        204
    );
    let keep = json!({"story_id": story["story_id"], "frame_number": 0, "comments": "the best"});
    let path = format!("/v1/bookmarks/frame/?client_id={client_id}");
    assert_eq!(app.call("POST", &path, keep).await.0, 200);
    let path = format!("/v2/bookmark-lists?client_id={client_id}");
    let list = app
        .client
        .post(format!("{}{path}", app.url))
        .header("idempotency-key", format!("k {client_id}"));
    let (status, list) = send_json(list.json(&json!({"name": "evenings"}))).await;
    assert_eq!(status, 201, "{list}");
    let path = format!(
        "/v2/bookmark-lists/{}/stories/{}?client_id={client_id}",
        list["id"],
        story["story_id"].as_str().expect("an id")
    );
    assert!(app.call("PUT", &path, json!({})).await.0 < 300);
    let sound = app.client.post(format!("{}/v2/clients/{client_id}/recordings", app.url));
    let sound = sound.header("content-type", "audio/wav").body(fixture("speech_16k_mono.wav"));
    assert_eq!(send_json(sound).await.0, 201);
    let sample = Part::bytes(fixture("speech.mp3")).file_name("speech.mp3");
    let form = Form::new().text("metadata", "{}").part("samples", sample);
    let profile = app.put(&format!("/v2/clients/{client_id}/voice-profiles/oma")).multipart(form);
    assert_eq!(send_json(profile).await.0, 201);
    let command = format!("/admin/api/sparrow-states/{client_id}/commands");
    assert_eq!(app.call("POST", &command, json!({"command": "identify"})).await.0, 200);
    let next = app.json(&format!("/v2/clients/{client_id}/next")).await;
    assert_eq!(next["command"], "identify");
    let wall = json!({"kind": "wall", "client_id": client_id, "comment": client_id});
    assert_eq!(app.call("POST", "/v2/shares", wall).await.0, 201);
    token(app, ScopeName::Device, Some(client_id), None).await;
    assert_eq!(app.call("POST", "/v2/pairing", json!({"client_id": client_id})).await.0, 201);
}

/// Returns where a text occurs in the installation: columns of tables and keys of files.
pub async fn mentions(app: &TestApp, text: &str) -> Vec<String> {
    let copy = app.database.folder.path().join(format!("copy-{}.db", uuid::Uuid::now_v7()));
    app.store.write_snapshot(&copy).await.expect("a snapshot");
    let mut file =
        SqliteConnection::connect(&format!("sqlite://{}", copy.display())).await.expect("opened");
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .fetch_all(&mut file)
    .await
    .expect("tables");
    assert!(tables.len() > 40, "{tables:?}");
    let mut found = Vec::new();
    for table in tables {
        let columns = sqlx::query(AssertSqlSafe(format!("PRAGMA table_info(\"{table}\")")));
        for column in columns.fetch_all(&mut file).await.expect("columns") {
            let column: String = column.get("name");
            let sql = format!(
                "SELECT COUNT(*) FROM \"{table}\" WHERE instr(CAST(\"{column}\" AS TEXT), '{text}') > 0"
            );
            let count: i64 =
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut file).await.expect("counted");
            if count > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
    }
    for entry in list_files(app.database.folder.path()) {
        if entry.contains(text) {
            found.push(entry);
        }
    }
    found
}

fn list_files(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        // Maintenance removes empty folders later.
        if path.is_dir() {
            found.extend(list_files(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

async fn everything_about_a_client_is_shown_in_one_document(database: TestDatabase) {
    let app = TestApp::start(database).await;
    create_data(&app, NEMO).await;
    create_data(&app, "other").await;
    app.wait_until_idle().await;
    let document = app.json(&format!("/v2/clients/{NEMO}/export")).await;
    assert_eq!(document["client_id"], NEMO);
    let count = |name: &str| document[name].as_array().expect("a list").len();
    for (name, at_least) in [
        ("patterns", 2),
        ("context", 3),
        ("insights", 1),
        ("voice_profiles", 1),
        ("recordings", 1),
        ("telemetry", 1),
        ("frame_bookmarks", 1),
        ("bookmark_lists", 1),
        ("shares", 1),
        ("files", 3),
        ("stories", 2),
    ] {
        assert!(count(name) >= at_least, "{name}: {document}");
    }
    assert_eq!(document["bookmark_lists"][0]["stories"].as_array().map(Vec::len), Some(1));
    let stories = document["stories"].as_array().expect("stories");
    let shown =
        stories.iter().find(|story| story["frames"][0]["text"] == "A ship!\n").expect("the story");
    assert_eq!(
        (&shown["frames"][0]["heard"], &shown["frames"][0]["number"]),
        (&json!("A ship!"), &json!(0))
    );
    assert!(shown["frames"][0]["seen"].is_string());
    assert!(shown["files"].as_array().is_some_and(|files| !files.is_empty()), "{shown}");
    let text = document.to_string();
    assert!(!text.contains("sk-of-its-own") && !text.contains("\"other\""), "{text}");
    let unknown = app.json("/v2/clients/nobody/export").await;
    assert_eq!((&unknown["stories"], &unknown["configuration"]), (&json!([]), &Value::Null));
    app.stop_and_remove().await;
}

pub async fn erase(app: &TestApp, client_id: &str) -> Value {
    let (status, ordered) =
        app.call("DELETE", &format!("/v2/clients/{client_id}"), Value::Null).await;
    assert_eq!(status, 202, "{ordered}");
    let path = format!("/v2/tasks/{}", ordered["task_id"].as_str().expect("an id"));
    let ended = async {
        loop {
            let task = app.json(&path).await;
            if !task["completed_at"].is_null() {
                break task;
            }
            pause().await;
        }
    };
    with_timeout(ended).await
}

async fn nothing_names_an_erased_client_and_others_keep_what_is_theirs(database: TestDatabase) {
    let embedder = FakeEmbedder::start().await;
    // Learned patterns fade over time, even between two reads.
    let options = TestOptions { clock: ManualClock::new(), ..embedder.options("ideas") };
    let app = TestApp::start_with(database, options).await;
    create_data(&app, NEMO).await;
    create_data(&app, "other").await;
    app.wait_until_idle().await;
    let before = mentions(&app, NEMO).await;
    for place in [
        "story.client_id",
        "user_pattern.client_id",
        "api_token.client_id",
        "audit.after_value",
        "pairing.client_id",
        "share.client_id",
        "recording.client_id",
        "media_object.key",
        "event.client_id",
    ] {
        assert!(before.iter().any(|found| found == place), "{place}: {before:?}");
    }
    let others = |document: &Value| {
        let mut document = document.clone();
        document["date_exported"] = Value::Null;
        // Presigned URLs differ each time.
        document["recordings"] = Value::Null;
        document["voice_profiles"] = Value::Null;
        document
    };
    let remaining = others(&app.json("/v2/clients/other/export").await);
    let task = erase(&app, NEMO).await;
    assert_eq!(
        (&task["status"], &task["result"]["stories"]),
        (&json!("completed"), &json!(2)),
        "{task}"
    );
    assert!(task["result"]["files"].as_u64().is_some_and(|files| files >= 6), "{task}");
    app.wait_until_idle().await;
    assert_eq!(mentions(&app, NEMO).await, [""; 0]);
    let found = app.json("/v2/search?query=ship&mode=semantic&limit=100").await;
    let results = found["results"].as_array().expect("results");
    let texts: Vec<&Value> = results.iter().map(|result| &result["text"]).collect();
    assert_eq!((texts.len(), texts[0]), (2, &json!("A ship!")), "{found}");
    assert_eq!(app.json("/admin/api/index").await["pieces"], 2, "the other's two frames");
    let still = others(&app.json("/v2/clients/other/export").await);
    assert!(still == remaining, "the other has something else now");
    let audit = app.json("/admin/api/audit?resource=clients").await;
    assert_eq!(audit["items"][0]["action"], "erase", "{audit}");
    app.stop_and_remove().await;
}

async fn an_erasure_waits_for_no_one_and_can_be_done_again(database: TestDatabase) {
    let app = TestApp::start_with(
        database,
        TestOptions { api_key: Some("a key of these tests"), ..TestOptions::default() },
    )
    .await;
    let call = async |secret: &str, method: &str, path: &str| {
        let request =
            app.client.request(method.parse().expect("a method"), format!("{}{path}", app.url));
        send_json(request.header("x-api-key", secret)).await
    };
    let device = token(&app, ScopeName::Device, Some("s"), None).await;
    let (status, _) = call(&device, "DELETE", "/v2/clients/another").await;
    assert_eq!(status, 403);
    let (status, _) = call(&device, "GET", "/v2/clients/another/export").await;
    assert_eq!(status, 403);
    // A device may erase itself, its own token included. The token is unknown afterwards.
    let (status, ordered) = call(&device, "DELETE", "/v2/clients/s").await;
    assert_eq!(status, 202, "{ordered}");
    let refused = async {
        while call(&device, "GET", "/v2/clients/s/patterns").await.0 != 401 {
            pause().await;
        }
    };
    with_timeout(refused).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let (status, again) = call(&admin, "DELETE", "/v2/clients/s").await;
    assert_eq!(status, 202, "{again}");
    app.stop_and_remove().await;
}

async fn what_no_task_speaks_of_any_more_is_erased_too(database: TestDatabase) {
    let app = TestApp::start(database).await;
    app.create_frame(
        json!({"client_id": NEMO, "input_image": photo(), "strategy": "show-this-frame"}),
    )
    .await;
    app.wait_until_idle().await;
    // Ended tasks are deleted after a month; inputs may be stored for longer.
    let (never, later) = (DateTime::UNIX_EPOCH, app.clock.now() + TimeDelta::hours(1));
    let mut tx = app.store.begin().await.expect("begun");
    tx.delete_old_records(never, later, never).await.expect("forgotten");
    tx.save().await.expect("saved");
    assert_eq!(app.files("input").len(), 1, "the photograph is there");
    assert_eq!(erase(&app, NEMO).await["status"], "completed");
    app.wait_until_idle().await;
    assert_eq!(app.files("input"), [""; 0]);
    assert_eq!(mentions(&app, NEMO).await, [""; 0]);
    app.stop_and_remove().await;
}

async fn an_export_is_complete_although_stories_are_deleted_meanwhile(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let mut stories = Vec::new();
    for number in 0..20 {
        let slug = format!("literal-{number}");
        let strategy = json!({"slug": slug, "strategy_name": "literal"});
        assert_eq!(app.call("POST", "/admin/api/strategy-configs", strategy).await.0, 201);
        let body = json!({"client_id": NEMO, "strategy": slug, "input_text": "a",
            "output_image_width": 16, "output_image_height": 16});
        stories.push(app.create_frame(body).await["story_id"].clone());
    }
    let mut export =
        app.app.ops().export(ClientId::try_from(NEMO.to_owned()).expect("a client id"));
    // The document waits for its reader after a few chunks, when the list of stories has been read.
    let mut document = Vec::new();
    while !String::from_utf8_lossy(&document).contains(r#""stories":["#) {
        let chunk = export.recv().await.expect("more");
        document.extend_from_slice(&chunk.expect("a chunk"));
    }
    for story in &stories {
        let path = format!("/v2/stories/{}", story.as_str().expect("an id"));
        assert_eq!(app.call("DELETE", &path, json!(null)).await.0, 204);
    }
    while let Some(chunk) = export.recv().await {
        document.extend_from_slice(&chunk.expect("the export does not break off"));
    }
    let document: Value = serde_json::from_slice(&document).expect("a complete document");
    assert_eq!(document["stories"].as_array().expect("stories").len(), 20);
    app.stop_and_remove().await;
}
