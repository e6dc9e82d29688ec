//! The first start: the first user is made on a page, by a code that the service prints.

use calliope::app::Identities;
use calliope::compute::Compute;
use calliope::store::Store;
use chrono::TimeDelta;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use std::sync::Arc;

use crate::on_both;
use crate::pages::Browser;
use crate::support::{TestApp, TestDatabase, TestOptions, fixture, pause, send_json, with_timeout};

on_both! {
    the_first_user_is_made_and_the_first_frame_told;
    a_wrong_code_makes_nobody_and_is_throttled;
    a_code_works_once_and_for_one_of_two;
    every_instance_accepts_the_codes_of_those_that_run;
}

const KEY: &str = "a-shared-key-1234";
const PASSWORD: &str = "correct horse battery";

async fn start(database: TestDatabase) -> TestApp {
    let options = TestOptions { api_key: Some(KEY), ..TestOptions::default() };
    TestApp::start_with(database, options).await
}

fn form(code: &str) -> Form {
    let form = Form::new().text("code", code.to_owned()).text("username", "anna");
    form.text("password", PASSWORD).text("place", "38.72,-9.14")
}

async fn submit(browser: &mut Browser<'_>, form: Form) -> crate::pages::Seen {
    browser.submit_files("/setup", form).await
}

async fn the_first_user_is_made_and_the_first_frame_told(database: TestDatabase) {
    let app = start(database).await;
    let code = app.app.identities().prepare_setup().await.expect("made").expect("no user yet");
    let mut browser = Browser::new(&app);
    let page = browser.open(&format!("/setup?code={code}")).await;
    assert!(page.text.contains(&format!("value=\"{code}\"")), "{}", page.text);
    assert!(page.text.contains("built-in storyteller"), "{}", page.text);
    let photo = Part::bytes(fixture("astronaut_640x480.jpg")).file_name("photo.jpg");
    let typed = code.replace('-', " ").to_lowercase().replace(' ', "");
    let done = submit(&mut browser, form(&typed).part("photo", photo)).await;
    assert_eq!((done.status, &*done.location), (303, "/setup/ready"), "{}", done.text);
    let told = async {
        loop {
            let page = browser.open("/setup/ready").await;
            if page.text.contains("The first frame</h1>") {
                break page;
            }
            pause().await;
        }
    };
    let ready = with_timeout(told).await;
    assert!(ready.text.contains("<img src=\"/media/"), "{}", ready.text);
    assert!(browser.open("/login").await.text.contains("You are anna."));
    assert!(browser.open("/library").await.text.contains("class=\"cover\""));
    let cookie = browser.cookie.clone();
    let admin = |path: &str| send_json(app.get(path).header("cookie", cookie.clone()));
    let flock = admin("/admin/api/flock-configs/default").await.1;
    assert_eq!(flock["parameters"]["location"], "38.72,-9.14", "{flock}");
    // A Sparrow is added by its code.
    let (_, begun) = app.call("POST", "/v2/pairing", json!({"client_id": "badge"})).await;
    let device = begun["code"].as_str().expect("a code");
    let wrong = browser.submit("/setup/ready", &[("device_code", "AAAA-AAAA")]).await;
    assert_eq!(wrong.status, 404);
    let approved = browser.submit("/setup/ready", &[("device_code", device)]).await;
    assert!(approved.text.contains("badge may come in"), "{}", approved.text);
    // There is nothing to set up any more.
    for path in ["/setup", &format!("/setup?code={code}")] {
        assert_eq!(Browser::new(&app).open(path).await.location, "/login");
    }
    let again = submit(&mut Browser::new(&app), form(&code)).await;
    assert_eq!(again.location, "/login");
    let stranger = Browser::new(&app).open("/setup/ready").await;
    assert_eq!(stranger.location, "/login?next=%2Fsetup%2Fready");
    assert!(app.app.identities().prepare_setup().await.expect("asked").is_none());
    let audit = admin("/admin/api/audit?resource=users").await.1.to_string();
    assert!(audit.contains("the first start") && !audit.contains("horse"), "{audit}");
    app.stop_and_remove().await;
}

