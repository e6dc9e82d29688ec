//! Books of what is shared: of a story, of a story in a list, and of a visitor's own frames.

use calliope::domain::ScopeName;
use chrono::TimeDelta;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, COOKIE};
use serde_json::json;

use crate::identity::{start, token, with_token};
use crate::on_both;
use crate::pages::{Browser, Seen};
use crate::shares::{gone, header, link, make_private, revoke, share, tell};
use crate::support::{TestApp, TestDatabase, send_json};
use crate::visitors;

on_both! {
    a_shared_story_is_a_book_in_every_form_until_the_share_ends;
    a_story_of_a_shared_list_is_a_book_and_no_other_story_is;
    a_visitor_has_a_book_of_their_own_frames_alone;
}

/// Addresses of a book below its story's, each with its media type and the start of its file.
const FORMS: [(&str, &str, &[u8]); 4] = [
    ("book", "text/html; charset=utf-8", b"<!doctype html>"),
    ("book.epub", "application/epub+zip", b"PK\x03\x04"),
    ("book.pdf", "application/pdf", b"%PDF-"),
    ("book.pdf?format=zine", "application/pdf", b"%PDF-"),
];

/// Fetches a form of a book with a cookie, and returns its bytes.
async fn fetch(app: &TestApp, path: &str, cookie: &str) -> Vec<u8> {
    let response = app.get(path).header(COOKIE, cookie).send().await.expect("an answer");
    assert_eq!(response.status(), 200, "{path}");
    response.bytes().await.expect("bytes").to_vec()
}

/// Returns the number of pictures in a book's file.
fn pictures(file: &[u8]) -> usize {
    let mark = b"Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org";
    file.windows(mark.len()).filter(|bytes| bytes == mark).count()
}

fn hidden(page: &Seen) -> bool {
    header(page, "x-robots-tag").contains("noindex")
        && header(page, "referrer-policy") == "no-referrer"
        && header(page, "cache-control") == "no-store"
}

