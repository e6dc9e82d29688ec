//! Stories, lists and walls that are shared by link.

use std::sync::Arc;

use calliope::domain::ScopeName;
use chrono::TimeDelta;
use reqwest::header::{COOKIE, USER_AGENT};
use serde_json::{Value, json};

use crate::identity::{start, token, with_token};
use crate::on_both;
use crate::pages::{Browser, Seen};
use crate::support::clock::ManualClock;
use crate::support::sse::SseStream;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

on_both! {
    a_story_is_read_by_its_link_until_the_share_ends;
    a_visit_is_counted_once_and_robots_are_not;
    only_its_own_client_and_admins_share_a_story;
    a_private_story_is_shared_only_when_that_is_asked_for;
    a_list_shows_its_stories_and_no_others;
    a_stream_ends_when_its_share_is_revoked;
    guesses_are_throttled_and_links_that_work_are_not;
    a_link_is_made_on_a_page_without_javascript;
}

pub const KEY: &str = "a-shared-key-1234";

/// Tells a story of frames that are separated by `|`. Returns its slug and id.
pub async fn tell(app: &TestApp, client_id: &str, text: &str) -> (String, String) {
    let body = json!({"client_id": client_id, "strategy": "literal", "input_text": text});
    let (status, story) = send_json(app.post_frame(&body).header("x-api-key", KEY)).await;
    assert_eq!(status, 200, "{story}");
    let field = |name: &str| story[name].as_str().expect("text").to_owned();
    (field("slug"), field("story_id"))
}

pub async fn share(app: &TestApp, secret: &str, body: Value) -> (u16, Value) {
    send_json(with_token(app, secret, "POST", "/v2/shares").json(&body)).await
}

/// Shares something and returns the path of the link.
pub async fn link(app: &TestApp, secret: &str, body: Value) -> String {
    let (status, made) = share(app, secret, body).await;
    assert_eq!(status, 201, "{made}");
    let url = made["url"].as_str().expect("a link");
    url.strip_prefix(&app.url).expect("an address of the service").to_owned()
}

pub async fn revoke(app: &TestApp, secret: &str, id: &Value) -> u16 {
    send_json(with_token(app, secret, "DELETE", &format!("/v2/shares/{id}"))).await.0
}

async fn listed(app: &TestApp, secret: &str) -> Value {
    send_json(with_token(app, secret, "GET", "/v2/shares")).await.1
}

pub fn header(page: &Seen, name: &str) -> String {
    page.headers.get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
}

pub fn gone(page: &Seen) -> bool {
    page.status == 404 && page.text.contains("This link leads nowhere")
}

