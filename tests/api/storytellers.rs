//! Every storyteller, without any model but the offline provider.

use serde_json::{Value, json};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, photo};

on_both! {
    every_strategy_tells_without_a_model;
    a_frame_is_shown_as_it_was_sent_and_once;
}

async fn every_strategy_tells_without_a_model(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let strategies = app.json("/v1/config/strategy/").await;
    let strategies = strategies["strategies"].as_array().or(strategies.as_array()).expect("a list");
    assert_eq!(strategies.len(), 9);
    for strategy in strategies {
        let slug = strategy["slug"].as_str().expect("a slug");
        let body = json!({"client_id": slug, "strategy": slug, "input_image": photo(), "input_text": "A boat came in."});
        let mut texts: Vec<Value> = Vec::new();
        for _ in 0..2 {
            let response = app.create_frame(body.clone()).await;
            assert_eq!(response["errors"], json!([]), "{slug}");
            let frame = &response["frames"][0];
            assert!(frame["image"]["url"].is_string(), "{slug}: {response}");
            texts.push(frame["text"].clone());
        }
        let is_wordless = slug == "narcissus";
        assert!(texts.iter().all(|text| text.is_string() != is_wordless), "{slug}: {texts:?}");
    }
    app.stop_and_remove().await;
}

async fn a_frame_is_shown_as_it_was_sent_and_once(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let body = |text: &str| json!({"client_id": "s", "strategy": "show-this-frame", "input_image": photo(), "input_text": text});
    let first = app.create_frame(body("Look!")).await;
    assert_eq!(first["frames"][0]["text"], "Look!\n");
    let size = |response: &Value| {
        (
            response["frames"][0]["source_image"]["width"].clone(),
            response["frames"][0]["source_image"]["height"].clone(),
        )
    };
    assert_eq!(size(&first), (json!(640), json!(480)));
    let again = app.create_frame(body("Look!")).await;
    assert_eq!(again["story_frame_count"], 1, "nothing new");
    assert_eq!(again["frames"][0]["text"], first["frames"][0]["text"]);
    assert_eq!(again["frames"][0]["image"]["url"], first["frames"][0]["image"]["url"]);
    let other = app.create_frame(body("Look again!")).await;
    assert_eq!(other["story_frame_count"], 2);
    assert_eq!(app.json("/v1/story?client_id=s").await["frames"].as_array().map(Vec::len), Some(2));
    app.stop_and_remove().await;
}