async fn a_shared_story_is_a_book_in_every_form_until_the_share_ends(database: TestDatabase) {
    let (app, clock) = start(database).await;
    let (slug, id) = tell(&app, "kitchen", "A lamp.|A second lamp.").await;
    let own = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    let (status, made) = share(&app, &own, json!({"kind": "story", "story_id": id})).await;
    assert_eq!(status, 201, "{made}");
    let path = made["url"].as_str().expect("a link").replace(&app.url, "");
    let short = json!({"kind": "story", "story_id": id, "expires_in": 60});
    let short = link(&app, &own, short).await;
    let mut reader = Browser::new(&app);
    let story = reader.open(&format!("{path}/1")).await.text;
    let page = reader.open(&format!("{path}/book")).await;
    assert!(page.status == 200 && hidden(&page), "{:?}", page.headers);
    assert!(header(&page, "content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(page.text.matches("<article").count(), 2, "{}", page.text);
    assert!(page.text.contains("name=\"robots\" content=\"noindex\""), "{}", page.text);
    assert!(page.text.contains(&format!("href=\"{path}/1\"")), "it leads back: {}", page.text);
    // Nothing leads from the book to the story's own address, or tells whose it is.
    for other in [&*slug, &*id, "kitchen", "Read on at", "It began"] {
        assert!(!page.text.contains(other), "{other}: {}", page.text);
    }
    let picture = page.text.split("src=\"/media/signed/").nth(1).expect("a presigned picture");
    let picture = picture.split('"').next().expect("an address").replace("&#38;", "&");
    fetch(&app, &format!("/media/signed/{picture}"), "").await;
    for (form, ..) in FORMS {
        let address = form.split('?').next().unwrap_or_default();
        assert!(story.contains(&format!("href=\"{path}/{address}\"")), "{form}: {story}");
    }
    check_forms(&app, &path, &[&slug, &id]).await;
    for (form, status) in [("book?volume=2", 404), ("book.pdf?format=a0", 422), ("book.mobi", 404)]
    {
        let response = app.get(&format!("{path}/{form}")).send().await.expect("an answer");
        assert_eq!(response.status(), status, "{form}");
    }
    // A link that ended is answered as one that never was.
    let unknown = reader.open("/x/AAAAAAAAAAAAAAAAAAAAAA/book").await;
    assert!(gone(&unknown) && hidden(&unknown));
    clock.advance(TimeDelta::seconds(61));
    assert_eq!(revoke(&app, &own, &made["id"]).await, 204);
    for ended in [&path, &short] {
        for (form, ..) in FORMS {
            let address = format!("{ended}/{form}");
            assert_eq!(reader.open(&address).await.text, unknown.text, "{address}");
            assert_eq!(app.get(&address).send().await.expect("an answer").status(), 404);
        }
    }
    app.stop_and_remove().await;
}

/// Checks each form of a shared book: its type, that nobody keeps it, that it has both pictures, and that it tells neither
/// the link nor these names of the story.
async fn check_forms(app: &TestApp, path: &str, [slug, id]: &[&str; 2]) {
    for (form, media_type, start) in FORMS {
        let response = app.get(&format!("{path}/{form}")).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{form}");
        assert_eq!(response.headers()[CONTENT_TYPE], media_type, "{form}");
        let headers = response.headers().clone();
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        if let Some(name) = headers.get(CONTENT_DISPOSITION) {
            assert!(!name.to_str().expect("text").contains(slug), "{name:?}");
        }
        let file = response.bytes().await.expect("bytes");
        assert!(file.starts_with(start), "{form}");
        let token = path.trim_start_matches("/x/").as_bytes();
        let holds = |text: &[u8]| file.windows(text.len()).any(|bytes| bytes == text);
        assert!(form == "book" || !holds(token) && !holds(id.as_bytes()), "{form}");
        if form != "book" {
            assert_eq!(pictures(&file), 2, "{form}");
        }
    }
}

async fn a_story_of_a_shared_list_is_a_book_and_no_other_story_is(database: TestDatabase) {
    let (app, _) = start(database).await;
    let (slug, id) = tell(&app, "kitchen", "A lamp.").await;
    let (other, _) = tell(&app, "hall", "A kettle.").await;
    let own = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    let request = with_token(&app, &own, "POST", "/v2/bookmark-lists?client_id=kitchen");
    let list = send_json(request.json(&json!({"name": "Rain"}))).await.1["id"].clone();
    let path = format!("/v2/bookmark-lists/{list}/stories/{id}?client_id=kitchen");
    assert_eq!(send_json(with_token(&app, &own, "PUT", &path).json(&json!({}))).await.0, 201);
    let path = link(&app, &own, json!({"kind": "list", "list_id": list})).await;
    let mut browser = Browser::new(&app);
    let story = browser.open(&format!("{path}/{slug}/1")).await.text;
    assert!(story.contains(&format!("href=\"{path}/{slug}/book.epub\"")), "{story}");
    let book = browser.open(&format!("{path}/{slug}/book")).await.text;
    assert!(book.contains(&format!("href=\"{path}/{slug}/book.pdf?format=zine\"")), "{book}");
    for (form, _, start) in FORMS {
        assert!(fetch(&app, &format!("{path}/{slug}/{form}"), "").await.starts_with(start));
        assert!(gone(&browser.open(&format!("{path}/{other}/{form}")).await), "{form}");
        assert!(gone(&browser.open(&format!("{path}/{form}")).await), "{form}: a list is no book");
    }
    let events = app.get(&format!("{path}/{slug}/events")).send().await.expect("an answer");
    assert_eq!(events.status(), 200);
    let events = app.get(&format!("{path}/{other}/events")).send().await.expect("an answer");
    assert_eq!(events.status(), 404);
    let admin = token(&app, ScopeName::Admin, None, None).await;
    make_private(&app, &admin, "kitchen").await;
    assert!(gone(&browser.open(&format!("{path}/{slug}/book.epub")).await), "it became private");
    app.stop_and_remove().await;
}

async fn a_visitor_has_a_book_of_their_own_frames_alone(database: TestDatabase) {
    let (app, _, admin) = visitors::start(database).await;
    let (_, made) = share(&app, &admin, json!({"kind": "give", "flock_id": "hall"})).await;
    let path = made["url"].as_str().expect("a link").replace(&app.url, "");
    let (mut anna, mut ben) = (Browser::new(&app), Browser::new(&app));
    visitors::agree(&mut anna, &path).await;
    let early = anna.open(&format!("{path}/book")).await;
    assert_eq!(early.status, 409, "there is no frame yet: {}", early.text);
    visitors::tell(&mut anna, &path, "Of Anna.").await;
    visitors::agree(&mut ben, &path).await;
    for words in ["Of Ben.", "Of Ben again."] {
        visitors::tell(&mut ben, &path, words).await;
    }
    let taken = anna.submit(&format!("{path}/home"), &[]).await;
    for form in ["book", "book.epub", "book.pdf", "book.pdf?format=zine"] {
        assert!(taken.text.contains(&format!("href=\"{path}/{form}\"")), "{form}: {}", taken.text);
    }
    for (browser, own, other, count) in
        [(&mut anna, "Of Anna.", "Of Ben", 1), (&mut ben, "Of Ben again.", "Of Anna", 2)]
    {
        let page = browser.open(&format!("{path}/book")).await;
        assert!(page.text.contains(own) && !page.text.contains(other), "{}", page.text);
        assert!(page.text.contains("/media/signed/") && hidden(&page), "{}", page.text);
        assert!(!page.text.contains("visitor-"), "no client is named: {}", page.text);
        for (form, _, start) in FORMS {
            let file = fetch(&app, &format!("{path}/{form}"), &browser.cookie).await;
            assert!(file.starts_with(start), "{form}");
            assert!(form == "book" || pictures(&file) == count, "{form}: {}", pictures(&file));
        }
    }
    // The link to take home has the same book; what Ben has opens nothing of Anna's.
    let home = visitors::link_of(&app, &taken);
    assert_eq!(pictures(&fetch(&app, &format!("{home}/book.epub"), &ben.cookie).await), 1);
    let mut stranger = Browser::new(&app);
    let asked = stranger.open(&format!("{path}/book.epub")).await;
    assert_eq!((asked.status, &*asked.location), (303, &*path), "one who has not agreed");
    assert_eq!(send_json(app.get(&format!("{path}/book.epub"))).await.0, 403);
    let other = visitors::give(&app, &admin).await;
    let asked = anna.open(&format!("{other}/book")).await;
    assert_eq!((asked.status, &*asked.location), (303, &*other), "the cookie of another share");
    let revoked = format!("/v2/shares/{}", made["id"]);
    assert_eq!(send_json(with_token(&app, &admin, "DELETE", &revoked)).await.0, 204);
    for (form, ..) in FORMS {
        assert!(gone(&anna.open(&format!("{path}/{form}")).await), "{form}");
    }
    assert_eq!(anna.open(&format!("{home}/book")).await.status, 200, "what was taken home stays");
    anna.submit(&format!("{path}/forget"), &[]).await;
    assert!(gone(&anna.open(&format!("{home}/book")).await));
    app.stop_and_remove().await;
}
