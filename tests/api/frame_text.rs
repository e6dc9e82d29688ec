//! The text of a frame can be edited.

use calliope::domain::ScopeName;
use serde_json::{Value, json};

use crate::identity::{token, with_token};
use crate::on_both;
use crate::pages::{Browser, told};
use crate::support::embedder::FakeEmbedder;
use crate::support::sse::SseStream;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

on_both! {
    edited_words_are_read_found_and_announced;
    only_its_own_client_and_admins_edit_a_story;
    the_index_of_meanings_follows;
}

/// Returns whether a word is found in the text of the second frame. What its picture shows stays as it was.
async fn finds_second(app: &TestApp, query: &str) -> bool {
    let found = app.json(&format!("/v2/search?query={query}&mode=lexical")).await;
    let found = found["results"].as_array().expect("results");
    let in_text = |hit: &Value| hit["highlights"].as_array().is_some_and(|found| !found.is_empty());
    found.iter().any(|hit| hit["frame_number"] == 1 && in_text(hit))
}

async fn edited_words_are_read_found_and_announced(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (slug, story) = told(&app, "kitchen", "A lamp burns.|A moth comes.").await;
    let mut stream = SseStream::open(app.get(&format!("/v2/stories/{story}/events"))).await;
    let path = |number: &str| format!("/v2/stories/{story}/frames/{number}?client_id=kitchen");
    let before = app.json(&path("1")).await;
    let edit = json!({"text": " A gull lands.\nIt is wet. "});
    let (status, frame) = app.call("PATCH", &path("1"), edit).await;
    assert_eq!(status, 200, "{frame}");
    assert_eq!(
        (&frame["text"], &frame["number"]),
        (&json!("A gull lands.\nIt is wet.\n"), &json!(1))
    );
    assert_eq!(frame["image"], before["image"], "the picture stays");
    let event = stream.next().await.expect("an event");
    assert_eq!((event.event.as_str(), &event.data["number"]), ("frame", &json!(1)));
    assert_eq!(event.data["edited"], true);
    assert!(!finds_second(&app, "moth").await && finds_second(&app, "gull").await);
    let page = Browser::new(&app).open(&format!("/s/{slug}/2")).await.text;
    assert!(page.contains("A gull lands.") && !page.contains(">A moth"), "{page}");
    // The title is the first text, until somebody gives it another; the slug stays.
    let title = async || app.json(&format!("/v2/stories/{story}")).await;
    let (status, _) = app.call("PATCH", &path("0"), json!({"text": "A candle burns."})).await;
    assert_eq!(status, 200);
    let now = title().await;
    assert_eq!((&now["title"], &now["slug"]), (&json!("A candle burns."), &json!(slug)));
    let renamed = format!("/v2/stories/{story}?client_id=kitchen");
    app.call("PATCH", &renamed, json!({"title": "Light"})).await;
    app.call("PATCH", &path("0"), json!({"text": "A torch burns."})).await;
    assert_eq!(title().await["title"], "Light");
    for (number, body, expected) in [
        ("0", json!({"text": " \n"}), 422),
        ("0", json!({"text": "a\0b"}), 422),
        ("0", json!({"text": "x".repeat(20_001)}), 422),
        ("0", json!({"words": "x"}), 422),
        ("2", json!({"text": "x"}), 404),
        ("x", json!({"text": "x"}), 404),
    ] {
        let (status, problem) = app.call("PATCH", &path(number), body).await;
        assert_eq!(status, expected, "{problem}");
    }
    // The storyteller goes on from the words as they are now.
    let next = json!({"client_id": "kitchen", "strategy": "literal", "input_text": "More."});
    assert_eq!(app.create_frame(next).await["story_frame_count"], 3);
    app.stop_and_remove().await;
}

async fn only_its_own_client_and_admins_edit_a_story(database: TestDatabase) {
    const KEY: &str = "a-shared-key-1234";
    let options = TestOptions { api_key: Some(KEY), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let body = json!({"client_id": "kitchen", "strategy": "literal", "input_text": "A lamp."});
    let (_, story) = send_json(app.post_frame(&body).header("x-api-key", KEY)).await;
    let path = format!("/v2/stories/{}/frames/0", story["story_id"].as_str().expect("an id"));
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let own = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    let other = token(&app, ScopeName::Device, Some("garden"), None).await;
    for (token, who, expected) in
        [(&other, "another", 403), (&own, "its own", 200), (&admin, "an admin", 200)]
    {
        let request = with_token(&app, token, "PATCH", &path);
        let edit = json!({"text": format!("Edited by {who}.")});
        let (status, answer) = send_json(request.json(&edit)).await;
        assert_eq!(status, expected, "{answer}");
    }
    let audit = with_token(&app, &admin, "GET", "/admin/api/audit?resource=stories");
    let (_, audit) = send_json(audit).await;
    let records = audit["items"].as_array().expect("records");
    assert_eq!(records.len(), 1, "what admins do is audited: {audit}");
    let before = records[0]["before"]["text"].as_str();
    assert!(before.is_some_and(|text| text.starts_with("Edited")), "{audit}");
    app.stop_and_remove().await;
}

async fn the_index_of_meanings_follows(database: TestDatabase) {
    let embedder = FakeEmbedder::start().await;
    let app = TestApp::start_with(database, embedder.options("ideas")).await;
    let (_, story) = told(&app, "kitchen", "An old vessel.").await;
    told(&app, "garden", "A loaf of bread.").await;
    app.wait_until_idle().await;
    let path = format!("/v2/stories/{story}/frames/0?client_id=kitchen");
    assert_eq!(app.call("PATCH", &path, json!({"text": "A hound slept."})).await.0, 200);
    app.wait_until_idle().await;
    let index = app.json("/admin/api/index").await;
    assert_eq!(index["waiting"], 0, "{index}");
    let found = app.json("/v2/search?query=puppy&mode=semantic&limit=1").await;
    assert_eq!(found["results"][0]["text"], "A hound slept.", "{found}");
    app.stop_and_remove().await;
}
