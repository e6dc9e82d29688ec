//! Reading, listing and leaving stories.

use serde_json::{Value, json};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, send_json};

on_both! {
    a_story_is_read_by_id_by_slug_and_as_the_current_one;
    a_new_client_has_one_empty_story;
    a_reset_begins_a_new_story;
    stories_are_listed_as_they_are;
}

async fn literal(app: &TestApp, client_id: &str, text: &str) -> Value {
    app.create_frame(json!({"client_id": client_id, "strategy": "literal", "input_text": text}))
        .await
}

async fn a_story_is_read_by_id_by_slug_and_as_the_current_one(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let response = literal(&app, "s", "A kite is not a bird, yet|It flies").await;
    assert_eq!(response["slug"], "a-kite-is-not-a");
    let id = response["story_id"].as_str().expect("an id");
    let mine = app.json(&format!("/v1/story/?client_id=s&story_id={id}")).await;
    let by_slug = app.json("/v1/story/slug/a-kite-is-not-a/?client_id=s").await;
    let current = app.json("/v1/story?client_id=s&debug=true").await;
    for read in [&mine, &by_slug, &current] {
        assert_eq!(read["frames"].as_array().map(Vec::len), Some(2));
        assert_eq!(read["frames"][0]["image"], response["frames"][0]["source_image"]);
        assert_eq!(read["frames"][0]["text"], "A kite is not a bird, yet\n");
        assert_eq!(
            (&read["is_read_only"], &read["story_id"]),
            (&json!(false), &response["story_id"])
        );
    }
    let theirs = app.json(&format!("/v1/story?client_id=reader&story_id={id}")).await;
    assert_eq!(
        (&theirs["is_read_only"], &theirs["created_for_sparrow_id"]),
        (&json!(true), &json!("s"))
    );
    let again = app.json(&format!("/v1/story?client_id=s&story_id={id}")).await;
    assert_eq!(again["date_updated"], mine["date_updated"], "viewing changes nothing");
    assert_eq!(again["frames"], mine["frames"]);
    app.stop_and_remove().await;
}

async fn a_new_client_has_one_empty_story(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let reads: Vec<_> =
        (0..4).map(|_| tokio::spawn(send_json(app.get("/v1/story/?client_id=new")))).collect();
    let mut ids = Vec::new();
    for read in reads {
        let (status, story) = read.await.expect("joined");
        assert_eq!(status, 200, "{story}");
        assert_eq!((&story["frames"], &story["slug"]), (&json!([]), &json!("")));
        ids.push(story["story_id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "at most one");
    assert_eq!(app.json("/v1/stories?client_id=new").await["stories"], json!([]));
    let response = literal(&app, "new", "Now it has a frame.").await;
    assert_eq!(response["story_id"], ids[0]);
    // An empty story is removed when its client leaves it for another one.
    send_json(app.put("/v1/story/reset?client_id=new")).await;
    let empty = app.json("/v1/story?client_id=new").await;
    app.create_frame(
        json!({"client_id": "new", "story_id": response["story_id"], "input_text": "On."}),
    )
    .await;
    let path =
        format!("/v1/story?client_id=new&story_id={}", empty["story_id"].as_str().expect("an id"));
    assert_eq!(send_json(app.get(&path)).await.0, 404);
    app.stop_and_remove().await;
}

async fn a_reset_begins_a_new_story(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let first = literal(&app, "s", "One.").await;
    for _ in 0..2 {
        let (status, body) = send_json(app.put("/v1/story/reset/?client_id=s")).await;
        assert_eq!((status, body), (200, Value::Null));
    }
    let second = literal(&app, "s", "Two.").await;
    assert_ne!(second["story_id"], first["story_id"]);
    assert_eq!(second["story_frame_count"], 1);
    let (status, _) = send_json(app.put("/v1/story/reset?client_id=never-seen")).await;
    assert_eq!(status, 200);
    app.stop_and_remove().await;
}

async fn stories_are_listed_as_they_are(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let long =
        "A first sentence that goes on and on, well beyond the sixty-four characters of a title.";
    let first = literal(&app, "s", long).await;
    send_json(app.put("/v1/story/reset?client_id=s")).await;
    let second = literal(&app, "s", "Short").await;
    literal(&app, "another", "Not in this list").await;
    let listed = app.json("/v1/stories/?client_id=s").await;
    let stories = listed["stories"].as_array().expect("stories");
    let ids: Vec<&Value> = stories.iter().map(|story| &story["story_id"]).collect();
    assert_eq!(ids, [&second["story_id"], &first["story_id"]], "last updated first");
    let title: String = long.chars().take(64).chain("...".chars()).collect();
    assert_eq!((&stories[1]["title"], &stories[0]["title"]), (&json!(title), &json!("Short")));
    assert_eq!(
        (&stories[0]["is_current"], &stories[1]["is_current"]),
        (&json!(true), &json!(false))
    );
    let thumbnail = &stories[0]["thumbnail_image"];
    assert_eq!((&thumbnail["width"], &thumbnail["height"]), (&json!(48), &json!(48)));
    let url = thumbnail["url"].as_str().expect("a url");
    assert_eq!(app.get(&format!("/{url}")).send().await.expect("an answer").status(), 200);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_sort_maps(true);
    for (path, with) in [
        (".request_id", "[id]"),
        (".generation_date", "[time]"),
        (".stories[].story_id", "[id]"),
        (".stories[].date_created", "[day]"),
        (".stories[].date_updated", "[day]"),
        (".stories[].thumbnail_image.url", "[url]"),
    ] {
        settings.add_redaction(path, with);
    }
    settings.bind(|| insta::assert_json_snapshot!("stories", listed));
    app.stop_and_remove().await;
}
