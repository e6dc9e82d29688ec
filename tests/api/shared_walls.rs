//! Walls that are shared by link.

use calliope::domain::ScopeName;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::identity::{start, token, with_token};
use crate::on_both;
use crate::pages::Browser;
use crate::shares::{KEY, gone, header, link, make_private, revoke, share, tell};
use crate::support::sse::SseStream;
use crate::support::{TestApp, TestDatabase, send_json};

on_both! {
    a_wall_that_is_shared_is_the_wall;
    a_shared_wall_hears_of_frames_until_the_share_ends;
    a_shared_wall_is_of_what_was_shared_alone;
}

async fn configure(app: &TestApp, admin: &str, kind: &str, body: Value) {
    let request = with_token(app, admin, "POST", &format!("/admin/api/{kind}"));
    let (status, made) = send_json(request.json(&body)).await;
    assert_eq!(status, 201, "{made}");
}

/// Returns the texts of a wall, in the order of the page.
fn words(page: &str) -> Vec<&str> {
    let frames = page.split("<article").skip(1);
    let first =
        frames.filter_map(|frame| frame.split("<p dir=\"auto\">").nth(1)?.split('<').next());
    first.collect()
}

/// Returns the values of an attribute in a page.
fn values<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let parts = page.split(&format!(" {name}=\"")).skip(1).collect::<Vec<_>>();
    parts.into_iter().filter_map(|rest| rest.split('"').next()).collect()
}

/// Configures a flock with two Sparrows.
async fn furnish_house(app: &TestApp, admin: &str) {
    configure(app, admin, "flock-configs", json!({"flock_id": "house"})).await;
    for client_id in ["kitchen", "hall"] {
        let body = json!({"client_id": client_id, "parent_flock_id": "house"});
        configure(app, admin, "sparrow-configs", body).await;
    }
}