async fn a_story_is_read_by_its_link_until_the_share_ends(database: TestDatabase) {
    let (app, clock) = start(database).await;
    let (slug, id) = tell(&app, "kitchen", "A lamp.|A second lamp.").await;
    let device = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    let (status, made) = share(&app, &device, json!({"kind": "story", "story_id": id})).await;
    assert_eq!(status, 201, "{made}");
    let expires = made["expires_at"].as_str().expect("a time").parse().expect("a time");
    let kept: chrono::DateTime<chrono::Utc> = expires;
    assert_eq!(kept - app.clock.now(), TimeDelta::days(30));
    let path = made["url"].as_str().expect("a link").replace(&app.url, "");
    let secret = path.strip_prefix("/x/").expect("a link").to_owned();
    assert_eq!(secret.len(), 22);
    let mut stranger = Browser::new(&app);
    let first = stranger.open(&path).await;
    assert_eq!((first.status, &*first.location), (303, &*format!("{path}/1")));
    let page = stranger.open(&format!("{path}/2")).await;
    assert!(page.status == 200 && page.text.contains("A second lamp."), "{}", page.text);
    assert!(header(&page, "x-robots-tag").contains("noindex"));
    assert_eq!(header(&page, "referrer-policy"), "no-referrer");
    assert!(header(&page, "content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(header(&page, "cache-control"), "no-store");
    assert!(page.text.contains("name=\"robots\" content=\"noindex\""), "{}", page.text);
    assert!(!page.text.contains(&slug), "the story's own address stays here: {}", page.text);
    let picture = page.text.split("src=\"/media/signed/").nth(1).expect("a presigned picture");
    let picture = picture.split('"').next().expect("an address").replace("&#38;", "&");
    let picture = app.get(&format!("/media/signed/{picture}")).send().await.expect("an answer");
    assert_eq!(picture.status(), 200);
    for beyond in ["/3", "/0", "/x", "/s/1", &format!("/{slug}/1")] {
        assert!(gone(&stranger.open(&format!("{path}{beyond}")).await), "{beyond}");
    }
    // The token is no key.
    for request in [
        app.get("/v2/stories?client_id=kitchen").header("x-api-key", &secret),
        app.get(&format!("/v2/stories/{id}?api_key={secret}")),
        app.get("/v2/shares")
            .header(COOKIE, format!("api_key={secret}; calliope_browser={secret}")),
    ] {
        assert_eq!(send_json(request).await.0, 401);
    }
    // A link that ended is answered as one that never was.
    let unknown = stranger.open("/x/AAAAAAAAAAAAAAAAAAAAAA").await;
    assert!(gone(&unknown) && header(&unknown, "x-robots-tag").contains("noindex"));
    let other =
        link(&app, &device, json!({"kind": "story", "story_id": id, "expires_in": 60})).await;
    clock.advance(TimeDelta::seconds(61));
    assert_eq!(stranger.open(&other).await.text, unknown.text, "expired");
    assert_eq!(stranger.open(&path).await.status, 303, "the other one lasts");
    assert_eq!(revoke(&app, &device, &made["id"]).await, 204);
    assert_eq!(revoke(&app, &device, &made["id"]).await, 204, "again");
    assert_eq!(stranger.open(&path).await.text, unknown.text, "revoked");
    assert!(gone(&stranger.open(&format!("{path}/1")).await));
    assert_eq!(app.get(&path).send().await.expect("an answer").status(), 404, "for programs");
    // A deleted story takes its shares with it.
    let last = link(&app, &device, json!({"kind": "story", "story_id": id})).await;
    send_json(with_token(&app, &device, "DELETE", &format!("/v2/stories/{id}"))).await;
    assert!(gone(&stranger.open(&last).await));
    assert_eq!(listed(&app, &device).await["items"], json!([]));
    app.stop_and_remove().await;
}

async fn a_visit_is_counted_once_and_robots_are_not(database: TestDatabase) {
    let (app, _) = start(database).await;
    let (_, id) = tell(&app, "kitchen", "A lamp.|A second lamp.").await;
    let device = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    let body = json!({"kind": "story", "story_id": id, "comment": "For Anna"});
    let path = link(&app, &device, body).await;
    let opens = async || {
        let list = listed(&app, &device).await;
        (list["items"][0]["opens"].clone(), list["items"][0]["last_opened"].is_string())
    };
    assert_eq!(opens().await, (json!(0), false));
    let head = app.client.head(app.address(&format!("{path}/1"))).header("accept", "text/html");
    assert_eq!(head.send().await.expect("an answer").status(), 200);
    let robot = app.get(&format!("{path}/1")).header("accept", "text/html");
    let robot = robot.header(USER_AGENT, "WhatsApp/2.23").send().await.expect("an answer");
    assert!(robot.headers().get("set-cookie").is_none());
    assert_eq!(app.get(&format!("{path}/1")).send().await.expect("an answer").status(), 200);
    assert_eq!(opens().await, (json!(0), false), "nobody has looked");
    let mut browser = Browser::new(&app);
    let first = browser.open(&path).await;
    let cookie = &first.cookies[0];
    assert!(cookie.starts_with("calliope_visit=1; HttpOnly; SameSite=Lax; Path=/x/"), "{cookie}");
    for page in ["/1", "/2", "/1", ""] {
        assert!(browser.open(&format!("{path}{page}")).await.cookies.is_empty());
    }
    assert_eq!(opens().await, (json!(1), true));
    Browser::new(&app).open(&format!("{path}/2")).await;
    assert_eq!(opens().await.0, 2);
    let list = listed(&app, &device).await;
    assert_eq!(list["items"][0]["comment"], "For Anna");
    let text = list.to_string();
    assert!(!text.contains(path.trim_start_matches("/x/")), "the token is shown once: {text}");
    app.stop_and_remove().await;
}

async fn only_its_own_client_and_admins_share_a_story(database: TestDatabase) {
    let (app, _) = start(database).await;
    let (_, id) = tell(&app, "kitchen", "A lamp.").await;
    let own = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    let other = token(&app, ScopeName::Device, Some("hall"), None).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let body = json!({"kind": "story", "story_id": id});
    for (secret, client_id, expected) in [
        (&*own, None, 201),
        (&*other, None, 403),
        (&*other, Some("kitchen"), 403),
        (KEY, Some("kitchen"), 201),
        (KEY, Some("hall"), 403),
        (KEY, None, 403),
        (&*admin, None, 201),
    ] {
        let mut body = body.clone();
        body["client_id"] = json!(client_id);
        let (status, made) = share(&app, secret, body).await;
        assert_eq!(status, expected, "{client_id:?}: {made}");
    }
    let flock = json!({"kind": "wall", "flock_id": "default"});
    assert_eq!(share(&app, &own, flock).await.0, 403, "a flock is for admins");
    for (body, field) in [
        (json!({"kind": "story"}), "story_id"),
        (json!({"kind": "list"}), "list_id"),
        (json!({"kind": "film", "story_id": id}), "kind"),
        (json!({"kind": "story", "story_id": id, "list_id": 1}), "list_id"),
        (json!({"kind": "wall", "client_id": "kitchen", "flock_id": "a"}), "flock_id"),
        (json!({"kind": "wall", "client_id": "kitchen", "story_id": id}), "story_id"),
        (json!({"kind": "story", "story_id": id, "expires_in": 59}), "expires_in"),
        (json!({"kind": "story", "story_id": id, "expires_in": 31_536_001}), "expires_in"),
        (json!({"kind": "story", "story_id": id, "comment": "a\nb"}), "comment"),
        (json!({"kind": "story", "story_id": id, "secret": 1}), "secret"),
    ] {
        let (status, problem) = share(&app, &admin, body).await;
        assert_eq!((status, &problem["errors"][0]["loc"][1]), (422, &json!(field)), "{problem}");
    }
    let (status, _) = share(&app, &admin, json!({"kind": "give", "flock_id": "none"})).await;
    assert_eq!(status, 404);
    let shares = listed(&app, &own).await;
    assert_eq!(shares["items"].as_array().map(Vec::len), Some(3), "{shares}");
    let first = &shares["items"][0]["id"];
    assert_eq!(revoke(&app, &other, first).await, 404, "another client does not see it");
    let page = send_json(with_token(&app, &own, "GET", "/v2/shares?limit=2")).await.1;
    let next = format!("/v2/shares?cursor={}", page["next_cursor"].as_str().expect("a cursor"));
    let rest = send_json(with_token(&app, &own, "GET", &next)).await.1;
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1), "{rest}");
    assert_eq!(send_json(app.get("/v2/shares").header("x-api-key", KEY)).await.0, 422);
    let audit =
        send_json(with_token(&app, &admin, "GET", "/admin/api/audit?resource=shares")).await.1;
    assert_eq!(audit["items"].as_array().map(Vec::len), Some(3), "{audit}");
    app.stop_and_remove().await;
}

