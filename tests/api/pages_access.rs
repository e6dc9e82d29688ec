//! Who may see which page, and how a browser and a user become known.

use calliope::domain::ScopeName;
use calliope::settings::PageSettings;
use reqwest::header::COOKIE;
use reqwest::multipart::Form;
use serde_json::json;

use crate::identity::{create_user, token, with_token};
use crate::on_both;
use crate::pages::Browser;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

on_both! {
    a_stranger_is_asked_to_log_in;
    a_private_story_is_for_its_own_browser_and_admins;
    a_browser_connects_by_a_key;
    a_browser_connects_by_a_code;
    a_person_logs_in_by_a_form;
    everyone_with_the_link_reads_if_that_is_allowed;
    forms_of_other_sites_change_nothing;
}

const KEY: &str = "a-shared-key-1234";

async fn start(database: TestDatabase, public_reading: bool) -> TestApp {
    let pages = PageSettings { public_reading, operator: "The <museum>".to_owned() };
    let options = TestOptions { api_key: Some(KEY), pages, ..TestOptions::default() };
    TestApp::start_with(database, options).await
}

/// Tells a story of a client, and returns its slug.
async fn tell(app: &TestApp, client_id: &str) -> String {
    let body = json!({"client_id": client_id, "strategy": "literal", "input_text": "A lamp."});
    let (status, story) = send_json(app.post_frame(&body).header("x-api-key", KEY)).await;
    assert_eq!(status, 200, "{story}");
    story["slug"].as_str().expect("a slug").to_owned()
}

async fn make_private(app: &TestApp, client_id: &str) {
    let admin = token(app, ScopeName::Admin, None, None).await;
    let request = with_token(app, &admin, "POST", "/admin/api/sparrow-configs");
    let (status, made) =
        send_json(request.json(&json!({"client_id": client_id, "is_private": true}))).await;
    assert_eq!(status, 201, "{made}");
}

async fn a_stranger_is_asked_to_log_in(database: TestDatabase) {
    let app = start(database, false).await;
    let slug = tell(&app, "kitchen").await;
    let mut browser = Browser::new(&app);
    for path in [
        &format!("/s/{slug}/1"),
        &format!("/s/{slug}"),
        &format!("/s/{slug}/events"),
        &format!("/s/{slug}/feed.atom"),
        &format!("/s/{slug}/book"),
        &format!("/s/{slug}/book.epub"),
        &format!("/s/{slug}/book.pdf"),
        "/s/none/1",
        "/library",
        "/search?q=a+lamp",
        "/bookmarks",
        "/lists/1",
    ] {
        let page = browser.open(path).await;
        let next: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
        assert_eq!((page.status, page.location), (303, format!("/login?next={next}")), "{path}");
        assert_eq!(app.get(path).send().await.expect("an answer").status(), 401, "{path}");
    }
    for path in ["/", "/login", "/about", "/manifest.webmanifest", "/no/such/page"] {
        let page = browser.open(path).await;
        assert_eq!(page.status, if path.starts_with("/no") { 404 } else { 200 }, "{path}");
        assert!(!page.text.contains(&slug), "{path}");
    }
    let about = browser.open("/about").await.text;
    assert!(
        about.contains("The &#60;museum&#62;") || about.contains("The &lt;museum&gt;"),
        "{about}"
    );
    let unchanged = send_json(app.get("/")).await;
    assert_eq!((unchanged.0, &unchanged.1["status"]), (401, &json!(401)), "for programs");
    assert_eq!(send_json(app.get("/").header("x-api-key", KEY)).await.0, 404);
    assert_eq!(browser.submit("/", &[("words", "hello")]).await.status, 303, "to log in");
    app.stop_and_remove().await;
}