async fn a_wall_that_is_shared_is_the_wall(database: TestDatabase) {
    let (app, clock) = start(database).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let own = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    furnish_house(&app, &admin).await;
    let wall = link(&app, &own, json!({"kind": "wall"})).await;
    let house = link(&app, &admin, json!({"kind": "wall", "flock_id": "house"})).await;
    let all = link(&app, &admin, json!({"kind": "wall", "flock_id": "default"})).await;
    let mut browser = Browser::new(&app);
    let empty = browser.open(&wall).await;
    assert!(empty.status == 200 && empty.text.contains("Nothing has been told here"));
    let (slug, _) = tell(&app, "kitchen", "A lamp.|A second lamp.").await;
    let shown = browser.open(&wall).await;
    assert_eq!(words(&shown.text), ["A second lamp.", "A lamp."]);
    for mark in [
        "<calliope-wall",
        "data-shared",
        "name=\"robots\" content=\"noindex\"",
        "http-equiv=\"refresh\"",
    ] {
        assert!(shown.text.contains(mark), "{mark}: {}", shown.text);
    }
    assert!(shown.text.contains(&format!("data-events=\"{wall}/events\"")), "{}", shown.text);
    // Neither a worker that keeps it nor what leads beyond the share.
    for other in ["data-worker", "qr.svg", &slug, "kitchen"] {
        assert!(!shown.text.contains(other), "{other}: {}", shown.text);
    }
    let headers = ["referrer-policy", "cache-control"].map(|name| header(&shown, name));
    assert_eq!(headers, ["no-referrer", "no-store"]);
    // A page that is read again has the same frames by the same addresses, which load their pictures.
    let pictures = values(&shown.text, "src");
    assert!(pictures.iter().any(|src| src.starts_with("/media/signed/")), "{pictures:?}");
    clock.advance(TimeDelta::seconds(30));
    let again = browser.open(&wall).await.text;
    assert_eq!(values(&again, "data-key"), values(&shown.text, "data-key"));
    assert_eq!(values(&again, "src"), pictures);
    clock.advance(TimeDelta::minutes(59));
    let picture = app.get(&pictures[0].replace("&#38;", "&")).send().await.expect("an answer");
    assert_eq!(picture.status(), 200, "for an hour at least");
    clock.advance(TimeDelta::hours(1));
    let later = browser.open(&wall).await.text;
    assert_eq!(values(&later, "data-key"), values(&shown.text, "data-key"));
    assert_ne!(values(&later, "src"), pictures);
    tell(&app, "hall", "A kettle.").await;
    tell(&app, "elsewhere", "A gull.").await;
    let of = async |path: &str| {
        let page = Browser::new(&app).open(path).await.text;
        words(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of(&wall).await, ["A second lamp.", "A lamp."]);
    assert_eq!(of(&house).await, ["A kettle.", "A second lamp.", "A lamp."]);
    assert_eq!(of(&all).await, ["A gull.", "A kettle.", "A second lamp.", "A lamp."]);
    assert!(gone(&browser.open(&format!("{wall}/1")).await), "no story is read by it");
    assert!(gone(&browser.open(&format!("{wall}/book")).await));
    // It sleeps with its flock.
    let night =
        json!({"schedule": {"weekly": [{"from": "00:00", "until": "00:00", "sleep": true}]}});
    let path = "/admin/api/flock-configs/house";
    assert_eq!(send_json(with_token(&app, &admin, "PATCH", path).json(&night)).await.0, 200);
    assert!(browser.open(&house).await.text.contains("<calliope-wall class=\"dark\""));
    assert!(!browser.open(&all).await.text.contains("class=\"dark\""));
    app.stop_and_remove().await;
}

async fn a_shared_wall_hears_of_frames_until_the_share_ends(database: TestDatabase) {
    let (app, clock) = start(database).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    for body in [
        json!({"kind": "wall", "client_id": "kitchen"}),
        json!({"kind": "wall", "flock_id": "default", "expires_in": 60}),
    ] {
        let (status, made) = share(&app, &admin, body).await;
        assert_eq!(status, 201, "{made}");
        let path = made["url"].as_str().expect("a link").replace(&app.url, "");
        let mut stream = SseStream::open(app.get(&format!("{path}/events"))).await;
        tell(&app, "kitchen", "A lamp.").await;
        let heard = stream.read_until(|event| event.event == "frame").await;
        assert!(heard.iter().all(|event| event.event != "task"), "nothing of tasks: {heard:?}");
        if made["expires_at"].as_str().expect("a time").starts_with("2026-11-23T12:01") {
            clock.advance(TimeDelta::seconds(61));
        } else {
            assert_eq!(revoke(&app, &admin, &made["id"]).await, 204);
        }
        while stream.next().await.is_some() {}
        assert!(gone(&Browser::new(&app).open(&path).await));
        let events = app.get(&format!("{path}/events")).send().await.expect("an answer");
        assert_eq!(events.status(), 404);
    }
    app.stop_and_remove().await;
}

async fn a_shared_wall_is_of_what_was_shared_alone(database: TestDatabase) {
    let (app, _) = start(database).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    // A client with the name of a flock shares its own frames, not those of the flock.
    let own = token(&app, ScopeName::Device, Some("museum"), None).await;
    let wall = link(&app, &own, json!({"kind": "wall"})).await;
    configure(&app, &admin, "flock-configs", json!({"flock_id": "museum"})).await;
    let door = json!({"client_id": "door", "parent_flock_id": "museum"});
    configure(&app, &admin, "sparrow-configs", door).await;
    tell(&app, "museum", "An echo.").await;
    tell(&app, "door", "A guest.").await;
    let mut browser = Browser::new(&app);
    assert_eq!(words(&browser.open(&wall).await.text), ["An echo."]);
    let flock = link(&app, &admin, json!({"kind": "wall", "flock_id": "museum"})).await;
    assert_eq!(words(&browser.open(&flock).await.text), ["A guest."]);
    make_private(&app, &admin, "museum").await;
    assert!(gone(&browser.open(&wall).await), "its Sparrow has become private");
    let asked = app.get(&format!("{wall}/events")).send().await.expect("an answer");
    assert_eq!(asked.status(), 404);
    let body = json!({"kind": "wall", "is_private_ok": true});
    let wanted = link(&app, &own, body).await;
    assert_eq!(words(&browser.open(&wanted).await.text), ["An echo."]);
    // The link is no key to the wall itself.
    let secret = wall.trim_start_matches("/x/");
    let direct = app.get("/wall/museum").header("x-api-key", secret);
    assert_eq!(direct.send().await.expect("an answer").status(), 401);
    assert_eq!(
        app.get("/wall/museum").header("x-api-key", KEY).send().await.expect("an answer").status(),
        200
    );
    app.stop_and_remove().await;
}
