//! The pages that people see, through the real service.

use std::collections::BTreeSet;

use reqwest::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE};
use reqwest::multipart::{Form, Part};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, TestOptions, client, fixture, send_json};

on_both! {
    a_story_is_read_in_a_browser;
    a_form_makes_a_story_without_javascript;
    a_module_of_the_page_orders_and_follows_a_frame;
    what_people_wrote_is_shown_and_never_run;
    every_link_and_asset_leads_somewhere;
}

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// An answer to a browser.
pub struct Seen {
    pub status: u16,
    pub location: String,
    pub cookies: Vec<String>,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

/// A browser that shows each answer and follows no redirect.
pub struct Browser<'a> {
    app: &'a TestApp,
    client: reqwest::Client,
    pub cookie: String,
}

impl<'a> Browser<'a> {
    pub fn new(app: &'a TestApp) -> Self {
        let client = client().redirect(Policy::none()).build().expect("a client");
        Self { app, client, cookie: String::new() }
    }

    pub async fn send(&mut self, request: reqwest::RequestBuilder) -> Seen {
        let request = request.header(ACCEPT, BROWSER).header(COOKIE, &self.cookie);
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = |value: &reqwest::header::HeaderValue| {
            value.to_str().map(str::to_owned).unwrap_or_default()
        };
        let cookies: Vec<String> = headers.get_all(SET_COOKIE).iter().map(text).collect();
        for cookie in &cookies {
            let pair = cookie.split(';').next().unwrap_or_default();
            let name = pair.split('=').next().unwrap_or_default();
            let kept = self.cookie.split("; ").filter(|own| !own.starts_with(&format!("{name}=")));
            let kept: Vec<&str> = kept.filter(|own| !own.is_empty()).chain([pair]).collect();
            self.cookie = kept.join("; ");
        }
        let location = headers.get(LOCATION).map(text).unwrap_or_default();
        let text = response.text().await.expect("a body");
        Seen { status, location, cookies, headers, text }
    }

    pub async fn open(&mut self, path: &str) -> Seen {
        let request = self.client.get(self.app.address(path));
        self.send(request).await
    }

    /// Sends a form from a page of the service.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client.post(self.app.address(path)).header("origin", &self.app.url);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(body)).await
    }

    /// Sends the form of the first page.
    pub async fn order(&mut self, form: Form) -> Seen {
        let request = self.client.post(self.app.address("/")).header("origin", &self.app.url);
        self.send(request.multipart(form)).await
    }
}

pub async fn told(app: &TestApp, client_id: &str, text: &str) -> (String, String) {
    let body = json!({"client_id": client_id, "strategy": "literal", "input_text": text});
    let story = app.create_frame(body).await;
    let field = |name: &str| story[name].as_str().expect("text").to_owned();
    (field("slug"), field("story_id"))
}

/// Returns the values of an attribute in a page.
fn attributes(page: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    let values = page.split(&start).skip(1);
    values.map(|rest| rest.split('"').next().unwrap_or_default().replace("&#38;", "&")).collect()
}

fn photo() -> Part {
    Part::bytes(fixture("astronaut_640x480.jpg")).file_name("photo.jpg")
}

async fn a_story_is_read_in_a_browser(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (slug, id) = told(&app, "kitchen", "A lamp.|A second lamp.|A third lamp.").await;
    let mut browser = Browser::new(&app);
    let last = browser.open(&format!("/s/{slug}")).await;
    assert_eq!((last.status, last.location), (303, format!("/s/{slug}/3")));
    let page = browser.open(&format!("/s/{slug}/2/")).await;
    assert_eq!(page.status, 200);
    let header = |name: &str| page.headers[name].to_str().expect("text").to_owned();
    let policy = header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert_eq!(header("permissions-policy"), "camera=(self), microphone=(self)");
    assert!(page.text.contains("A second lamp."), "{}", page.text);
    let canonical = format!("{}/s/{slug}/2", app.url);
    for part in [
        format!("rel=\"canonical\" href=\"{canonical}\""),
        format!("rel=\"prev\" href=\"/s/{slug}/1\""),
        format!("rel=\"next\" href=\"/s/{slug}/3\""),
        "property=\"og:image\"".to_owned(),
        "lang=\"en\"".to_owned(),
    ] {
        assert!(page.text.contains(&part), "{part}\n{}", page.text);
    }
    let picture = attributes(&page.text, "src").remove(0);
    assert_eq!(app.get(&picture).send().await.expect("an answer").status(), 200);
    for (path, location) in [
        (format!("/clio/story/{slug}/2"), format!("/s/{slug}/2")),
        (format!("/clio/story/{slug}"), format!("/s/{slug}")),
        (format!("/s/{id}"), format!("/s/{slug}/3")),
        ("/clio/story/%22%3E%3Cb%3E/1".to_owned(), "/s/%22%3E%3Cb%3E/1".to_owned()),
    ] {
        assert_eq!(browser.open(&path).await.location, location, "{path}");
    }
    for missing in
        ["/s/none/1", "/s/none", &format!("/s/{slug}/4"), &format!("/s/{slug}/0"), "/x/y/z"]
    {
        let page = browser.open(missing).await;
        assert_eq!(page.status, 404, "{missing}");
        assert!(page.text.contains("<h1>There is nothing here</h1>"), "{missing}: {}", page.text);
        assert!(page.headers.contains_key("content-security-policy"), "{missing}");
    }
    let (status, problem) = send_json(app.get("/s/none/1")).await;
    assert_eq!((status, &problem["status"]), (404, &json!(404)), "programs get problem details");
    let feed = browser.open(&format!("/s/{slug}/feed.atom")).await;
    assert_eq!(feed.headers["content-type"], "application/atom+xml; charset=utf-8");
    let at = |text: &str| feed.text.find(text).expect("in the feed");
    assert!(at("A third lamp.") < at("A second lamp."), "the newest comes first");
    assert!(feed.text.contains(&format!("{}/media/", app.url)), "{}", feed.text);
    app.stop_and_remove().await;
}

