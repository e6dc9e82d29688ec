//! Voice profiles and recordings: stored completely or not at all, returned as they were received, and only to their
//! own client.

use std::process::Command;

use calliope::app::identity::{AuditContext, CreateTokenRequest};
use calliope::domain::{Principal, ScopeName};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::support::bucket::{FakeBucket, FaultMode};
use super::support::process::Process;
use super::support::{
    TestApp, TestDatabase, TestOptions, files, fixture, pause, send_json, with_timeout,
};
use crate::on_both;

on_both! {
    a_voice_profile_comes_back_as_it_was_sent;
    a_profile_is_replaced_and_removed_as_a_whole;
    recordings_are_listed_read_and_removed;
    what_is_no_sound_leaves_nothing;
    a_clients_voice_is_for_itself_and_admins;
    voices_wait_for_a_bucket_that_is_away;
}

fn sample(name: &str) -> Part {
    Part::bytes(fixture(name)).file_name(name.to_owned())
}

fn form(metadata: &Value, samples: &[&str]) -> Form {
    let form = Form::new().text("metadata", metadata.to_string());
    samples.iter().fold(form, |form, name| form.part("samples", sample(name)))
}

/// Returns one second of raw PCM.
fn pcm() -> Vec<u8> {
    fixture("speech_16k_mono.wav")[44..44 + 32_000].to_vec()
}

async fn fetch(app: &TestApp, sound: &Value) -> (u16, String, Vec<u8>) {
    let url = sound["url"].as_str().expect("a URL");
    let response = app.get(url).send().await.expect("a response");
    let kind = response.headers()["content-type"].to_str().expect("text").to_owned();
    (response.status().as_u16(), kind, response.bytes().await.expect("bytes").to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_that_nobody_named_are_where_the_service_runs() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let program = Command::new(env!("CARGO_BIN_EXE_calliope"));
    let process = Process::start_command(program, &[], folder.path(), 0).await;
    let client = super::support::client().build().expect("a client");
    let url = format!("{}/v2/clients/s/recordings", process.url);
    let response = client.post(url).body(fixture("speech.ogg")).send().await.expect("a response");
    assert_eq!(response.status(), 201);
    let url = format!("{}/v2/clients/s/voice-profiles/oma", process.url);
    let put = client.put(url).multipart(form(&json!({}), &["speech.mp3"]));
    assert_eq!(send_json(put).await.0, 201);
    assert_eq!(files(&folder.path().join("audio/s")).len(), 1);
    assert_eq!(files(&folder.path().join("voice_profiles/s/oma")).len(), 1);
}

async fn a_voice_profile_comes_back_as_it_was_sent(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let names = ["speech_16k_mono.wav", "speech.mp3", "speech.webm"];
    let metadata = json!({"name": "Oma", "languages": ["de", "fi"]});
    let raw = Part::bytes(pcm()).mime_str("audio/pcm;rate=16000").expect("a type");
    let sent = form(&metadata, &names).part("samples", raw);
    let put = app.put("/v2/clients/24:6F/voice-profiles/oma").multipart(sent);
    let (status, profile) = send_json(put).await;
    assert_eq!(status, 201, "{profile}");
    let read = app.json("/v2/clients/24:6F/voice-profiles/oma").await;
    assert_eq!(read["metadata"], metadata);
    let samples = read["samples"].as_array().expect("samples");
    assert_eq!(samples.len(), 4);
    for (sample, name) in samples.iter().zip(names) {
        assert_eq!(sample["file_name"], name);
        assert_eq!(sample["size"], fixture(name).len());
        assert!(sample["duration_seconds"].as_f64().is_some_and(|s| s > 1.0), "{sample}");
        let (status, kind, bytes) = fetch(&app, sample).await;
        assert_eq!((status, kind.as_str()), (200, sample["content_type"].as_str().expect("text")));
        assert!(bytes == fixture(name), "{name} is returned byte for byte");
        let key = sample["key"].as_str().expect("a key");
        assert!(key.starts_with("voice_profiles/24-6f.1847805c59b99e35/oma/sample_"), "{key}");
    }
    assert_eq!(samples[3]["content_type"], "audio/pcm;rate=16000");
    assert_eq!(fetch(&app, &samples[3]).await.2, pcm());
    // WAV and PCM files are compressed in storage.
    let object = samples[0]["key"].as_str().expect("a key");
    let object = app.store.media_object(object).await.expect("read").expect("exists");
    assert_eq!(object.content_type, "audio/flac");
    assert!(object.size * 10 < samples[0]["size"].as_i64().expect("bytes") * 8);
    let list = app.json("/v2/clients/24:6F/voice-profiles").await;
    assert_eq!(list["items"][0]["samples"].as_array().map(Vec::len), Some(4));
    assert!(app.app.files().verify(|_| ()).await.expect("verified").is_clean());
    app.stop_and_remove().await;
}

async fn a_profile_is_replaced_and_removed_as_a_whole(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let put = |samples: &'static [&'static str]| {
        let path = "/v2/clients/s/voice-profiles/oma";
        send_json(app.put(path).multipart(form(&json!({"n": samples.len()}), samples)))
    };
    assert_eq!(put(&["speech.mp3", "speech.ogg"]).await.0, 201);
    let folder = app.database.folder.path().join("voice_profiles/s/oma");
    let first = files(&folder);
    let (status, second) = put(&["speech.m4a"]).await;
    assert_eq!((status, &second["metadata"]), (200, &json!({"n": 1})));
    assert_eq!(second["samples"].as_array().map(Vec::len), Some(1));
    with_timeout(async {
        while files(&folder).len() > 1 {
            pause().await;
        }
    })
    .await;
    assert!(!first.contains(&files(&folder)[0]), "no file is overwritten");
    // If one of the samples is not a sound, the profile stays unchanged.
    let broken = form(&json!({"n": 9}), &["speech.mp3", "chelsea_451x300.png"]);
    let refused = send_json(app.put("/v2/clients/s/voice-profiles/oma").multipart(broken)).await;
    assert_eq!(refused.0, 415, "{}", refused.1);
    assert_eq!(app.json("/v2/clients/s/voice-profiles/oma").await["metadata"], json!({"n": 1}));
    assert_eq!(files(&folder).len(), 1);
    assert_eq!(app.call("DELETE", "/v2/clients/s/voice-profiles/oma", Value::Null).await.0, 204);
    assert_eq!(app.call("DELETE", "/v2/clients/s/voice-profiles/oma", Value::Null).await.0, 404);
    assert_eq!(app.call("GET", "/v2/clients/s/voice-profiles/oma", Value::Null).await.0, 404);
    with_timeout(async {
        while !files(&folder).is_empty() {
            pause().await;
        }
    })
    .await;
    for (path, sent, field) in [
        ("/v2/clients/s/voice-profiles/.hidden", form(&json!({}), &["speech.mp3"]), "profile_id"),
        ("/v2/clients/s/voice-profiles/oma", form(&json!([]), &["speech.mp3"]), "metadata"),
        ("/v2/clients/s/voice-profiles/oma", form(&json!({}), &[]), "samples"),
        ("/v2/clients/s/voice-profiles/oma", form(&json!({}), &["speech.mp3"; 17]), "samples"),
        ("/v2/clients/s/voice-profiles/oma", Form::new().text("other", "x"), "other"),
    ] {
        let (status, problem) = send_json(app.put(path).multipart(sent)).await;
        assert_eq!(status, 422, "{path}: {problem}");
        assert_eq!(problem["errors"][0]["loc"][1], field, "{problem}");
    }
    app.stop_and_remove().await;
}