async fn a_private_story_is_for_its_own_browser_and_admins(database: TestDatabase) {
    let app = start(database, true).await;
    let (hidden, open) = (tell(&app, "bedroom").await, tell(&app, "kitchen").await);
    make_private(&app, "bedroom").await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    create_user(&app, &admin, "anna", "correct horse battery").await;
    let session = crate::identity::session(&app, "anna", "correct horse battery").await;
    let own = token(&app, ScopeName::Device, Some("bedroom"), None).await;
    let other = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    for (cookie, is_shown) in [
        (String::new(), false),
        (format!("calliope_browser={other}"), false),
        (format!("calliope_browser={own}"), true),
        (session, true),
    ] {
        let mut browser = Browser::new(&app);
        browser.cookie = cookie;
        for page in [format!("/s/{hidden}/1"), format!("/s/{hidden}/feed.atom")] {
            assert_eq!(
                browser.open(&page).await.status,
                if is_shown { 200 } else { 404 },
                "{page}"
            );
        }
        // The stream does not end, so only its status is read.
        let events = app.get(&format!("/s/{hidden}/events")).header(COOKIE, &browser.cookie);
        let events = events.send().await.expect("an answer");
        assert_eq!(events.status().as_u16(), if is_shown { 200 } else { 404 });
        assert_eq!(browser.open(&format!("/s/{open}/1")).await.status, 200);
        if !browser.cookie.is_empty() {
            let library = browser.open("/library").await.text;
            assert_eq!(library.contains(&format!("/s/{hidden}/")), is_shown, "{library}");
            let found = browser.open("/search?q=lamp").await.text;
            assert_eq!(found.contains(&format!("/s/{hidden}/")), is_shown, "{found}");
        }
    }
    app.stop_and_remove().await;
}

async fn a_browser_connects_by_a_key(database: TestDatabase) {
    let app = start(database, false).await;
    let mut browser = Browser::new(&app);
    let first = browser.open("/?next=/library").await;
    assert!(first.text.contains("Connect this browser"), "{}", first.text);
    let wrong = browser.submit("/connect", &[("key", "a guess"), ("next", "/library")]).await;
    assert!(wrong.status == 401 && wrong.text.contains("The API key is wrong."), "{}", wrong.text);
    assert!(browser.cookie.is_empty());
    let right = browser.submit("/connect", &[("key", KEY), ("next", "//evil.example/")]).await;
    assert_eq!((right.status, &*right.location), (303, "/"), "no other site");
    assert!(browser.cookie.contains("calliope_browser="), "{}", browser.cookie);
    assert!(!browser.cookie.contains(KEY), "the key itself is not kept");
    assert_eq!(browser.open("/library").await.status, 200);
    let sent = browser.order(Form::new().text("words", "A kettle")).await;
    assert_eq!(sent.status, 303);
    // A token that is revoked opens nothing any more.
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let list = send_json(with_token(&app, &admin, "GET", "/admin/api/tokens?q=browser")).await.1;
    let id = list["items"][0]["id"].to_string();
    send_json(with_token(&app, &admin, "DELETE", &format!("/admin/api/tokens/{id}"))).await;
    assert_eq!(browser.open("/library").await.status, 303);
    assert!(browser.open("/").await.text.contains("Connect this browser"));
    app.stop_and_remove().await;
}

async fn a_browser_connects_by_a_code(database: TestDatabase) {
    let app = start(database, false).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let mut browser = Browser::new(&app);
    let asked = browser.submit("/connect", &[("how", "code"), ("next", "/library")]).await;
    assert_eq!(asked.location, "/?next=%2Flibrary");
    let waiting = browser.open(&asked.location).await;
    let code = waiting.text.split("class=\"code\">").nth(1).expect("a code");
    let code = code.split('<').next().expect("a code").to_owned();
    assert!(waiting.text.contains("http-equiv=\"refresh\""), "{}", waiting.text);
    let approve = format!("/admin/api/pairing/{code}/approve");
    assert_eq!(send_json(with_token(&app, &admin, "POST", &approve)).await.0, 200);
    let connected = browser.open(&asked.location).await;
    assert_eq!((connected.status, &*connected.location), (303, "/library"));
    assert_eq!(browser.open("/library").await.status, 200);
    // A code that was refused is forgotten, and another one can be had.
    let mut second = Browser::new(&app);
    second.submit("/connect", &[("how", "code")]).await;
    let code = second.open("/").await.text;
    let code = code.split("class=\"code\">").nth(1).expect("a code").split('<').next();
    let path = format!("/admin/api/pairing/{}", code.expect("a code"));
    assert_eq!(send_json(with_token(&app, &admin, "DELETE", &path)).await.0, 204);
    let refused = second.open("/").await.text;
    assert!(refused.contains("Get a code") && !refused.contains("class=\"code\""), "{refused}");
    app.stop_and_remove().await;
}