pub async fn make_private(app: &TestApp, admin: &str, client_id: &str) {
    let body = json!({"client_id": client_id, "is_private": true});
    let request = with_token(app, admin, "POST", "/admin/api/sparrow-configs").json(&body);
    assert_eq!(send_json(request).await.0, 201);
}

async fn a_private_story_is_shared_only_when_that_is_asked_for(database: TestDatabase) {
    let (app, _) = start(database).await;
    let (_, id) = tell(&app, "bedroom", "A lamp.").await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let own = token(&app, ScopeName::Device, Some("bedroom"), None).await;
    let story = json!({"kind": "story", "story_id": id});
    let before = link(&app, &own, story.clone()).await;
    let wall_before = link(&app, &own, json!({"kind": "wall"})).await;
    let mut browser = Browser::new(&app);
    assert_eq!(browser.open(&before).await.status, 303);
    assert!(browser.open(&wall_before).await.text.contains("A lamp."));
    make_private(&app, &admin, "bedroom").await;
    assert!(gone(&browser.open(&before).await), "it has become private");
    assert!(!browser.open(&wall_before).await.text.contains("A lamp."));
    for body in [story, json!({"kind": "wall"})] {
        let (status, problem) = share(&app, &own, body.clone()).await;
        assert_eq!((status, &problem["errors"][0]["loc"][1]), (422, &json!("is_private_ok")));
        let mut body = body;
        body["is_private_ok"] = json!(true);
        let path = link(&app, &own, body).await;
        let shown = browser.open(&path).await;
        let shown = if shown.status == 303 { browser.open(&shown.location).await } else { shown };
        assert!(shown.text.contains("A lamp."), "{}", shown.text);
    }
    app.stop_and_remove().await;
}