async fn a_wrong_code_makes_nobody_and_is_throttled(database: TestDatabase) {
    let app = start(database).await;
    let mut browser = Browser::new(&app);
    let none = submit(&mut browser, form("AAAA-AAAA")).await;
    assert_eq!(none.status, 401, "no code was printed, so none works");
    let code = app.app.identities().prepare_setup().await.expect("made").expect("no user yet");
    // What is wrong with the name or the password is said before an attempt is counted.
    for (name, value, text) in [
        ("username", "an na", "must be 1-64 letters"),
        ("password", "too short", "has 9 characters"),
    ] {
        let fields = [("code", &*code), ("username", "anna"), ("password", PASSWORD)];
        let fields = fields.map(|(own, kept)| (own, if own == name { value } else { kept }));
        for _ in 0..6 {
            let refused = browser.submit("/setup", &fields).await;
            assert!(refused.status == 422 && refused.text.contains(text), "{}", refused.text);
            assert!(!refused.text.contains(PASSWORD), "the password is not repeated");
        }
    }
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(submit(&mut browser, form("ABCD-2345")).await.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 429]);
    assert_eq!(submit(&mut browser, form(&code)).await.status, 429, "guesses run out");
    assert!(!app.app.identities().has_user().await.expect("asked"));
    assert_eq!(browser.open("/setup").await.status, 200);
    let foreign = app.client.post(app.address("/setup")).header("origin", "https://evil.example");
    assert_eq!(foreign.body("code=x").send().await.expect("an answer").status(), 403);
    app.stop_and_remove().await;
}

async fn a_code_works_once_and_for_one_of_two(database: TestDatabase) {
    let app = start(database).await;
    let first = app.app.identities().prepare_setup().await.expect("made").expect("no user yet");
    let code = app.app.identities().prepare_setup().await.expect("made").expect("no user yet");
    assert_ne!(first, code);
    let old = submit(&mut Browser::new(&app), form(&first)).await;
    assert_eq!(old.status, 401, "a start makes a new code");
    let (mut one, mut other) = (Browser::new(&app), Browser::new(&app));
    let (one, other) = tokio::join!(
        submit(&mut one, form(&code)),
        submit(&mut other, form(&code).text("unused", "x")),
    );
    let mut locations = [one.location, other.location];
    locations.sort();
    assert_eq!(locations, ["/login", "/setup/ready"]);
    app.stop_and_remove().await;
}

async fn every_instance_accepts_the_codes_of_those_that_run(database: TestDatabase) {
    if database.postgres.is_none() {
        // A SQLite file serves one process.
        return database.remove().await;
    }
    let app = start(database).await;
    app.app.identities().prepare_setup().await.expect("made").expect("no user yet");
    let other = async |seen: TimeDelta| {
        let store = Store::connect(&app.database.settings).await.expect("connected");
        let identities = Identities::new(store.clone(), Compute::new(), Arc::clone(&app.clock));
        let code = identities.prepare_setup().await.expect("made").expect("no user yet");
        let now = app.clock.now();
        let mut tx = store.begin().await.expect("begun");
        tx.renew_instance(now - TimeDelta::days(1), now - seen).await.expect("renewed");
        tx.save().await.expect("saved");
        store.close().await;
        code
    };
    let (stopped, running) = (other(TimeDelta::minutes(5)).await, other(TimeDelta::zero()).await);
    let refused = submit(&mut Browser::new(&app), form(&stopped)).await;
    assert_eq!(refused.status, 401, "that instance does not run any more");
    let done = submit(&mut Browser::new(&app), form(&running)).await;
    assert_eq!(done.location, "/setup/ready", "{}", done.text);
    app.stop_and_remove().await;
}
