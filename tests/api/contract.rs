//! The OpenAPI document and the service say the same about bodies, texts and full storage.

use calliope::http::openapi;
use serde_json::{Value, json};

use crate::support::{TestApp, TestDatabase, fixture, send_json};

fn document() -> Value {
    serde_json::to_value(openapi()).expect("JSON")
}

/// Returns the content types that an operation declares for its body, sorted.
fn declared(document: &Value, method: &str, route: &str) -> Vec<String> {
    let content = &document["paths"][route][method]["requestBody"]["content"];
    let content = content.as_object().unwrap_or_else(|| panic!("{method} {route} has a body"));
    let mut types: Vec<String> = content.keys().cloned().collect();
    types.sort_unstable();
    types
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_declared_content_type_is_accepted() {
    const JSON: &str = "application/json";
    const FORM: &str = "multipart/form-data";
    const BYTES: &str = "application/octet-stream";
    let (document, app) = (document(), TestApp::start(TestDatabase::sqlite()).await);
    let form = |field: &'static str, file: &str| {
        let part = reqwest::multipart::Part::bytes(fixture(file)).file_name(file.to_owned());
        reqwest::multipart::Form::new().part(field, part)
    };
    let send = async |method: &str, path: &str, kind: &str, file: &str| {
        let url = format!("{}{path}", app.url);
        let request = app.client.request(method.parse().expect("a method"), url);
        let request = request.header("content-type", kind).body(fixture(file));
        send_json(request).await
    };
    let frames = "/v1/frames?client_id=s&strategy=literal&input_text=x&output_image_width=16";
    assert_eq!(declared(&document, "post", "/v1/frames"), [JSON, "audio/*", "image/*", FORM]);
    for (kind, file) in [("image/png", "chelsea_451x300.png"), ("audio/ogg", "speech.ogg")] {
        let (status, answer) = send("POST", frames, kind, file).await;
        assert_eq!(status, 200, "{kind}: {answer}");
    }
    let body = json!({"client_id": "s", "strategy": "literal", "input_text": "x"});
    assert_eq!(send_json(app.post_frame(&body)).await.0, 200);
    let frame = form("input_image", "chelsea_451x300.png").text("client_id", "s");
    let post = app.client.post(format!("{}/v1/frames", app.url)).multipart(frame);
    assert_eq!(send_json(post).await.0, 200);

    let recordings = "/v2/clients/{client_id}/recordings";
    assert_eq!(declared(&document, "post", recordings), [BYTES, "audio/*", FORM]);
    let path = "/v2/clients/s/recordings";
    for kind in [BYTES, "audio/ogg"] {
        assert_eq!(send("POST", path, kind, "speech.ogg").await.0, 201, "{kind}");
    }
    let post = app.client.post(format!("{}{path}", app.url)).multipart(form("file", "speech.ogg"));
    assert_eq!(send_json(post).await.0, 201);

    assert_eq!(declared(&document, "put", "/media/{name}"), [BYTES, FORM]);
    assert_eq!(send("PUT", "/media/a.png", BYTES, "chelsea_451x300.png").await.0, 201);
    let put = app.put("/media/b.png").multipart(form("media_file", "chelsea_451x300.png"));
    assert_eq!(send_json(put).await.0, 201);
    app.stop_and_remove().await;
}

#[test]
fn full_storage_is_declared_where_it_is_refused() {
    let document = document();
    for (method, route) in [
        ("post", "/v1/frames"),
        ("get", "/v1/frames"),
        ("post", "/v2/stories"),
        ("post", "/v2/stories/{id}/frames"),
        ("post", "/v2/clients/{client_id}/recordings"),
        ("put", "/v2/clients/{client_id}/voice-profiles/{profile_id}"),
    ] {
        let refusal = &document["paths"][route][method]["responses"]["429"]["description"];
        let refusal = refusal.as_str().unwrap_or_default();
        assert!(refusal.contains("the client's storage is full"), "{method} {route}: {refusal}");
    }
}

