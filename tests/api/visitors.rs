//! Visitors, who give photos by a share, take their story home, and are forgotten when they ask for it.

use std::sync::Arc;

use calliope::domain::ScopeName;
use calliope::settings::PageSettings;
use chrono::TimeDelta;
use reqwest::header::COOKIE;
use reqwest::multipart::{Form, Part};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::identity::{token, with_token};
use crate::on_both;
use crate::pages::{Browser, Seen};
use crate::shares::{KEY, header, link, share};
use crate::support::clock::ManualClock;
use crate::support::{
    TestApp, TestDatabase, TestOptions, client, fixture, pause, send_json, with_timeout,
};

on_both! {
    a_visitor_agrees_gives_takes_home_and_is_forgotten;
    a_visitor_sees_no_other_visitors_frames;
    what_a_visitor_has_opens_nothing_else;
    a_revoked_share_closes_the_camera_and_a_visitor_can_still_be_forgotten;
    visitors_are_erased_when_their_time_is_over;
    forms_of_other_sites_give_nothing;
}

pub async fn start(database: TestDatabase) -> (TestApp, Arc<ManualClock>, String) {
    let clock = ManualClock::new();
    let pages = PageSettings { operator: "The <museum>".to_owned(), ..PageSettings::default() };
    let options =
        TestOptions { api_key: Some(KEY), clock: clock.clone(), pages, ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let flock = json!({"flock_id": "hall", "parameters": {"strategy": "literal"}});
    let request = with_token(&app, &admin, "POST", "/admin/api/flock-configs").json(&flock);
    assert_eq!(send_json(request).await.0, 201);
    (app, clock, admin)
}

pub async fn give(app: &TestApp, admin: &str) -> String {
    link(app, admin, json!({"kind": "give", "flock_id": "hall"})).await
}

/// Has a browser agree to a share.
pub async fn agree(browser: &mut Browser<'_>, path: &str) {
    let agreed = browser.submit(&format!("{path}/consent"), &[("agree", "yes")]).await;
    assert_eq!((agreed.status, &*agreed.location), (303, path), "{}", agreed.text);
    let cookie = agreed.cookies.iter().find(|cookie| cookie.starts_with("calliope_visitor="));
    let cookie = cookie.expect("a cookie");
    assert!(cookie.contains(&format!("; HttpOnly; SameSite=Lax; Path={path}; ")), "{cookie}");
}

/// Tells a frame from words, and returns the page that shows it.
pub async fn tell(browser: &mut Browser<'_>, path: &str, words: &str) -> Seen {
    let sent = browser.submit(path, &[("words", words), ("key", words)]).await;
    assert_eq!((sent.status, &*sent.location), (303, path), "{}", sent.text);
    let told = async {
        loop {
            let page = browser.open(path).await;
            if page.text.contains(words) {
                break page;
            }
            pause().await;
        }
    };
    with_timeout(told).await
}

fn visitor_secret(browser: &Browser<'_>) -> String {
    let secret = browser.cookie.split("calliope_visitor=").nth(1).expect("a cookie");
    secret.split(';').next().expect("a cookie").to_owned()
}

/// Returns the path of the link on a page.
pub fn link_of(app: &TestApp, page: &Seen) -> String {
    let link = page.text.split("readonly value=\"").nth(1).expect("a link");
    link.split('"').next().expect("a link").replace(&app.url, "")
}

async fn clients(app: &TestApp, admin: &str) -> Vec<String> {
    let path = "/admin/api/sparrow-configs?limit=100";
    let list = send_json(with_token(app, admin, "GET", path)).await.1;
    let items = list["items"].as_array().expect("a list").iter();
    items.map(|item| item["client_id"].as_str().expect("an id").to_owned()).collect()
}

#[expect(clippy::too_many_lines, reason = "one visitor from the consent to the erasure")]
async fn a_visitor_agrees_gives_takes_home_and_is_forgotten(database: TestDatabase) {
    let (app, clock, admin) = start(database).await;
    let path = give(&app, &admin).await;
    let mut visitor = Browser::new(&app);
    let asked = visitor.open(&path).await;
    assert_eq!(asked.status, 200);
    for part in ["Who runs this", "removed after 1 day", "no other company", "name=\"agree\""] {
        assert!(asked.text.contains(part), "{part}: {}", asked.text);
    }
    assert!(asked.text.contains("The &#60;museum&#62;") || asked.text.contains("The &lt;museum"));
    let kept = (clock_now(&clock) + TimeDelta::days(60)).format("%-d %B %Y").to_string();
    assert!(asked.text.contains(&kept), "{kept}: {}", asked.text);
    assert!(!asked.text.contains("calliope-maker"), "no camera yet");
    assert!(header(&asked, "content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(header(&asked, "referrer-policy"), "no-referrer");
    // Nothing is taken before the visitor agrees.
    let early = visitor.submit(&path, &[("words", "A lamp.")]).await;
    assert_eq!((early.status, &*early.location), (303, &*path));
    let program = app.client.post(app.address(&path)).body("words=A+lamp.");
    assert_eq!(program.send().await.expect("an answer").status(), 403);
    let refused = visitor.submit(&format!("{path}/consent"), &[]).await;
    assert!(refused.status == 422 && refused.text.contains("tick the box"), "{}", refused.text);
    assert_eq!(clients(&app, &admin).await, [""; 0]);
    agree(&mut visitor, &path).await;
    // An idempotency key does not have the link stored.
    let keyed = app.client.post(app.address(&format!("{path}/home"))).header("origin", &app.url);
    let keyed = visitor.send(keyed.header("idempotency-key", "k")).await;
    assert_eq!(keyed.status, 409, "there is nothing to take home yet");
    let stored = app.store.scan_idempotency_keys(("", ""), 100).await.expect("read");
    assert!(stored.is_empty(), "{stored:?}");
    let camera = visitor.open(&path).await.text;
    assert!(camera.contains("calliope-maker") && !camera.contains("storyteller\""), "{camera}");
    assert!(!camera.contains("Take it home"), "{camera}");
    let photo = Part::bytes(fixture("astronaut_640x480.jpg")).file_name("photo.jpg");
    let form = Form::new().text("words", "A lamp.").text("storyteller", "fern");
    let sent = visitor.submit_files(&path, form.part("photo", photo)).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let shown = tell(&mut visitor, &path, "A second lamp.").await;
    assert!(shown.text.contains("/media/signed/") && shown.text.contains("Take it home"));
    let own = clients(&app, &admin).await.remove(0);
    let stories = format!("/v2/stories?client_id={own}");
    let stories = send_json(with_token(&app, &admin, "GET", &stories)).await.1;
    let story = stories["stories"][0]["story_id"].as_str().expect("an id");
    let story = send_json(with_token(&app, &admin, "GET", &format!("/v2/stories/{story}"))).await.1;
    assert_eq!(story["strategy"], "literal", "of the flock, not of the form");
    let taken = visitor.submit(&format!("{path}/home"), &[]).await;
    assert!(
        taken.text.contains("<svg class=\"qr\"") && taken.text.contains(&kept),
        "{}",
        taken.text
    );
    let home = link_of(&app, &taken);
    let mut at_home = Browser::new(&app);
    assert!(at_home.open(&format!("{home}/1")).await.text.contains("A lamp."));
    assert!(at_home.open(&format!("{home}/2")).await.text.contains("A second lamp."));
    assert_eq!(at_home.open(&format!("{home}/forget")).await.status, 404, "that is the visitor's");
    assert!(!app.files("input").is_empty() || app.database.postgres.is_some());
    let sure = visitor.open(&format!("{path}/forget")).await;
    assert!(sure.text.contains("cannot be undone"), "{}", sure.text);
    assert!(at_home.open(&format!("{home}/1")).await.status == 200, "asking removes nothing");
    let forgotten = visitor.submit(&format!("{path}/forget"), &[]).await;
    assert!(forgotten.text.contains("You are forgotten"), "{}", forgotten.text);
    assert_eq!(at_home.open(&format!("{home}/1")).await.status, 404);
    assert!(visitor.open(&path).await.text.contains("name=\"agree\""), "a stranger again");
    assert_eq!(clients(&app, &admin).await, [""; 0]);
    assert_eq!(app.files("media"), [""; 0]);
    let stories = send_json(with_token(&app, &admin, "GET", "/admin/api/stories")).await.1;
    assert_eq!(stories["items"], json!([]));
    let audit = send_json(with_token(&app, &admin, "GET", "/admin/api/audit?limit=100")).await.1;
    assert!(!audit.to_string().contains(&own), "{audit}");
    app.stop_and_remove().await;
}

fn clock_now(clock: &Arc<ManualClock>) -> chrono::DateTime<chrono::Utc> {
    use calliope::domain::Clock;
    clock.now()
}

async fn a_visitor_sees_no_other_visitors_frames(database: TestDatabase) {
    let (app, _, admin) = start(database).await;
    let path = give(&app, &admin).await;
    let (mut anna, mut ben) = (Browser::new(&app), Browser::new(&app));
    for (browser, words) in [(&mut anna, "Of Anna."), (&mut ben, "Of Ben.")] {
        agree(browser, &path).await;
        tell(browser, &path, words).await;
    }
    let seen = anna.open(&path).await.text;
    assert!(seen.contains("Of Anna.") && !seen.contains("Of Ben."), "{seen}");
    let home = link_of(&app, &anna.submit(&format!("{path}/home"), &[]).await);
    let shown = Browser::new(&app).open(&format!("{home}/1")).await.text;
    assert!(shown.contains("Of Anna.") && !shown.contains("Of Ben."), "{shown}");
    for page in ["/1", "/2", "/of-ben/1"] {
        assert_eq!(anna.open(&format!("{path}{page}")).await.status, 404, "{page}");
    }
    // A task and the events of another visitor are not there.
    let module = |browser: &Browser<'_>, words: &'static str| {
        let request = app.client.post(app.address(&path)).header("accept", "application/json");
        let request = request.header(COOKIE, browser.cookie.clone());
        send_json(request.multipart(Form::new().text("words", words)))
    };
    let (status, ordered) = module(&ben, "Once more of Ben.").await;
    assert_eq!(status, 202, "{ordered}");
    assert_eq!(ordered["events"], format!("{path}/events"));
    let task = format!("{path}/tasks/{}", ordered["task_id"].as_str().expect("an id"));
    let task_of =
        |browser: &Browser<'_>| send_json(app.get(&task).header(COOKIE, browser.cookie.clone()));
    assert_eq!(task_of(&anna).await.0, 404);
    let (status, own) = task_of(&ben).await;
    assert!(status == 200 && own["result"].is_null(), "{own}");
    assert_eq!(send_json(app.get(&task)).await.0, 403, "nobody who has not agreed");
    assert_eq!(send_json(app.get(&format!("{path}/events"))).await.0, 403);
    // The cookie of one share opens nothing at another.
    let other = give(&app, &admin).await;
    assert!(anna.open(&other).await.text.contains("name=\"agree\""));
    app.stop_and_remove().await;
}

async fn what_a_visitor_has_opens_nothing_else(database: TestDatabase) {
    let (app, _, admin) = start(database).await;
    let path = give(&app, &admin).await;
    let mut visitor = Browser::new(&app);
    agree(&mut visitor, &path).await;
    tell(&mut visitor, &path, "A lamp.").await;
    let own = clients(&app, &admin).await.remove(0);
    let link_secret = path.trim_start_matches("/x/").to_owned();
    for secret in [visitor_secret(&visitor), link_secret] {
        for (method, path) in [
            ("GET", format!("/v2/stories?client_id={own}")),
            ("GET", format!("/v2/clients/{own}/export")),
            ("GET", "/v2/shares".to_owned()),
            ("POST", "/v1/frames".to_owned()),
            ("DELETE", format!("/v2/clients/{own}")),
            ("GET", "/admin/api/stats".to_owned()),
        ] {
            let ask = || {
                let method = method.parse().expect("a method");
                let request = app.client.request(method, app.address(&path));
                request.json(&json!({"client_id": own}))
            };
            for request in [
                ask().header("x-api-key", &secret),
                ask().bearer_auth(&secret),
                ask().query(&[("api_key", &secret)]),
                ask().header(COOKIE, format!("api_key={secret}")),
                ask().header(COOKIE, format!("calliope_browser={secret}")),
                ask().header(COOKIE, format!("calliope_session={secret}")),
                ask().header(COOKIE, format!("calliope_visitor={secret}")),
            ] {
                let (status, answer) = send_json(request).await;
                assert!(matches!(status, 401 | 403), "{method} {path}: {status} {answer}");
            }
        }
        let mut stranger = Browser::new(&app);
        stranger.cookie = format!("calliope_browser={secret}; calliope_visitor={secret}");
        for page in ["/library", "/search?q=lamp", "/bookmarks", "/s/a-lamp/1", "/s/a-lamp/share"] {
            assert_eq!(stranger.open(page).await.status, 303, "{page}: to log in");
        }
    }
    app.stop_and_remove().await;
}

async fn a_revoked_share_closes_the_camera_and_a_visitor_can_still_be_forgotten(
    database: TestDatabase,
) {
    let (app, clock, admin) = start(database).await;
    let (_, made) = share(&app, &admin, json!({"kind": "give", "flock_id": "hall"})).await;
    let path = made["url"].as_str().expect("a link").replace(&app.url, "");
    let mut visitor = Browser::new(&app);
    agree(&mut visitor, &path).await;
    tell(&mut visitor, &path, "A lamp.").await;
    let home = link_of(&app, &visitor.submit(&format!("{path}/home"), &[]).await);
    let revoke = format!("/v2/shares/{}", made["id"]);
    assert_eq!(send_json(with_token(&app, &admin, "DELETE", &revoke)).await.0, 204);
    let closed = visitor.open(&path).await;
    assert!(closed.status == 404 && closed.text.contains("Have it removed"), "{}", closed.text);
    assert!(!Browser::new(&app).open(&path).await.text.contains("Have it removed"));
    assert_eq!(visitor.submit(&path, &[("words", "A second lamp.")]).await.status, 404);
    assert_eq!(visitor.submit(&format!("{path}/home"), &[]).await.status, 404);
    assert_eq!(visitor.submit(&format!("{path}/consent"), &[("agree", "yes")]).await.status, 404);
    let mut at_home = Browser::new(&app);
    assert_eq!(at_home.open(&format!("{home}/1")).await.status, 200, "what was taken home stays");
    let forgotten = visitor.submit(&format!("{path}/forget"), &[]).await;
    assert!(forgotten.text.contains("You are forgotten"), "{}", forgotten.text);
    assert_eq!(at_home.open(&format!("{home}/1")).await.status, 404);
    // An expired share closes it, too.
    let body = json!({"kind": "give", "client_id": "kitchen", "expires_in": 60});
    let short = link(&app, &admin, body).await;
    let mut late = Browser::new(&app);
    agree(&mut late, &short).await;
    clock.advance(TimeDelta::seconds(61));
    assert_eq!(late.submit(&short, &[("words", "A lamp.")]).await.status, 404);
    app.stop_and_remove().await;
}

async fn visitors_are_erased_when_their_time_is_over(database: TestDatabase) {
    let (app, clock, admin) = start(database).await;
    let body = json!({"kind": "give", "flock_id": "hall", "expires_in": 3600});
    let path = link(&app, &admin, body).await;
    let mut visitor = Browser::new(&app);
    agree(&mut visitor, &path).await;
    tell(&mut visitor, &path, "A lamp.").await;
    let home = link_of(&app, &visitor.submit(&format!("{path}/home"), &[]).await);
    clock.advance(TimeDelta::days(30));
    let started = app.app.started_at();
    app.app.ops().run_maintenance(started).await.expect("maintained");
    assert_eq!(Browser::new(&app).open(&format!("{home}/1")).await.status, 200, "not yet");
    assert_eq!(clients(&app, &admin).await.len(), 1);
    clock.advance(TimeDelta::hours(2));
    assert_eq!(Browser::new(&app).open(&format!("{home}/1")).await.status, 404, "it has expired");
    app.app.ops().run_maintenance(started).await.expect("maintained");
    let erased = async {
        while !clients(&app, &admin).await.is_empty() {
            pause().await;
        }
    };
    with_timeout(erased).await;
    let stories: Value = send_json(with_token(&app, &admin, "GET", "/admin/api/stories")).await.1;
    assert_eq!(stories["items"], json!([]));
    app.stop_and_remove().await;
}

async fn forms_of_other_sites_give_nothing(database: TestDatabase) {
    let (app, _, admin) = start(database).await;
    let path = give(&app, &admin).await;
    let mut visitor = Browser::new(&app);
    visitor.open(&path).await;
    let browser = client().redirect(Policy::none()).build().expect("a client");
    let send = |path: String, cookie: String, headers: Vec<(&'static str, String)>| {
        let request = browser.post(app.address(&path)).header("accept", "text/html");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.header(COOKIE, cookie).body("agree=yes&words=A+lamp.");
        let request =
            headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        async move { request.send().await.expect("an answer").status().as_u16() }
    };
    for page in ["", "/consent", "/home", "/forget"] {
        for headers in [
            vec![("origin", "https://evil.example".to_owned())],
            vec![("origin", "null".to_owned()), ("sec-fetch-site", "cross-site".to_owned())],
            vec![("sec-fetch-site", "same-site".to_owned())],
        ] {
            let status = send(format!("{path}{page}"), visitor.cookie.clone(), headers.clone());
            assert_eq!(status.await, 403, "{page} {headers:?}");
        }
        let null = vec![("origin", "null".to_owned())];
        let status = send(format!("{path}{page}"), String::new(), null).await;
        assert_eq!(status, 403, "{page}: a cookie of this share proves where the form comes from");
    }
    assert_eq!(clients(&app, &admin).await, [""; 0]);
    // Browsers send this for forms of pages without a referrer, over plain HTTP.
    let consent = format!("{path}/consent");
    let null = vec![("origin", "null".to_owned())];
    assert_eq!(send(consent.clone(), visitor.cookie.clone(), null.clone()).await, 303);
    assert_eq!(send("/login".to_owned(), visitor.cookie.clone(), null).await, 403);
    app.stop_and_remove().await;
}
