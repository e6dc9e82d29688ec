//! Request bodies as clients really send them: content types, compression, and what surrounds JSON.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::{Value, json};

use crate::support::{TestApp, TestDatabase, fixture, send_json};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).expect("compressed");
    encoder.finish().expect("compressed")
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).expect("compressed");
    encoder.finish().expect("compressed")
}

/// Returns a recording of the given number of samples, 16 kHz mono, with enough noise to count as a sound.
fn wav(samples: u32) -> Vec<u8> {
    let mut file = b"RIFF".to_vec();
    file.extend((36 + 2 * samples).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(16_000_u32.to_le_bytes());
    file.extend(32_000_u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend((2 * samples).to_le_bytes());
    file.extend((0..samples).flat_map(|n| ((n * 37 % 2000) as i16 - 1000).to_le_bytes()));
    file
}

/// Sends a body with headers.
async fn send(
    app: &TestApp,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> (u16, Value) {
    let method = method.parse().expect("a method");
    let request = app.client.request(method, format!("{}{path}", app.url)).body(body);
    send_json(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
        .await
}

/// Returns endpoints that take JSON, each with a body and the status of its success.
fn json_endpoints() -> [(&'static str, &'static str, Value, u16); 5] {
    [
        (
            "POST",
            "/v1/frames",
            json!({"client_id": "s", "strategy": "literal", "input_text": "Once."}),
            200,
        ),
        ("POST", "/v2/stories?client_id=s", json!({"strategy": "literal"}), 202),
        ("PUT", "/v2/clients/s/patterns/likes/boats", json!({"value": 1}), 200),
        ("POST", "/v2/clients/s/telemetry", json!({"battery_mv": 3900}), 204),
        ("PUT", "/v2/clients/s/context/mood", json!({"value": "calm"}), 200),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_is_read_however_it_is_labelled_and_ended() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    for (method, path, body, expected) in json_endpoints() {
        for content_type in ["", "text/json", "Application/JSON; charset=UTF-8", "text/x-json"] {
            let headers = [("content-type", content_type)];
            let (status, answer) = send(&app, method, path, &headers, body.to_string()).await;
            assert!(status == expected || status == 201, "{path}, {content_type:?}: {answer}");
        }
        for text in [format!("\u{feff}{body}"), format!("{body}\0"), format!(" {body}\r\n\0\0\0")] {
            let headers = [("content-type", "application/json")];
            let (status, answer) = send(&app, method, path, &headers, text.clone()).await;
            assert!(status == expected || status == 201, "{path}, {text:?}: {answer}");
        }
        let (status, _) = send(&app, method, path, &[("content-type", "text/plain")], "{}").await;
        assert_eq!(status, 415, "{path}");
        let (status, problem) =
            send(&app, method, path, &[("content-type", "text/json")], "{\"a\": \"\u{fc}").await;
        assert_eq!(status, 400, "{path}: {problem}");
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_body_is_read_within_its_bounds() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    for (method, path, body, expected) in json_endpoints() {
        let plain = body.to_string();
        for (encoding, body) in [
            ("gzip", gzip(plain.as_bytes())),
            ("X-GZip", gzip(plain.as_bytes())),
            ("deflate", zlib(plain.as_bytes())),
            ("identity", plain.clone().into_bytes()),
        ] {
            let headers = [("content-type", "application/json"), ("content-encoding", encoding)];
            let (status, answer) = send(&app, method, path, &headers, body).await;
            assert!(status == expected || status == 201, "{path}, {encoding}: {answer}");
        }
        for encoding in ["br", "zstd", "gzip, br"] {
            let headers = [("content-type", "application/json"), ("content-encoding", encoding)];
            let (status, problem) = send(&app, method, path, &headers, "x").await;
            assert_eq!(status, 415, "{path}: {problem}");
            assert!(problem["detail"].as_str().is_some_and(|text| text.contains(encoding)));
        }
        let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
        let (status, problem) = send(&app, method, path, &headers, "not gzip").await;
        assert_eq!(status, 400, "{path}: {problem}");
        let bomb = gzip(&vec![b' '; 25 << 20]);
        let (status, problem) = send(&app, method, path, &headers, bomb).await;
        assert_eq!(status, 413, "{path}: {problem}");
    }
    let photo = fixture("chelsea_451x300.png");
    let headers = [("content-encoding", "gzip")];
    let (status, problem) = send(&app, "PUT", "/media/cat.png", &headers, gzip(&photo)).await;
    assert_eq!(status, 201, "{problem}");
    let stored = app.get("/media/cat.png").send().await.expect("an answer");
    assert!(stored.bytes().await.expect("bytes") == photo, "the picture is stored as it was");
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_is_read_whatever_its_boundary() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let body = "--=_a/b:c\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\ns\r\n\
                --=_a/b:c\r\nContent-Disposition: form-data; name=\"input_text\"\r\n\r\nOnce.\r\n\
                --=_a/b:c\r\nContent-Disposition: form-data; name=\"strategy\"\r\n\r\nliteral\r\n--=_a/b:c--\r\n";
    for content_type in [
        "multipart/form-data; boundary=\"=_a/b:c\"",
        "multipart/form-data; boundary==_a/b:c",
        "Multipart/Form-Data; BOUNDARY==_a/b:c",
        "multipart/form-data",
    ] {
        let headers = [("content-type", content_type)];
        let (status, answer) = send(&app, "POST", "/v1/frames", &headers, body).await;
        assert_eq!(status, 200, "{content_type}: {answer}");
        let headers = [("content-type", content_type), ("content-encoding", "gzip")];
        let (status, answer) =
            send(&app, "POST", "/v1/frames", &headers, gzip(body.as_bytes())).await;
        assert_eq!(status, 200, "{content_type}, compressed: {answer}");
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_number_may_be_written_as_a_float() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let frame = json!({
        "client_id": "s", "strategy": "literal", "input_text": "Once.", "output_image_width": 64.0, "debug": 1.0,
    });
    let created = app.create_frame(frame).await;
    assert_eq!(created["frames"][0]["image"]["width"], 64);
    let query = "client_id=s&strategy=literal&input_text=x&output_image_width=64.0";
    let (status, answer) = send_json(app.get(&format!("/v1/frames?{query}"))).await;
    assert_eq!(status, 200, "{answer}");
    let key = created["frames"][0]["image"]["url"].clone();
    for (method, path, body, expected) in [
        (
            "POST",
            "/v2/clients/s/telemetry",
            json!({"battery_mv": 3900.0, "battery_percent": 78, "rssi_dbm": -61.0, "free_heap_bytes": 1.5e5}),
            204,
        ),
        ("PUT", "/v2/clients/s/context/mood", json!({"value": 1.0, "expires_in": 60.0}), 200),
        ("POST", "/v2/signed-urls", json!({"key": key, "expires_in": 60.0}), 200),
        (
            "POST",
            "/v1/bookmarks/frame?client_id=s",
            json!({"story_id": created["story_id"], "frame_number": 0.0}),
            200,
        ),
        (
            "POST",
            "/v2/stories?client_id=s",
            json!({"strategy": "literal", "extra_parameters": {"output_image_height": 64.0}}),
            202,
        ),
        (
            "POST",
            "/admin/api/sparrow-configs",
            json!({"client_id": "s", "parameters": {"output_image_width": 64.0}}),
            201,
        ),
        ("POST", "/v2/clients/s/telemetry", json!({"battery_mv": 3900.5}), 422),
    ] {
        let (status, answer) = app.call(method, path, body).await;
        assert!(status == expected || (expected == 200 && status == 201), "{path}: {answer}");
    }
    let context = app.json("/v2/clients/s/context/mood").await;
    assert_eq!(context["value"].to_string(), "1.0", "any value stays as it was sent");
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_array_is_never_taken_for_an_object() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let (status, _) = app.call("POST", "/admin/api/flock-configs", json!({"flock_id": "f"})).await;
    assert_eq!(status, 201);
    for (method, path, body) in [
        ("POST", "/v1/frames", json!(["s"])),
        ("POST", "/v2/pairing", json!(["kitchen", "esp32", "1.0"])),
        ("POST", "/v2/stories?client_id=s", json!(["A title"])),
        ("POST", "/v2/stories?client_id=s", json!({"snippets": [["text", "words", {}]]})),
        ("POST", "/v2/stories?client_id=s", json!({"extra_parameters": []})),
        ("PUT", "/v2/clients/s/patterns/likes/boats", json!([true, 1])),
        ("POST", "/v2/clients/s/patterns/batch", json!([["likes", "boats", true, 1]])),
        ("POST", "/v2/clients/s/telemetry", json!([3900])),
        ("POST", "/admin/api/flock-configs", json!(["g", "", null, {}, {}, null])),
        ("PUT", "/admin/api/flock-configs/f", json!(["f", "", null, {}, {}, null])),
        ("PATCH", "/admin/api/flock-configs/f", json!(["f"])),
        ("PATCH", "/admin/api/flock-configs/f", json!({"parameters": []})),
        ("POST", "/admin/api/login", json!(["ada", "a password of hers"])),
    ] {
        let (status, problem) = app.call(method, path, body.clone()).await;
        assert_eq!(status, 422, "{method} {path} {body}: {problem}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(!detail.contains("struct"), "{detail}");
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_does_not_lower_the_limit() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let large = wav(1 << 20);
    let path = "/v2/clients/s/recordings";
    let post = |key: &'static str, body: Vec<u8>| {
        let request = app.client.post(format!("{}{path}", app.url)).header("idempotency-key", key);
        request.header("content-type", "audio/wav").body(body).send()
    };
    let first = post("a", large.clone()).await.expect("an answer");
    assert_eq!(first.status(), 201);
    let again = post("a", large.clone()).await.expect("an answer");
    assert_eq!(
        (again.status(), &again.headers()["idempotent-replayed"]),
        (201.try_into().expect("a status"), &"true".parse().expect("a value"))
    );
    assert_eq!(again.bytes().await.expect("bytes"), first.bytes().await.expect("bytes"));
    assert_eq!(post("a", wav(700_000)).await.expect("an answer").status(), 422, "another body");
    let headers = [("idempotency-key", "b"), ("content-encoding", "gzip")];
    let (status, answer) = send(&app, "POST", path, &headers, gzip(&large)).await;
    assert_eq!(status, 201, "{answer}");
    let form = reqwest::multipart::Form::new()
        .part("file", reqwest::multipart::Part::bytes(wav(600_000)).file_name("a.wav"));
    let request = app.client.post(format!("{}{path}", app.url)).header("idempotency-key", "c");
    assert_eq!(send_json(request.multipart(form)).await.0, 201);
    let many = futures_util::future::join_all((0..12).map(|_| post("d", wav(800_000)))).await;
    assert!(many.into_iter().all(|answer| answer.is_ok_and(|answer| answer.status() == 201)));
    let headers = [("idempotency-key", "e"), ("content-type", "application/json")];
    let path = "/v2/clients/s/telemetry";
    let (status, _) = send(&app, "POST", path, &headers, " ".repeat(17 << 10)).await;
    assert_eq!(status, 413, "an endpoint's own limit stays");
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_or_a_recording_may_be_the_whole_body() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let path =
        "/v1/frames/?client_id=s&debug=1&output_image_width=64&strategy=literal&input_text=x";
    for (content_type, file) in [
        ("image/jpeg", "astronaut_640x480.jpg"),
        ("IMAGE/PNG", "chelsea_451x300.png"),
        ("audio/ogg", "speech.ogg"),
    ] {
        let headers = [("content-type", content_type)];
        let before = app.files("input").len();
        let (status, created) = send(&app, "POST", path, &headers, fixture(file)).await;
        assert_eq!(
            (status, &created["frames"][0]["image"]["width"]),
            (200, &json!(64)),
            "{created}"
        );
        let stored = app.files("input").len() - before;
        assert_eq!(stored, 1, "{content_type}: the file is stored as an input");
    }
    let wav = wav(16_000);
    for (content_type, expected) in
        [("audio/pcm;rate=16000", 200), ("audio/pcm", 200), ("audio/pcm;rate=8000", 422)]
    {
        let headers = [("content-type", content_type)];
        let (status, answer) = send(&app, "POST", path, &headers, wav[44..].to_vec()).await;
        assert_eq!(status, expected, "{content_type}: {answer}");
    }
    for (path, content_type, body, expected) in [
        ("/v1/frames", "image/jpeg", &b"\xff\xd8"[..], 422),
        ("/v1/frames?client_id=s", "image/jpeg", b"no picture", 422),
        ("/v1/frames?client_id=s", "video/mp4", b"x", 415),
        ("/v1/frames?client_id=s", "application/octet-stream", b"x", 415),
    ] {
        let headers = [("content-type", content_type)];
        let (status, answer) = send(&app, "POST", path, &headers, body).await;
        assert_eq!(status, expected, "{path}, {content_type}: {answer}");
    }
    app.stop_and_remove().await;
}