async fn a_form_makes_a_story_without_javascript(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let mut browser = Browser::new(&app);
    let empty = browser.open("/").await;
    assert!(empty.status == 200 && empty.cookies.is_empty(), "reading makes nothing");
    let key = attributes(&empty.text, "data-key").remove(0);
    let form = |words: &str| {
        let form = Form::new().text("key", key.clone()).text("words", words.to_owned());
        form.text("storyteller", "lavender").part("photo", photo())
    };
    let sent = browser.order(form("A rocket")).await;
    assert_eq!((sent.status, &*sent.location), (303, "/"), "{}", sent.text);
    let cookie = &sent.cookies[0];
    assert!(cookie.starts_with("calliope_browser=") && cookie.contains("HttpOnly; SameSite=Lax"));
    app.wait_until_idle().await;
    let shown = browser.open("/").await.text;
    let link = attributes(&shown, "href").into_iter().find(|href| href.starts_with("/s/"));
    let story = link.expect("the story is linked");
    assert!(shown.contains("class=\"art\" src=\"/media/") && shown.contains("Go on"), "{shown}");
    // The same form again, as when a page is loaded again, is the same order; other words are another.
    browser.order(form("A rocket")).await;
    app.wait_until_idle().await;
    assert_eq!(browser.open(&story).await.location, format!("{story}/1"));
    browser.order(form("A rocket lands")).await;
    app.wait_until_idle().await;
    assert_eq!(browser.open(&story).await.location, format!("{story}/2"));
    // Without any input, the story goes on.
    let seen = browser.submit("/", &[("key", "another"), ("storyteller", "lavender")]).await;
    assert_eq!(seen.status, 303);
    app.wait_until_idle().await;
    assert_eq!(browser.open(&story).await.location, format!("{story}/3"));
    let new = [("storyteller", "lavender"), ("new", "yes"), ("words", "Elsewhere")];
    browser.submit("/", &new).await;
    app.wait_until_idle().await;
    let begun = browser.open("/").await.text;
    assert!(!begun.contains(&format!("href=\"{story}\"")), "a new story: {begun}");
    let broken = Part::bytes(b"not a picture".to_vec()).file_name("photo.jpg");
    let refused = browser.order(Form::new().part("photo", broken)).await;
    assert!((400..500).contains(&refused.status), "{}", refused.status);
    assert!(refused.text.contains("class=\"problem\""), "the form says why: {}", refused.text);
    app.stop_and_remove().await;
}

async fn a_module_of_the_page_orders_and_follows_a_frame(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let order = |key: &'static str, cookie: String| {
        let form = Form::new().text("key", key).text("words", "A kettle");
        let request = app.client.post(app.address("/")).header(COOKIE, cookie);
        request.header(ACCEPT, "application/json").multipart(form).send()
    };
    let response = order("one", String::new()).await.expect("an answer");
    assert_eq!(response.status(), 202);
    let cookie = response.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    let cookie = cookie.split(';').next().expect("a cookie").to_owned();
    let first: Value = response.json().await.expect("JSON");
    let again: Value =
        order("one", cookie.clone()).await.expect("an answer").json().await.expect("JSON");
    assert_eq!(first["task_id"], again["task_id"], "sent again, it is the same order");
    let events = first["events"].as_str().expect("an address").to_owned();
    let stream = app.get(&events).header(COOKIE, &cookie).send().await.expect("an answer");
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let task = format!("/v2/tasks/{}", first["task_id"].as_str().expect("an id"));
    app.wait_for_json(&task, |task| task["status"] == "completed").await;
    let (status, own) = send_json(app.get(&task).header(COOKIE, &cookie)).await;
    assert_eq!(status, 200, "the browser's own token opens its task: {own}");
    let story = own["story_id"].as_str().expect("an id");
    let page = Browser::new(&app).open(&format!("/s/{story}")).await;
    let path = format!("{}/events", page.location.trim_end_matches("/1"));
    let stream = app.get(&path).send().await.expect("an answer");
    assert_eq!(stream.headers()["content-type"], "text/event-stream", "{path}");
    app.stop_and_remove().await;
}