async fn recordings_are_listed_read_and_removed(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let path = "/v2/clients/s/recordings";
    let post = |body: Vec<u8>, kind: &'static str| {
        let request = app.client.post(format!("{}{path}", app.url)).body(body);
        async move { request.header("content-type", kind).send().await.expect("a response") }
    };
    let response = post(fixture("speech_16k_mono.wav"), "audio/wav").await;
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().expect("text").to_owned();
    let wav: Value = response.json().await.expect("json");
    assert_eq!(location, format!("{path}/{}", wav["name"].as_str().expect("a name")));
    assert_eq!(post(pcm(), "audio/pcm;rate=16000").await.status(), 201);
    let file = Form::new().part("file", sample("speech.ogg"));
    let request = app.client.post(format!("{}{path}", app.url)).multipart(file);
    let (status, ogg) = send_json(request).await;
    assert_eq!((status, &ogg["file_name"]), (201, &json!("speech.ogg")), "{ogg}");
    let list = app.json(&format!("{path}?limit=2")).await;
    assert_eq!(list["items"][0]["name"], ogg["name"], "the newest first");
    assert_eq!(list["items"][1]["content_type"], "audio/pcm;rate=16000");
    assert_eq!(fetch(&app, &list["items"][1]).await.2, pcm());
    let rest = format!("{path}?limit=2&cursor={}", list["next_cursor"].as_str().expect("more"));
    assert_eq!(app.json(&rest).await["items"].as_array().map(Vec::len), Some(1));
    assert!(fetch(&app, &app.json(&location).await).await.2 == fixture("speech_16k_mono.wav"));
    // A range of a file that is stored as received can be requested.
    let part = app.get(ogg["url"].as_str().expect("a URL")).header("range", "bytes=0-3");
    assert_eq!(part.send().await.expect("a response").bytes().await.expect("bytes"), "OggS");
    assert_eq!(app.call("DELETE", &location, Value::Null).await.0, 204);
    assert_eq!(app.call("GET", &location, Value::Null).await.0, 404);
    assert_eq!(
        app.get(wav["url"].as_str().expect("one")).send().await.expect("a response").status(),
        404
    );
    let key = wav["key"].as_str().expect("a key");
    assert!(app.store.media_object(key).await.expect("read").is_none());
    app.stop_and_remove().await;
}

