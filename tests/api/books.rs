//! Stories as books: a page to print, EPUB, PDF, and a sheet to fold.

use calliope::domain::ScopeName;
use calliope::settings::PageSettings;
use calliope::store::NewFrame;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use serde_json::json;
use uuid::Uuid;

use crate::identity::{token, with_token};
use crate::on_both;
use crate::pages::{Browser, told};
use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

on_both! {
    a_story_becomes_a_book_in_every_form;
    a_book_is_made_once_until_the_story_goes_on;
    letters_that_cannot_be_printed_are_named;
    a_long_story_has_volumes;
    a_book_is_for_those_who_may_read_the_story;
}

/// Forms of a book, each with its media type and the start of its file.
const FORMS: [(&str, &str, &[u8]); 3] = [
    ("book.epub", "application/epub+zip", b"PK\x03\x04"),
    ("book.pdf", "application/pdf", b"%PDF-"),
    ("book.pdf?format=zine", "application/pdf", b"%PDF-"),
];

fn count(file: &[u8], mark: &str) -> usize {
    file.windows(mark.len()).filter(|bytes| *bytes == mark.as_bytes()).count()
}

async fn a_story_becomes_a_book_in_every_form(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let text = "A lamp & a \"moth\" in the rain.|It burns.|It waits.";
    let (slug, _) = told(&app, "kitchen", text).await;
    let mut browser = Browser::new(&app);
    let reader = browser.open(&format!("/s/{slug}/1")).await.text;
    let page = browser.open(&format!("/s/{slug}/book/")).await;
    assert_eq!(page.status, 200);
    assert!(page.headers["content-security-policy"].to_str().is_ok_and(|p| !p.contains("unsafe")));
    assert_eq!(page.text.matches("<article").count(), 3);
    for mark in ["It burns.", "It waits.", "Colophon", "painted by an algorithm", "kitchen"] {
        assert!(page.text.contains(mark), "{mark}: {}", page.text);
    }
    for (form, media_type, start) in FORMS {
        let path = format!("/s/{slug}/{form}");
        let address = path.split('?').next().unwrap_or_default();
        assert!(reader.contains(address) && page.text.contains(address), "{path}");
        let response = app.get(&path).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()[CONTENT_TYPE], media_type);
        let name = response.headers()[CONTENT_DISPOSITION].to_str().expect("text").to_owned();
        assert!(name.contains(&slug), "{name}");
        let file = response.bytes().await.expect("bytes");
        assert!(file.starts_with(start), "{path}");
        // Each picture keeps where it comes from. An EPUB stores pictures as they are, and so does a PDF.
        let packets = count(&file, "Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org");
        assert_eq!(packets, 3, "{path}");
    }
    for (path, status) in [
        ("book.pdf?format=a0", 422),
        ("book?volume=2", 404),
        ("book.epub?volume=0", 404),
        ("book.pdf?volume=x", 404),
        ("book.mobi", 404),
    ] {
        let response = app.get(&format!("/s/{slug}/{path}")).send().await.expect("an answer");
        assert_eq!(response.status(), status, "{path}");
    }
    assert_eq!(app.get("/s/none/book.epub").send().await.expect("an answer").status(), 404);
    app.stop_and_remove().await;
}

async fn a_book_is_made_once_until_the_story_goes_on(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (slug, _) = told(&app, "kitchen", "A lamp.").await;
    let path = format!("/s/{slug}/book.epub");
    let made = (0..6).map(|_| async {
        let response = app.get(&path).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        (response.headers()[ETAG].clone(), response.bytes().await.expect("bytes"))
    });
    let made = futures_util::future::join_all(made).await;
    assert!(made.iter().all(|book| *book == made[0]), "one book for all who ask at once");
    let (tag, book) = made[0].clone();
    let again = app.get(&path).header(IF_NONE_MATCH, &tag).send().await.expect("an answer");
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.headers()[ETAG], tag);
    assert!(again.bytes().await.expect("bytes").is_empty());
    let more = json!({"client_id": "kitchen", "strategy": "literal", "input_text": "It burns."});
    app.create_frame(more).await;
    let later = app.get(&path).header(IF_NONE_MATCH, &tag).send().await.expect("an answer");
    assert_eq!(later.status(), 200);
    assert_ne!(later.headers()[ETAG], tag);
    assert_ne!(later.bytes().await.expect("bytes"), book);
    app.stop_and_remove().await;
}

