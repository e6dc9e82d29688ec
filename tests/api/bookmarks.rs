//! `/v1/bookmarks/frame`: frames that a client bookmarks.

use serde_json::{Value, json};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, send_json};

on_both! {
    a_frame_is_kept_renewed_listed_and_forgotten;
    a_bookmark_is_its_clients_own;
    what_cannot_be_kept_is_refused;
}

async fn create_story(app: &TestApp, client_id: &str, text: &str) -> Value {
    app.create_frame(json!({"client_id": client_id, "strategy": "literal", "input_text": text}))
        .await
}

fn bookmark_request(app: &TestApp, client_id: &str, body: &Value) -> reqwest::RequestBuilder {
    let url = format!("{}/v1/bookmarks/frame/?client_id={client_id}", app.url);
    app.client.post(url).json(body)
}

async fn add_bookmark(app: &TestApp, client_id: &str, story: &Value, number: i32) -> Value {
    let body = json!({"story_id": story["story_id"], "frame_number": number, "comments": "mine"});
    let (status, bookmark) = send_json(bookmark_request(app, client_id, &body)).await;
    assert_eq!(status, 200, "{bookmark}");
    bookmark
}

fn delete(app: &TestApp, client_id: &str, id: &Value) -> reqwest::RequestBuilder {
    app.client.delete(format!("{}/v1/bookmarks/frame/{id}?client_id={client_id}", app.url))
}

async fn a_frame_is_kept_renewed_listed_and_forgotten(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (first, second) = (
        create_story(&app, "s", "One|Two").await,
        create_story(&app, "t", "Another's story").await,
    );
    let is_bookmarked =
        async || app.json("/v1/stories?client_id=s").await["stories"][0]["is_bookmarked"].clone();
    assert_eq!(is_bookmarked().await, false);
    let one = add_bookmark(&app, "s", &first, 1).await;
    assert_eq!(is_bookmarked().await, true);
    assert_eq!((&one["frame_number"], &one["frame_text"]), (&json!(1), &json!("Two\n")));
    let source = first["frames"][1]["source_image"]["url"].as_str().expect("a url");
    assert_eq!(one["frame_image_url"], format!("/{source}"), "the original's");
    let two = add_bookmark(&app, "s", &second, 0).await;
    // Unknown fields are ignored, and numbers may be strings.
    let story_id = &first["story_id"];
    let again = json!({"story_id": story_id, "frame_number": "1", "comments": null, "x": [1]});
    let (status, renewed) = send_json(bookmark_request(&app, "s", &again)).await;
    assert_eq!((status, &renewed["id"], &renewed["comments"]), (200, &one["id"], &Value::Null));
    assert_eq!(renewed["date_created"], one["date_created"]);
    let all = app.json("/v1/bookmarks/frame/?client_id=s").await;
    assert_eq!(all["bookmarks"], json!([two, renewed]), "the newest first");
    assert!(all["request_id"].is_string() && all["generation_date"].is_string());
    let story_id = story_id.as_str().expect("an id");
    let some = app.json(&format!("/v1/bookmarks/frame?client_id=s&story_id={story_id}")).await;
    assert_eq!(some["bookmarks"], json!([renewed]));
    let path = format!("/v1/bookmarks/frame/story/{story_id}/frame/1/?client_id=s");
    assert_eq!(app.json(&path).await, renewed);
    let (status, body) = send_json(delete(&app, "s", &one["id"])).await;
    assert_eq!((status, body), (204, json!("")));
    assert_eq!(send_json(app.get(&path)).await.0, 404);
    assert_eq!(is_bookmarked().await, false);
    app.stop_and_remove().await;
}

async fn a_bookmark_is_its_clients_own(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let story = create_story(&app, "s", "One").await;
    let mine = add_bookmark(&app, "s", &story, 0).await;
    let theirs = add_bookmark(&app, "t", &story, 0).await;
    assert_ne!(mine["id"], theirs["id"]);
    for (client, id) in [("t", &mine["id"]), ("s", &json!(0)), ("s", &json!(-1))] {
        let (status, problem) = send_json(delete(&app, client, id)).await;
        assert_eq!((status, &problem["detail"]), (404, &json!("Bookmark not found")));
    }
    for (client, own) in [("s", &mine), ("t", &theirs)] {
        let listed = app.json(&format!("/v1/bookmarks/frame?client_id={client}")).await;
        assert_eq!(listed["bookmarks"], json!([own]));
    }
    app.stop_and_remove().await;
}

async fn what_cannot_be_kept_is_refused(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let story = create_story(&app, "s", "One").await["story_id"].clone();
    let long = "ü".repeat(10_001);
    for (body, status, field) in [
        (json!({"frame_number": 0}), 422, "story_id"),
        (json!({"story_id": "", "frame_number": 0}), 422, "story_id"),
        (json!({"story_id": 7, "frame_number": 0}), 422, "story_id"),
        (json!({"story_id": story}), 422, "frame_number"),
        (json!({"story_id": story, "frame_number": -1}), 422, "frame_number"),
        (json!({"story_id": story, "frame_number": 0.5}), 422, "frame_number"),
        (json!({"story_id": story, "frame_number": "zero"}), 422, "frame_number"),
        (json!({"story_id": story, "frame_number": 0, "comments": 1}), 422, "comments"),
        (json!({"story_id": story, "frame_number": 0, "comments": long}), 422, "comments"),
        (json!({"story_id": story, "frame_number": 0, "comments": "a\0b"}), 422, "comments"),
        (json!([]), 422, ""),
        (json!({"story_id": story, "frame_number": 1}), 404, ""),
        (json!({"story_id": story, "frame_number": 1_i64 << 40}), 404, ""),
        (json!({"story_id": "a\0b", "frame_number": 0}), 404, ""),
        (json!({"story_id": uuid::Uuid::now_v7(), "frame_number": 0}), 404, ""),
    ] {
        let (got, problem) = send_json(bookmark_request(&app, "s", &body)).await;
        assert_eq!(got, status, "{body}: {problem}");
        let place = if field.is_empty() { Value::Null } else { json!(["body", field]) };
        assert_eq!(problem["errors"][0]["loc"], place, "{problem}");
    }
    let fits =
        json!({"story_id": story, "frame_number": 0, "comments": "\u{1F426}".repeat(10_000)});
    assert_eq!(send_json(bookmark_request(&app, "s", &fits)).await.0, 200);
    let post = || app.client.post(format!("{}/v1/bookmarks/frame?client_id=s", app.url));
    assert_eq!(send_json(post().body("{\"story_id\"")).await.0, 400);
    assert_eq!(send_json(post().header("content-type", "text/plain").body("{}")).await.0, 415);
    assert_eq!(send_json(post().body(" ".repeat(300 << 10))).await.0, 413);
    let anonymous = app.client.post(format!("{}/v1/bookmarks/frame", app.url)).json(&fits);
    assert_eq!(send_json(anonymous).await.1["errors"][0]["loc"], json!(["query", "client_id"]));
    let story = story.as_str().expect("an id");
    for path in [
        format!("story/{story}/frame/1"),
        format!("story/{story}/frame/x"),
        format!("story/{story}/frame/99999999999"),
        "story/none/frame/0".to_owned(),
    ] {
        let read = app.get(&format!("/v1/bookmarks/frame/{path}?client_id=s"));
        let (status, problem) = send_json(read).await;
        assert_eq!((status, &problem["detail"]), (404, &json!("Bookmark not found")), "{path}");
    }
    assert_eq!(send_json(app.get("/v1/bookmarks/frame?client_id=s&story_id=none")).await.0, 404);
    app.stop_and_remove().await;
}