async fn a_list_shows_its_stories_and_no_others(database: TestDatabase) {
    let (app, _) = start(database).await;
    let (slug, id) = tell(&app, "kitchen", "A lamp.|A second lamp.").await;
    let (other, _) = tell(&app, "hall", "A kettle.").await;
    let (hidden, hidden_id) = tell(&app, "bedroom", "A pillow.").await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    make_private(&app, &admin, "bedroom").await;
    let own = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    let body = json!({"name": "Rain", "description": "For <wet> days"});
    let request = with_token(&app, &own, "POST", "/v2/bookmark-lists?client_id=kitchen");
    let list = send_json(request.json(&body)).await.1["id"].clone();
    for id in [&id, &hidden_id] {
        let path = format!("/v2/bookmark-lists/{list}/stories/{id}?client_id=kitchen");
        assert_eq!(send_json(with_token(&app, &own, "PUT", &path).json(&json!({}))).await.0, 201);
    }
    let stranger = token(&app, ScopeName::Device, Some("hall"), None).await;
    let body = json!({"kind": "list", "list_id": list, "is_private_ok": true});
    assert_eq!(share(&app, &stranger, body.clone()).await.0, 404);
    let path = link(&app, &own, body).await;
    let mut browser = Browser::new(&app);
    let page = browser.open(&path).await;
    assert!(page.text.contains("Rain") && page.text.contains("/media/signed/"), "{}", page.text);
    let story = format!("{path}/{slug}/1");
    assert!(page.text.contains(&format!("href=\"{story}\"")), "{}", page.text);
    assert!(!page.text.contains(&hidden), "of another client, and private: {}", page.text);
    let read = browser.open(&story).await;
    assert!(read.text.contains("A lamp.") && read.text.contains(&format!("{path}/{slug}/2")));
    for (wrong, number) in [(&other, 1), (&hidden, 1), (&slug, 3)] {
        assert!(gone(&browser.open(&format!("{path}/{wrong}/{number}")).await), "{wrong}");
    }
    let path = format!("/v2/bookmark-lists/{list}?client_id=kitchen");
    send_json(with_token(&app, &own, "DELETE", &path)).await;
    assert!(gone(&browser.open(&story).await), "the list is gone");
    app.stop_and_remove().await;
}