async fn letters_that_cannot_be_printed_are_named(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (slug, _) = told(&app, "kitchen", "灯台の光 🔥").await;
    for form in ["book.pdf", "book.pdf?format=zine"] {
        let (status, problem) = send_json(app.get(&format!("/s/{slug}/{form}"))).await;
        assert_eq!(status, 409, "{problem}");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.contains('灯') && detail.contains("EPUB"), "{detail}");
    }
    let epub = app.get(&format!("/s/{slug}/book.epub")).send().await.expect("an answer");
    assert_eq!(epub.status(), 200);
    let (slug, _) = told(&app, "other", "The lamp 🔥 burns.").await;
    let pdf = app.get(&format!("/s/{slug}/book.pdf")).send().await.expect("an answer");
    assert_eq!(pdf.status(), 200, "a symbol is left out");
    app.stop_and_remove().await;
}

async fn a_long_story_has_volumes(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (slug, id) = told(&app, "kitchen", "Word 0.").await;
    let (story_id, now): (Uuid, _) = (id.parse().expect("an id"), app.clock.now());
    let mut tx = app.store.begin().await.expect("begun");
    let (state, metadata) = (json!({}), json!({}));
    let reserved = tx.reserve_frame_numbers(story_id, 1, 204, &state, now).await;
    assert!(reserved.expect("reserved"));
    for number in 1..=204 {
        let text = format!("Word {number}.");
        let frame = NewFrame {
            story_id,
            number,
            text: Some(&text),
            image_id: None,
            device_image_id: None,
            illustration: "",
            seen: None,
            heard: None,
            language: None,
            min_duration_seconds: 20,
            trigger_condition: None,
            metadata: &metadata,
            state_before: &state,
            now,
        };
        tx.insert_frame(frame).await.expect("inserted");
    }
    tx.save().await.expect("saved");
    let mut browser = Browser::new(&app);
    let page = browser.open(&format!("/s/{slug}/book?volume=3")).await.text;
    assert!(page.contains("Volume 3 of 3") && page.contains("Word 204."), "{page}");
    assert!(!page.contains("Word 199.") && page.contains("volume=2"), "{page}");
    let mut books = Vec::new();
    for volume in 1..=3 {
        let path = format!("/s/{slug}/book.pdf?volume={volume}");
        let response = app.get(&path).send().await.expect("an answer");
        let name = response.headers()[CONTENT_DISPOSITION].to_str().expect("text").to_owned();
        assert!(name.contains(&format!("-{volume}.pdf")), "{name}");
        let file = response.bytes().await.expect("bytes");
        books.push(count(&file, "/MediaBox"));
    }
    assert_eq!(books, [102, 102, 7], "a title page, the frames, a colophon");
    assert_eq!(browser.open(&format!("/s/{slug}/book?volume=4")).await.status, 404);
    app.stop_and_remove().await;
}

async fn a_book_is_for_those_who_may_read_the_story(database: TestDatabase) {
    const KEY: &str = "a-shared-key-1234";
    let pages = PageSettings { public_reading: true, ..PageSettings::default() };
    let options = TestOptions { api_key: Some(KEY), pages, ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let body = json!({"client_id": "kitchen", "strategy": "literal", "input_text": "A lamp."});
    let story = send_json(app.post_frame(&body).header("x-api-key", KEY)).await.1;
    let slug = story["slug"].as_str().expect("a slug");
    let status = async |form: &str| {
        let response = app.get(&format!("/s/{slug}/{form}")).send().await.expect("an answer");
        response.status().as_u16()
    };
    assert_eq!(status("book.epub").await, 200, "everyone reads");
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let request = with_token(&app, &admin, "POST", "/admin/api/sparrow-configs");
    let request = request.json(&json!({"client_id": "kitchen", "is_private": true}));
    assert_eq!(send_json(request).await.0, 201);
    for form in ["book", "book.epub", "book.pdf", "book.pdf?format=zine"] {
        assert_eq!(status(form).await, 404, "{form}: not even what was made before");
        let path = format!("/s/{slug}/{form}");
        let seen = with_token(&app, &admin, "GET", &path).send().await.expect("an answer");
        assert_eq!(seen.status(), 200, "{form}: admins read it");
    }
    app.stop_and_remove().await;
}