async fn a_person_logs_in_by_a_form(database: TestDatabase) {
    let app = start(database, false).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    create_user(&app, &admin, "anna", "correct horse battery").await;
    let mut browser = Browser::new(&app);
    let form = |password: &'static str| {
        [("username", "anna"), ("password", password), ("next", "/library")]
    };
    let wrong = browser.submit("/login", &form("a guess, no more")).await;
    assert!(wrong.status == 401 && wrong.text.contains("value=\"anna\""), "{}", wrong.text);
    assert!(!wrong.text.contains("a guess"), "the password is not repeated");
    let right = browser.submit("/login", &form("correct horse battery")).await;
    assert_eq!((right.status, &*right.location), (303, "/library"));
    assert!(browser.open("/library").await.status == 200);
    assert!(browser.open("/login").await.text.contains("You are anna."));
    // A user's browser becomes a Sparrow with its first order.
    assert_eq!(browser.submit("/", &[("words", "A kettle")]).await.status, 303);
    assert!(browser.cookie.contains("calliope_browser="), "{}", browser.cookie);
    assert_eq!(browser.submit("/logout", &[]).await.location, "/login");
    assert!(!browser.open("/login").await.text.contains("You are anna."));
    app.stop_and_remove().await;
}

async fn everyone_with_the_link_reads_if_that_is_allowed(database: TestDatabase) {
    let app = start(database, true).await;
    let slug = tell(&app, "kitchen").await;
    let mut browser = Browser::new(&app);
    let page = browser.open(&format!("/s/{slug}/1")).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("action=\"/bookmarks\""), "strangers keep no bookmarks");
    for path in ["/library", "/search?q=lamp", "/bookmarks"] {
        assert_eq!(browser.open(path).await.status, 303, "{path}");
    }
    app.stop_and_remove().await;
}

async fn forms_of_other_sites_change_nothing(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let send = |path: &'static str, name: &'static str, value: &'static str| {
        let post = app.client.post(app.address(path)).header(name, value);
        let form = post.header("content-type", "application/x-www-form-urlencoded");
        form.header("accept", "text/html").body("words=hello&how=code").send()
    };
    for path in ["/", "/connect", "/login", "/logout", "/bookmarks"] {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("referer", "https://evil.example/page"),
        ] {
            let answer = send(path, name, value).await.expect("an answer");
            assert_eq!(answer.status(), 403, "{path} {name}: {value}");
        }
    }
    let tokens = app.json("/admin/api/tokens").await;
    assert_eq!(tokens["items"], json!([]), "no browser was connected");
    // A link on another site may lead to a page, but not a script to what it says.
    let link = |dest: &'static str| {
        let get = app.client.get(app.address("/about")).header("sec-fetch-site", "cross-site");
        get.header("sec-fetch-dest", dest).header("accept", "text/html").send()
    };
    assert_eq!(link("document").await.expect("an answer").status(), 200);
    assert_eq!(link("empty").await.expect("an answer").status(), 403);
    let rebound = app.client.get(app.address("/")).header("host", "evil.example");
    assert_eq!(
        rebound.header("accept", "text/html").send().await.expect("an answer").status(),
        403
    );
    app.stop_and_remove().await;
}