async fn a_stream_ends_when_its_share_is_revoked(database: TestDatabase) {
    let (app, _) = start(database).await;
    let (_, id) = tell(&app, "kitchen", "A lamp.").await;
    let own = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    let (_, made) = share(&app, &own, json!({"kind": "story", "story_id": id})).await;
    let path = made["url"].as_str().expect("a link").replace(&app.url, "");
    let mut stream = SseStream::open(app.get(&format!("{path}/events"))).await;
    tell(&app, "kitchen", "A lamp.|A second lamp.").await;
    let told = stream.read_until(|event| event.event == "frame").await;
    assert!(told.iter().all(|event| event.data["story_id"] == json!(id)), "{told:?}");
    assert_eq!(revoke(&app, &own, &made["id"]).await, 204);
    while stream.next().await.is_some() {}
    assert_eq!(app.get(&format!("{path}/events")).send().await.expect("an answer").status(), 404);
    app.stop_and_remove().await;
}

async fn guesses_are_throttled_and_links_that_work_are_not(database: TestDatabase) {
    let options = TestOptions {
        api_key: Some(KEY),
        trusted_proxies: &["127.0.0.1/32"],
        clock: ManualClock::new() as Arc<_>,
        ..TestOptions::default()
    };
    let app = TestApp::start_with(database, options).await;
    let (_, id) = tell(&app, "kitchen", "A lamp.").await;
    let own = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    let path = link(&app, &own, json!({"kind": "story", "story_id": id})).await;
    let from = |address: &'static str, path: String| {
        let request = app.get(&path).header("x-forwarded-for", address);
        async move { request.send().await.expect("an answer").status().as_u16() }
    };
    let mut statuses = Vec::new();
    for guess in 0..35 {
        statuses.push(from("192.0.2.66", format!("/x/AAAAAAAAAAAAAAAAAAAA{guess:02}")).await);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 404).count(), 30, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
    assert_eq!(from("192.0.2.66", format!("{path}/1")).await, 200, "a link that works");
    assert_eq!(from("198.51.100.7", "/x/AAAAAAAAAAAAAAAAAAAAAA".to_owned()).await, 404);
    app.stop_and_remove().await;
}

async fn a_link_is_made_on_a_page_without_javascript(database: TestDatabase) {
    let (app, _) = start(database).await;
    let (slug, _) = tell(&app, "kitchen", "A lamp.").await;
    let own = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    let mut browser = Browser::new(&app);
    let address = format!("/s/{slug}/share");
    assert_eq!(browser.open(&address).await.status, 303, "a stranger is asked to log in");
    browser.cookie = format!("calliope_browser={own}");
    let reader = browser.open(&format!("/s/{slug}/1")).await;
    assert!(reader.text.contains(&format!("href=\"{address}\"")), "{}", reader.text);
    let form = [("expires_in", "86400"), ("comment", "For <Anna>")];
    let made = browser.submit(&address, &form).await;
    assert!(made.status == 200 && made.text.contains("<svg class=\"qr\""), "{}", made.text);
    let link = made.text.split("readonly value=\"").nth(1).expect("a link");
    let link = link.split('"').next().expect("a link").replace(&app.url, "");
    assert!(made.text.contains("never opened"), "{}", made.text);
    let mut stranger = Browser::new(&app);
    let shown = stranger.open(&format!("{link}/1")).await;
    assert!(shown.text.contains("A lamp."), "{}", shown.text);
    let list = browser.open(&address).await.text;
    assert!(list.contains("opened once") && !list.contains(&link), "{list}");
    let id = list.split("name=\"revoke\" value=\"").nth(1).expect("a share");
    let id = id.split('"').next().expect("an id").to_owned();
    assert_eq!(browser.submit(&address, &[("revoke", &id)]).await.status, 303);
    assert!(gone(&stranger.open(&format!("{link}/1")).await));
    let wrong = browser.submit(&address, &[("expires_in", "1")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("class=\"problem\""), "{}", wrong.text);
    // Another browser reads the story and may not share it.
    let other = token(&app, ScopeName::Device, Some("hall"), None).await;
    let mut other_browser = Browser::new(&app);
    other_browser.cookie = format!("calliope_browser={other}");
    assert!(!other_browser.open(&format!("/s/{slug}/1")).await.text.contains("/share"));
    assert_eq!(other_browser.open(&address).await.status, 403);
    assert_eq!(other_browser.submit(&address, &form).await.status, 403);
    app.stop_and_remove().await;
}