async fn what_is_no_sound_leaves_nothing(database: TestDatabase) {
    let app = TestApp::start(database).await;
    for (body, kind) in [
        (fixture("chelsea_451x300.png"), "audio/wav"),
        (Vec::new(), "audio/pcm"),
        (b"just words".to_vec(), "text/plain"),
    ] {
        let request = app.client.post(format!("{}/v2/clients/s/recordings", app.url)).body(body);
        let (status, problem) = send_json(request.header("content-type", kind)).await;
        assert_eq!(status, 415, "{problem}");
    }
    // An interrupted body is shorter than it declares.
    let broken = form(&json!({}), &["speech.mp3"]);
    let boundary = broken.boundary().to_owned();
    let text = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"samples\"; filename=\"a.mp3\"\r\n\r\nID3"
    );
    let request = app
        .put("/v2/clients/s/voice-profiles/oma")
        .header("content-type", format!("multipart/form-data; boundary={boundary}"))
        .body(text);
    assert_eq!(send_json(request).await.0, 400);
    assert_eq!(app.store.installation_counts().await.expect("counted").media_objects, 0);
    let folder = app.database.folder.path();
    for name in ["audio", "voice_profiles"] {
        assert_eq!(files(&folder.join(name)), [""; 0], "{name}");
    }
    app.stop_and_remove().await;
}

async fn a_clients_voice_is_for_itself_and_admins(database: TestDatabase) {
    const KEY: &str = "a-shared-key-1234";
    let options = TestOptions { api_key: Some(KEY), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let audit_context = AuditContext::new(&Principal::LOCAL, None);
    let mut tokens = Vec::new();
    for (scope, client_id) in [
        (ScopeName::Device, Some("own")),
        (ScopeName::Device, Some("other")),
        (ScopeName::Admin, None),
    ] {
        let request = CreateTokenRequest {
            name: "t".to_owned(),
            scope,
            client_id: client_id.map(str::to_owned),
            expires_in: None,
            date_expires: None,
        };
        tokens.push(
            app.app
                .identities()
                .create_token(request, &audit_context)
                .await
                .expect("created")
                .token,
        );
    }
    let call = |token: usize, method: &str, path: &str, body: Value| {
        let method = method.parse().expect("a method");
        let request = app.client.request(method, format!("{}{path}", app.url));
        let request = request.bearer_auth(&tokens[token]);
        send_json(if body.is_null() { request } else { request.json(&body) })
    };
    let request = app.client.post(format!("{}/v2/clients/own/recordings", app.url));
    let request = request.bearer_auth(&tokens[0]).body(fixture("speech.ogg"));
    let (status, recording) = send_json(request).await;
    assert_eq!(status, 201, "{recording}");
    let name = recording["name"].as_str().expect("a name");
    let path = format!("/v2/clients/own/recordings/{name}");
    let key = json!({"key": recording["key"]});
    for (token, read, signed) in [(0, 200, 200), (1, 403, 404), (2, 200, 200)] {
        assert_eq!(call(token, "GET", &path, Value::Null).await.0, read, "{token}");
        assert_eq!(call(token, "GET", "/v2/clients/own/recordings", Value::Null).await.0, read);
        assert_eq!(call(token, "POST", "/v2/signed-urls", key.clone()).await.0, signed, "{token}");
    }
    assert_eq!(call(1, "DELETE", &path, Value::Null).await.0, 403);
    // A recording is accessible only by a presigned URL.
    let key = recording["key"].as_str().expect("a key");
    for path in [format!("/{key}"), format!("/media/{key}"), format!("/media/{name}")] {
        let status = app.get(&path).send().await.expect("a response").status();
        assert!(status.is_client_error(), "{path}: {status}");
    }
    assert_eq!(
        app.get(&format!("/media/signed/{key}")).send().await.expect("a response").status(),
        403
    );
    app.stop_and_remove().await;
}

async fn voices_wait_for_a_bucket_that_is_away(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let options = TestOptions { bucket: Some(fake.bucket()), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    fake.set_fault_mode(FaultMode::Unavailable);
    let put = app.put("/v2/clients/s/voice-profiles/oma");
    assert_eq!(send_json(put.multipart(form(&json!({}), &["speech.mp3"]))).await.0, 201);
    assert_eq!(app.store.sync_backlog().await.expect("counted").files, 1);
    fake.set_fault_mode(FaultMode::Healthy);
    let synced = async {
        while app.store.sync_backlog().await.expect("counted").files > 0 {
            app.app.files().sync(|_| ()).await.expect("synced");
        }
    };
    with_timeout(synced).await;
    let key = fake.objects().into_keys().next().expect("an object in the bucket");
    assert!(key.starts_with("voice_profiles/s/oma/sample_"), "{key}");
    let profile = app.json("/v2/clients/s/voice-profiles/oma").await;
    let url = profile["samples"][0]["url"].as_str().expect("a URL");
    assert!(
        url.contains(&key) && url.contains("X-Amz-Signature="),
        "a presigned URL of the bucket: {url}"
    );
    app.stop_and_remove().await;
}
