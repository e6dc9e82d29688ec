//! `/media/{name}`: fetching whole files and ranges, uploading, and refusing to overwrite a frame's files.

use serde_json::json;

use crate::on_both;
use crate::support::{TestApp, TestDatabase, fixture, send_json};

on_both! {
    a_picture_is_fetched_in_whole_in_part_and_not_twice;
    an_upload_is_kept_replaced_and_checked;
}

async fn a_picture_is_fetched_in_whole_in_part_and_not_twice(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let response = app
        .create_frame(json!({"client_id": "s", "output_image_format": "raw",
        "output_image_width": 10, "output_image_height": 10}))
        .await;
    let path = format!("/{}", response["frames"][0]["image"]["url"].as_str().expect("a url"));
    let full = app.get(&path).send().await.expect("an answer");
    assert_eq!(full.status(), 200);
    let headers = full.headers().clone();
    assert_eq!(headers["content-type"], "image/rgb565");
    assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(headers.contains_key("last-modified"));
    let tag = headers["etag"].to_str().expect("text").to_owned();
    assert!(tag.starts_with('"'), "a strong tag: {tag}");
    let bytes = full.bytes().await.expect("bytes");
    assert_eq!(bytes.len(), 200);

    let head = app.client.head(format!("{}{path}", app.url)).send().await.expect("an answer");
    assert_eq!(
        (head.status().as_u16(), head.headers()["content-length"].as_bytes()),
        (200, &b"200"[..])
    );
    assert!(head.bytes().await.expect("bytes").is_empty());

    let same = app.get(&path).header("if-none-match", &tag).send().await.expect("an answer");
    assert_eq!(same.status(), 304);
    assert!(same.bytes().await.expect("bytes").is_empty());

    let part = app.get(&path).header("range", "bytes=10-19").send().await.expect("an answer");
    assert_eq!(
        (part.status().as_u16(), part.headers()["content-range"].as_bytes()),
        (206, &b"bytes 10-19/200"[..])
    );
    assert_eq!(part.bytes().await.expect("bytes"), bytes.slice(10..20));
    let none = app.get(&path).header("range", "bytes=900-").send().await.expect("an answer");
    assert_eq!(
        (none.status().as_u16(), none.headers()["content-range"].as_bytes()),
        (416, &b"bytes */200"[..])
    );

    let missing = app.get("/media/no-such.png").send().await.expect("an answer");
    assert_eq!(
        (missing.status().as_u16(), missing.headers()["cache-control"].as_bytes()),
        (404, &b"no-store"[..])
    );
    let slashed = app.get(&format!("{path}/")).send().await.expect("an answer");
    assert_eq!(slashed.status(), 200);
    app.stop_and_remove().await;
}

async fn an_upload_is_kept_replaced_and_checked(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let response = app.create_frame(json!({"client_id": "s"})).await;
    let frame_path = format!("/{}", response["frames"][0]["image"]["url"].as_str().expect("a url"));
    let (jpeg, png) = (fixture("astronaut_640x480.jpg"), fixture("chelsea_451x300.png"));
    let put = |path: &str, bytes: &[u8]| send_json(app.put(path).body(bytes.to_vec()));
    assert_eq!(put("/media/photo.jpg", &jpeg).await.0, 201);
    assert_eq!(put("/media/photo.jpg", &fixture("rocket_640x427.jpg")).await.0, 200);
    let got = app.get("/media/photo.jpg").send().await.expect("an answer");
    assert_eq!(got.headers()["content-type"], "image/jpeg");
    assert_eq!(got.bytes().await.expect("bytes"), fixture("rocket_640x427.jpg"));

    let form = reqwest::multipart::Form::new()
        .text("note", "before the file")
        .part("media_file", reqwest::multipart::Part::bytes(png.clone()).file_name("x.png"));
    let (status, _) = send_json(app.put("/media/cat.png").multipart(form)).await;
    assert_eq!(status, 201);
    assert_eq!(
        app.get("/media/cat.png").send().await.expect("an answer").bytes().await.expect("bytes"),
        png
    );

    let before = app.files("media");
    for (path, bytes, status) in [
        ("/media/photo.png", &jpeg[..], 415),
        ("/media/words.png", b"words", 415),
        ("/media/page.html", b"<script>", 415),
        ("/media/run.sh", b"#!/bin/sh", 415),
        ("/media/empty.raw", b"", 415),
        ("/media/.hidden.png", &png[..], 404),
        ("/media/..%2fup.png", &png[..], 404),
    ] {
        let (got, problem) = put(path, bytes).await;
        assert_eq!(got, status, "{path}: {problem}");
    }
    let (status, problem) = put(&frame_path, &png).await;
    assert_eq!(status, 409, "{problem}");
    let without = reqwest::multipart::Form::new().text("note", "no file");
    assert_eq!(send_json(app.put("/media/none.png").multipart(without)).await.0, 422);
    assert_eq!(app.files("media"), before);
    for (name, kind) in
        [("speech.mp3", "audio/mpeg"), ("speech.ogg", "audio/ogg"), ("speech.m4a", "audio/mp4")]
    {
        let path = format!("/media/{name}");
        assert_eq!(put(&path, &fixture(name)).await.0, 201);
        let got = app.get(&path).send().await.expect("an answer");
        assert_eq!(got.headers()["content-type"], kind);
    }
    app.stop_and_remove().await;
}