/// Returns the path of a search for a text.
fn search(text: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("query", text).append_pair("mode", "lexical");
    format!("/v2/search?{}", query.finish())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_of_blanks_is_refused_as_the_document_says() {
    let (document, app) = (document(), TestApp::start(TestDatabase::sqlite()).await);
    let story = app.create_frame(json!({"client_id": "s", "strategy": "literal"})).await;
    let path = format!("/v2/stories/{}", story["story_id"].as_str().expect("an id"));
    let title = &document["components"]["schemas"]["StoryUpdate"]["properties"]["title"];
    let blanks = r"[^\s\u0000-\u001f\u007f-\u009f]";
    assert_eq!((&title["pattern"], &title["maxLength"]), (&json!(blanks), &json!(1000)));
    let parameters = document["paths"]["/v2/search"]["get"]["parameters"].as_array();
    let query = parameters.expect("parameters").iter().find(|query| query["name"] == "query");
    assert_eq!(query.expect("declared")["schema"]["pattern"], blanks);
    for (text, is_accepted) in [
        ("x", true),
        (" \u{e9}\n", true),
        ("", false),
        (" \t\n", false),
        ("\u{a0}\u{2003}", false),
        ("\u{7}\u{1b}", false),
        ("\u{85} \u{1c}", false),
    ] {
        let (status, answer) = app.call("PATCH", &path, json!({"title": text})).await;
        assert_eq!(status, if is_accepted { 200 } else { 422 }, "{text:?}: {answer}");
        let (status, answer) = send_json(app.get(&search(text))).await;
        assert_eq!(status, if is_accepted { 200 } else { 422 }, "{text:?}: {answer}");
    }
    let (status, _) = app.call("PATCH", &path, json!({"title": "x".repeat(1001)})).await;
    assert_eq!(status, 422);
    let long = search(&("x".repeat(1000) + " "));
    assert_eq!(send_json(app.get(&long)).await.0, 422, "blanks count");
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_texts_are_accepted_however_they_are_escaped() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    // Outside of the basic plane a character may be written as two escapes, in twelve bytes.
    let escaped = |length: usize| "\\ud83e\\udd8a".repeat(length);
    let send = async |method: &str, path: &str, body: String| {
        let url = format!("{}{path}", app.url);
        let request = app.client.request(method.parse().expect("a method"), url);
        send_json(request.header("content-type", "application/json").body(body)).await
    };
    let (name, description) = (escaped(255), escaped(2000));
    let list = format!(r#"{{"name": "{name}", "description": "{description}"}}"#);
    let (status, created) = send("POST", "/v2/bookmark-lists?client_id=s", list.clone()).await;
    assert_eq!(status, 201, "{created}");
    for prefix in ["/v2/bookmark-lists/1?client_id=s", "/admin/api/bookmark-lists/1"] {
        let (status, answer) = send("PATCH", prefix, list.clone()).await;
        assert_eq!(status, 200, "{prefix}: {answer}");
    }
    let (status, answer) = send("PUT", "/admin/api/bookmark-lists/1", list).await;
    assert_eq!(status, 200, "{answer}");
    let prompt = format!(r#"{{"slug": "p", "text": "{}"}}"#, escaped(64 << 10));
    let (status, answer) = send("POST", "/admin/api/prompt-templates", prompt).await;
    assert_eq!(status, 201, "{answer}");
    let title = format!(r#"{{"title": "{}"}}"#, escaped(1000));
    let story = app.create_frame(json!({"client_id": "s", "strategy": "literal"})).await;
    let path = format!("/v2/stories/{}", story["story_id"].as_str().expect("an id"));
    let (status, answer) = send("PATCH", &path, title).await;
    assert_eq!(status, 200, "{answer}");
    app.stop_and_remove().await;
}
