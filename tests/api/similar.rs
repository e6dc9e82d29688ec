//! Moments of other stories that are like the one that somebody reads.

use calliope::domain::ScopeName;
use calliope::settings::PageSettings;
use serde_json::{Value, json};

use crate::identity::{token, with_token};
use crate::on_both;
use crate::pages::{Browser, told};
use crate::support::embedder::FakeEmbedder;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

on_both! {
    words_in_common_are_found_without_a_model;
    meaning_is_found_with_a_model;
    nobody_sees_a_moment_of_anothers_private_story;
}

async fn words_in_common_are_found_without_a_model(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (slug, id) =
        told(&app, "kitchen", "The lighthouse keeper counts gulls.|Nothing else.").await;
    let mut browser = Browser::new(&app);
    let path = format!("/s/{slug}/1/similar");
    let none = browser.open(&path).await;
    assert!(none.status == 200 && none.text.contains("No other story"), "{}", none.text);
    let (other, _) = told(&app, "garden", "Gulls circle the lighthouse.").await;
    told(&app, "attic", "A cat sleeps.").await;
    let branched = format!("/v2/stories/{id}/branch?client_id=garden");
    assert_eq!(app.call("POST", &branched, json!({"after": 0})).await.0, 201);
    let page = browser.open(&path).await;
    assert!(page.text.contains("words that they share"), "{}", page.text);
    assert!(page.text.contains(&format!("href=\"/s/{other}/1\"")), "{}", page.text);
    assert!(page.text.contains("<mark>lighthouse</mark>"), "{}", page.text);
    assert!(!page.text.contains("A cat sleeps."), "{}", page.text);
    assert_eq!(page.text.matches("class=\"hit\"").count(), 1, "no copy of itself: {}", page.text);
    // From the copy in the branch, too.
    let page = browser.open(&format!("/s/{slug}-1/1/similar")).await;
    assert!(page.text.contains(&format!("href=\"/s/{other}/1\"")), "{}", page.text);
    let reader = browser.open(&format!("/s/{slug}/1")).await.text;
    assert!(reader.contains(&format!("data-from=\"{path}\"")), "{reader}");
    assert!(!reader.contains("Gulls circle"), "nothing is looked for until somebody asks");
    for missing in [format!("/s/{slug}/9/similar"), "/s/none/1/similar".to_owned()] {
        assert_eq!(browser.open(&missing).await.status, 404, "{missing}");
    }
    app.stop_and_remove().await;
}

async fn meaning_is_found_with_a_model(database: TestDatabase) {
    let embedder = FakeEmbedder::start().await;
    let app = TestApp::start_with(database, embedder.options("ideas")).await;
    let (slug, _) = told(&app, "kitchen", "An old vessel.").await;
    let (other, _) = told(&app, "garden", "A ship comes in.").await;
    app.wait_until_idle().await;
    let page = Browser::new(&app).open(&format!("/s/{slug}/1/similar")).await.text;
    assert!(page.contains("by their meaning"), "{page}");
    assert!(page.contains(&format!("href=\"/s/{other}/1\"")), "{page}");
    app.stop_and_remove().await;
}

async fn nobody_sees_a_moment_of_anothers_private_story(database: TestDatabase) {
    const KEY: &str = "a-shared-key-1234";
    let pages = PageSettings { public_reading: true, ..PageSettings::default() };
    let options = TestOptions { api_key: Some(KEY), pages, ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let tell = async |client: &str, text: &str| {
        let body = json!({"client_id": client, "strategy": "literal", "input_text": text});
        let (status, story) = send_json(app.post_frame(&body).header("x-api-key", KEY)).await;
        assert_eq!(status, 200, "{story}");
        story["slug"].as_str().expect("a slug").to_owned()
    };
    let open = tell("kitchen", "The lighthouse keeper.").await;
    let hidden = tell("bedroom", "The lighthouse sleeps.").await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let private = json!({"client_id": "bedroom", "is_private": true});
    let made = with_token(&app, &admin, "POST", "/admin/api/sparrow-configs").json(&private);
    assert_eq!(send_json(made).await.0, 201, "{:?}", Value::Null);
    let own = token(&app, ScopeName::Device, Some("bedroom"), None).await;
    let other = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    for (cookie, is_shown) in [
        (String::new(), false),
        (format!("calliope_browser={other}"), false),
        (format!("calliope_browser={own}"), true),
    ] {
        let mut browser = Browser::new(&app);
        browser.cookie = cookie;
        let page = browser.open(&format!("/s/{open}/1/similar")).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.text.contains(&format!("/s/{hidden}/1")), is_shown, "{}", page.text);
        let from_hidden = browser.open(&format!("/s/{hidden}/1/similar")).await.status;
        assert_eq!(from_hidden, if is_shown { 200 } else { 404 });
    }
    app.stop_and_remove().await;
}
