//! Other sites can show a card of a story that everyone may read.

use calliope::domain::ScopeName;
use calliope::settings::PageSettings;
use serde_json::{Value, json};

use crate::identity::{token, with_token};
use crate::on_both;
use crate::pages::{Browser, told};
use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

on_both! {
    a_story_has_a_card_for_other_sites;
    only_stories_that_everyone_may_read_have_one;
}

fn query(url: &str) -> String {
    let url: String = form_urlencoded::byte_serialize(url.as_bytes()).collect();
    format!("/oembed?url={url}")
}

/// Returns the value of an attribute after a text in a page, unescaped.
fn value_after(page: &str, start: &str) -> String {
    let rest = page.split(start).nth(1).unwrap_or_else(|| panic!("{start} in {page}"));
    rest.split('"').next().unwrap_or_default().replace("&#38;", "&").replace("&amp;", "&")
}

async fn a_story_has_a_card_for_other_sites(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (slug, _) = told(&app, "kitchen", "<b>A & B</b>|A moth comes.").await;
    let page = Browser::new(&app).open(&format!("/s/{slug}/2")).await.text;
    let found = value_after(&page, "type=\"application/json+oembed\" href=\"");
    assert!(found.starts_with(&app.url), "{found}");
    let card = app.json(found.strip_prefix(&app.url).expect("our own address")).await;
    let picture = card["url"].as_str().expect("a URL");
    assert_eq!(value_after(&page, "property=\"og:image\" content=\""), picture);
    let size = |name: &str| card[name].as_i64().expect("a number");
    assert!(size("width") > 0 && size("height") > 0, "{card}");
    for (name, value) in [
        ("version", json!("1.0")),
        ("type", json!("photo")),
        ("title", json!("<b>A & B</b> – 2")),
        ("provider_name", json!("Calliope")),
        ("provider_url", json!(format!("{}/", app.url))),
        ("html", Value::Null),
    ] {
        assert_eq!(card[name], value, "{card}");
    }
    let picture = app.get(picture.strip_prefix(&app.url).expect("our own address")).send().await;
    assert_eq!(picture.expect("an answer").status(), 200);
    let address = format!("{}/s/{slug}/1", app.url);
    let xml = app.get(&format!("{}&format=xml", query(&address))).send().await.expect("an answer");
    assert_eq!(xml.headers()["content-type"], "text/xml; charset=utf-8");
    let xml = xml.text().await.expect("text");
    assert!(xml.starts_with("<?xml") && !xml.contains("<b>"), "{xml}");
    let small = app.json(&format!("{}&maxwidth=100&maxheight=100", query(&address))).await;
    assert_eq!((&small["type"], &small["url"]), (&json!("link"), &Value::Null));
    let story = app.json(&query(&format!("{}/s/{slug}", app.url))).await;
    assert!(story["title"].as_str().expect("text").ends_with(" – 2"), "the last frame: {story}");
    for (path, status) in [
        (format!("{}&format=yaml", query(&address)), 501),
        ("/oembed".to_owned(), 422),
        (format!("{}&maxwidth=-1", query(&address)), 422),
        (query("https://evil.example/s/a-lamp/1"), 404),
        (query(&format!("https://evil.example/?{address}")), 404),
        (query(&format!("{}@evil.example/s/{slug}/1", app.url)), 404),
        (query(&format!("{}/s/{slug}/3", app.url)), 404),
        (query(&format!("{}/s/none/1", app.url)), 404),
        (query(&format!("{}/library", app.url)), 404),
        (query(&"x".repeat(5000)), 404),
    ] {
        let (found, problem) = send_json(app.get(&path)).await;
        assert_eq!(found, status, "{path}: {problem}");
        assert!(
            problem["detail"].as_str().is_some_and(|detail| detail.ends_with('.') || status == 422)
        );
    }
    app.stop_and_remove().await;
}

async fn only_stories_that_everyone_may_read_have_one(database: TestDatabase) {
    const KEY: &str = "a-shared-key-1234";
    let is_postgres = database.postgres.is_some();
    let mut databases = vec![(database, is_postgres)];
    if !is_postgres {
        databases.push((TestDatabase::sqlite(), true));
    }
    for (database, public_reading) in databases {
        let pages = PageSettings { public_reading, ..PageSettings::default() };
        let options = TestOptions { api_key: Some(KEY), pages, ..TestOptions::default() };
        let app = TestApp::start_with(database, options).await;
        let mut slugs = Vec::new();
        for client in ["bedroom", "kitchen"] {
            let body = json!({"client_id": client, "strategy": "literal", "input_text": client});
            let (_, story) = send_json(app.post_frame(&body).header("x-api-key", KEY)).await;
            slugs.push(story["slug"].as_str().expect("a slug").to_owned());
        }
        let admin = token(&app, ScopeName::Admin, None, None).await;
        let private = json!({"client_id": "bedroom", "is_private": true});
        let made = with_token(&app, &admin, "POST", "/admin/api/sparrow-configs").json(&private);
        assert_eq!(send_json(made).await.0, 201);
        let of = |slug: &str| query(&format!("{}/s/{slug}/1", app.url));
        let (hidden, open) = if public_reading { (404, 200) } else { (401, 401) };
        for with_key in [false, true] {
            for (slug, expected) in slugs.iter().zip([hidden, open]) {
                let request = app.get(&of(slug));
                let request = if with_key { request.header("x-api-key", KEY) } else { request };
                assert_eq!(send_json(request).await.0, expected, "{slug} {public_reading}");
            }
        }
        let own = token(&app, ScopeName::Device, Some("bedroom"), None).await;
        let mut browser = Browser::new(&app);
        browser.cookie = format!("calliope_browser={own}");
        let page = browser.open(&format!("/s/{}/1", slugs[0])).await;
        assert!(page.status == 200 && !page.text.contains("oembed"), "{}", page.text);
        app.stop_and_remove().await;
    }
}