async fn what_people_wrote_is_shown_and_never_run(database: TestDatabase) {
    const ATTACK: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)> lighthouse";
    let app = TestApp::start(database).await;
    let (slug, id) = told(&app, ATTACK, ATTACK).await;
    let client: String = form_urlencoded::byte_serialize(ATTACK.as_bytes()).collect();
    let title = json!({"title": format!("Title {ATTACK}")});
    assert_eq!(app.call("PATCH", &format!("/v2/stories/{id}"), title).await.0, 200);
    let mut browser = Browser::new(&app);
    // The browser is the Sparrow with the hostile name.
    let token =
        crate::identity::token(&app, calliope::domain::ScopeName::Device, Some(ATTACK), None).await;
    browser.cookie = format!("calliope_browser={token}");
    let bookmark = json!({"story_id": id, "frame_number": 0, "comments": ATTACK});
    let path = format!("/v1/bookmarks/frame?client_id={client}");
    assert_eq!(app.call("POST", &path, bookmark).await.0, 200);
    let list = json!({"name": ATTACK.replace('\n', " "), "description": ATTACK, "is_public": true});
    let path = format!("/v2/bookmark-lists?client_id={client}");
    let list = app.call("POST", &path, list).await.1["id"].clone();
    let path = format!("/v2/bookmark-lists/{list}/stories/{id}?client_id={client}");
    app.call("PUT", &path, json!({})).await;
    let search = format!("/search?q={client}");
    for path in [
        "/",
        &format!("/s/{slug}/1"),
        &format!("/s/{slug}/feed.atom"),
        "/library",
        &search,
        "/search?q=lighthouse",
        "/bookmarks",
        &format!("/lists/{list}"),
        &format!("/login?next={client}"),
        &format!("/s/{client}/1"),
    ] {
        let page = browser.open(path).await;
        let text = page.text.to_lowercase();
        assert!(!text.contains("<script>"), "{path}: {text}");
        assert!(!text.contains("<img src=x"), "{path}: {text}");
        let is_shown = text.contains("&#60;script&#62;") || text.contains("&lt;script&gt;");
        let shows_none =
            path.starts_with("/login") || path.starts_with("/s/%") || page.status == 404;
        assert!(is_shown || shows_none, "{path} ({}): {text}", page.status);
    }
    app.stop_and_remove().await;
}

async fn every_link_and_asset_leads_somewhere(database: TestDatabase) {
    let app = TestApp::start_with(
        database,
        TestOptions { trusted_proxies: &["127.0.0.1/32"], ..TestOptions::default() },
    )
    .await;
    told(&app, "kitchen", "A lamp.|A second lamp.").await;
    let mut browser = Browser::new(&app);
    browser.submit("/", &[("words", "A kettle"), ("key", "k")]).await;
    app.wait_until_idle().await;
    let (mut waiting, mut seen) =
        (vec!["/".to_owned(), "/search?q=lamp".to_owned()], BTreeSet::new());
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) || path.ends_with("/events") || path.contains("/v2/events") {
            continue;
        }
        let page = browser.open(&path).await;
        assert!(matches!(page.status, 200 | 303), "{path}: {}", page.status);
        if !page.location.is_empty() {
            waiting.push(page.location.clone());
        }
        let is_page =
            page.headers.get("content-type").is_some_and(|kind| kind == "text/html; charset=utf-8");
        if !is_page || path.starts_with("/docs") {
            continue;
        }
        assert!(!page.text.contains("<style") && !page.text.contains(" style="), "{path}");
        for attribute in ["href", "src"] {
            for target in attributes(&page.text, attribute) {
                let own = target.strip_prefix(&app.url).unwrap_or(&target).to_owned();
                assert!(own.starts_with('/'), "{path} leads away from here: {target}");
                waiting.push(own);
            }
        }
        for sources in attributes(&page.text, "srcset") {
            let addresses = sources.split(", ").filter_map(|source| source.split(' ').next());
            waiting.extend(addresses.map(str::to_owned));
        }
    }
    for page in ["/library", "/bookmarks", "/about", "/manifest.webmanifest"] {
        assert!(seen.contains(page), "{page} is linked: {seen:?}");
    }
    assert!(seen.iter().filter(|path| path.starts_with("/assets/")).count() >= 3, "{seen:?}");
    assert!(seen.iter().any(|path| path.ends_with("?width=320")), "covers are small: {seen:?}");
    // Below a path of a proxy, every address begins with this path.
    let request = app.client.get(app.address("/library")).header("x-forwarded-prefix", "/stories");
    let page = browser.send(request).await.text;
    for target in attributes(&page, "href").into_iter().chain(attributes(&page, "src")) {
        assert!(target.starts_with("/stories/"), "{target}");
    }
    app.stop_and_remove().await;
}
