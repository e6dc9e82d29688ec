//! Walls: what they show of Sparrows and flocks, when they are black, and who may see them. Also the small pictures of
//! pages.

use std::sync::Arc;

use calliope::domain::{Clock, ScopeName};
use calliope::settings::PageSettings;
use chrono::TimeDelta;
use reqwest::header::COOKIE;
use serde_json::json;

use crate::identity::{create_user, session, token};
use crate::on_both;
use crate::pages::{Browser, told};
use crate::support::clock::ManualClock;
use crate::support::sse::SseStream;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

on_both! {
    a_wall_shows_the_newest_frames_of_a_sparrow_and_hears_of_more;
    the_wall_of_a_flock_shows_its_members_and_no_private_sparrow;
    a_wall_is_black_while_its_sparrow_or_flock_sleeps;
    a_wall_is_for_those_who_may_read;
    the_service_worker_of_walls_may_do_no_more_than_a_page;
    small_pictures_come_in_a_few_widths_and_are_made_once;
    each_storyteller_has_a_picture;
}

/// Returns the texts of a wall, in the order of the page.
async fn words(browser: &mut Browser<'_>, path: &str) -> Vec<String> {
    let page = browser.open(path).await;
    assert_eq!(page.status, 200, "{path}: {}", page.text);
    let frames = page.text.split("<article").skip(1);
    let first_words = |frame: &str| {
        let words = frame.split("<p dir=\"auto\">").nth(1).expect("words");
        words.split('<').next().unwrap_or_default().to_owned()
    };
    frames.map(first_words).collect()
}

async fn configure(app: &TestApp, resource: &str, body: serde_json::Value) {
    let (status, made) = app.call("POST", &format!("/admin/api/{resource}"), body).await;
    assert_eq!(status, 201, "{made}");
}

async fn a_wall_shows_the_newest_frames_of_a_sparrow_and_hears_of_more(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let mut browser = Browser::new(&app);
    let empty = browser.open("/wall/kitchen").await;
    assert_eq!(empty.status, 200);
    assert!(empty.text.contains("Nothing has been told for “kitchen” yet."), "{}", empty.text);
    assert!(empty.text.contains("http-equiv=\"refresh\""), "without a script it is loaded again");
    let mut stream = SseStream::open(app.get("/wall/kitchen/events")).await;
    let (slug, id) = told(&app, "kitchen", "A lamp.|A second lamp.").await;
    stream.read_until(|event| event.event == "frame" && event.data["number"] == 1).await;
    told(&app, "attic", "A spider.").await;
    assert_eq!(words(&mut browser, "/wall/kitchen").await, ["A second lamp.", "A lamp."]);
    let page = browser.open("/wall/kitchen").await.text;
    assert!(page.contains("class=\"wall-picture\" src=\"/media/"), "{page}");
    assert!(!page.contains("data-kept"), "nobody has kept a frame: {page}");
    // A frame that anybody keeps comes round on the wall, even if newer ones fill it.
    let keep = json!({"story_id": id, "frame_number": 0});
    for reader in ["attic", "cellar"] {
        let path = format!("/v1/bookmarks/frame?client_id={reader}");
        assert_eq!(app.call("POST", &path, keep.clone()).await.0, 200);
    }
    let many = (0..12).map(|number| format!("Frame {number}.")).collect::<Vec<_>>().join("|");
    told(&app, "kitchen", &many).await;
    let shown = words(&mut browser, "/wall/kitchen").await;
    assert_eq!(shown.len(), 13, "{shown:?}");
    assert_eq!((&*shown[0], &*shown[12]), ("Frame 11.", "A lamp."));
    let page = browser.open("/wall/kitchen").await.text;
    assert_eq!(page.matches(" data-kept").count(), 1, "{page}");
    assert_eq!(page.matches(" data-new").count(), 12, "{page}");
    // The code leads to the story.
    let code = browser.open(&format!("/s/{slug}/qr.svg")).await;
    assert_eq!(code.headers["content-type"], "image/svg+xml");
    let expected = calliope_web::qr_svg(&format!("{}/s/{slug}", app.url));
    let path = expected.rsplit("d=\"").next().expect("a path");
    assert!(code.text.ends_with(path) && code.text.contains("xmlns="), "{}", code.text);
    assert_eq!(browser.open("/s/none/qr.svg").await.status, 404);
    app.stop_and_remove().await;
}

async fn the_wall_of_a_flock_shows_its_members_and_no_private_sparrow(database: TestDatabase) {
    let app = TestApp::start(database).await;
    configure(&app, "flock-configs", json!({"flock_id": "museum"})).await;
    configure(&app, "flock-configs", json!({"flock_id": "hall", "parent_flock_id": "museum"}))
        .await;
    for (client_id, flock, is_private) in
        [("door", "museum", false), ("lift", "hall", false), ("safe", "hall", true)]
    {
        let sparrow =
            json!({"client_id": client_id, "parent_flock_id": flock, "is_private": is_private});
        configure(&app, "sparrow-configs", sparrow).await;
    }
    let mut browser = Browser::new(&app);
    assert_eq!(words(&mut browser, "/wall/museum").await, [""; 0]);
    let mut museum = SseStream::open(app.get("/wall/museum/events")).await;
    let mut everyone = SseStream::open(app.get("/wall/default/events")).await;
    told(&app, "safe", "A secret.").await;
    told(&app, "street", "A car.").await;
    told(&app, "door", "A guest.").await;
    told(&app, "lift", "A button.").await;
    let story = |event: crate::support::sse::SseEvent| event.data["story_id"].clone();
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let event = museum.next().await.expect("an event");
        assert_ne!(event.event, "task");
        if event.event == "frame" {
            heard.push(story(event));
        }
    }
    let first = everyone.next().await.expect("an event");
    assert!(!heard.contains(&story(first)), "the car is in no museum");
    assert_eq!(words(&mut browser, "/wall/museum").await, ["A button.", "A guest."]);
    assert_eq!(words(&mut browser, "/wall/hall").await, ["A button."]);
    assert_eq!(words(&mut browser, "/wall/default").await, ["A button.", "A guest.", "A car."]);
    // A Sparrow that becomes private leaves the wall at once.
    let path = "/admin/api/sparrow-configs/lift";
    assert_eq!(app.call("PATCH", path, json!({"is_private": true})).await.0, 200);
    assert_eq!(words(&mut browser, "/wall/museum").await, ["A guest."]);
    app.stop_and_remove().await;
}

async fn a_wall_is_black_while_its_sparrow_or_flock_sleeps(database: TestDatabase) {
    let clock = ManualClock::new();
    let options =
        TestOptions { clock: Arc::clone(&clock) as Arc<dyn Clock>, ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    told(&app, "door", "A guest.").await;
    // The clock shows noon.
    let night = json!({"weekly": [{"from": "13:00", "until": "14:00", "sleep": true}]});
    let museum = json!({"flock_id": "museum", "schedule": night});
    configure(&app, "flock-configs", museum).await;
    configure(&app, "flock-configs", json!({"flock_id": "hall", "parent_flock_id": "museum"}))
        .await;
    configure(&app, "sparrow-configs", json!({"client_id": "door", "parent_flock_id": "hall"}))
        .await;
    let steps = json!({"steps": [{"sleep": true}]});
    configure(&app, "flock-configs", json!({"flock_id": "steps", "schedule": steps})).await;
    let mut browser = Browser::new(&app);
    for (is_dark, changes) in [(false, 3600), (true, 3600), (false, 23 * 3600)] {
        for wall in ["museum", "hall", "door"] {
            let page = browser.open(&format!("/wall/{wall}")).await.text;
            assert_eq!(page.contains("<calliope-wall class=\"dark\""), is_dark, "{wall}: {page}");
            assert!(page.contains(&format!("data-changes=\"{changes}\"")), "{wall}: {page}");
        }
        let page = browser.open("/wall/steps").await.text;
        assert!(!page.contains("class=\"dark\""), "the steps of members darken no flock: {page}");
        clock.advance(TimeDelta::hours(1));
    }
    app.stop_and_remove().await;
}

async fn a_wall_is_for_those_who_may_read(database: TestDatabase) {
    const KEY: &str = "a-shared-key-1234";
    let start = |database, public_reading| {
        let pages = PageSettings { public_reading, ..PageSettings::default() };
        let options = TestOptions { api_key: Some(KEY), pages, ..TestOptions::default() };
        TestApp::start_with(database, options)
    };
    let app = start(database, false).await;
    let mut stranger = Browser::new(&app);
    for path in ["/wall/kitchen", "/wall/kitchen/events", "/storytellers/fern", "/s/a/qr.svg"] {
        let page = stranger.open(path).await;
        assert_eq!(page.status, 303, "{path}");
        assert!(page.location.starts_with("/login?next="), "{path}: {}", page.location);
        assert_eq!(app.get(path).send().await.expect("an answer").status(), 401, "{path}");
    }
    let app = start(app.stop().await, true).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    create_user(&app, &admin, "anna", "correct horse battery").await;
    let private = crate::identity::with_token(&app, &admin, "POST", "/admin/api/sparrow-configs");
    let private = private.json(&json!({"client_id": "bedroom", "is_private": true}));
    assert_eq!(send_json(private).await.0, 201);
    let own = token(&app, ScopeName::Device, Some("bedroom"), None).await;
    let other = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    for (cookie, is_shown) in [
        (String::new(), false),
        (format!("calliope_browser={other}"), false),
        (format!("calliope_browser={own}"), true),
        (session(&app, "anna", "correct horse battery").await, true),
    ] {
        let mut browser = Browser::new(&app);
        browser.cookie = cookie;
        let expected = if is_shown { 200 } else { 404 };
        assert_eq!(browser.open("/wall/bedroom").await.status, expected);
        let events = app.get("/wall/bedroom/events").header(COOKIE, &browser.cookie);
        assert_eq!(events.send().await.expect("an answer").status().as_u16(), expected);
        assert_eq!(browser.open("/wall/kitchen").await.status, 200);
        assert_eq!(browser.open("/wall/a%00b").await.status, 404);
        let everybody = browser.open("/wall/default").await.status;
        assert_eq!(everybody, if browser.cookie.is_empty() { 303 } else { 200 });
    }
    app.stop_and_remove().await;
}

async fn the_service_worker_of_walls_may_do_no_more_than_a_page(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let mut browser = Browser::new(&app);
    let worker = browser.open("/wall/sw.js").await;
    assert_eq!(worker.status, 200);
    assert_eq!(worker.headers["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(worker.headers["cache-control"], "public, no-cache");
    let policy = worker.headers["content-security-policy"].to_str().expect("text");
    assert!(policy.contains("connect-src 'self';") && !policy.contains("unsafe"), "{policy}");
    assert!(worker.text.contains("addEventListener(\"fetch\""), "{}", worker.text);
    let page = browser.open("/wall/a b/ü%2F").await;
    assert_eq!(page.status, 404, "a name is one segment");
    let page = browser.open("/wall/a%20b%2F%3Cc%3E").await.text;
    assert!(page.contains("data-events=\"/wall/a%20b%2F%3Cc%3E/events\""), "{page}");
    app.stop_and_remove().await;
}

async fn small_pictures_come_in_a_few_widths_and_are_made_once(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (_, id) = told(&app, "kitchen", "A lamp.").await;
    let story = app.json(&format!("/v2/stories/{id}")).await;
    let original = story["frames"][0]["source_image"]["url"].as_str().expect("a URL").to_owned();
    let fetch = |address: String| {
        let sent = app.get(&address).send();
        async move {
            let answer = sent.await.expect("an answer");
            let kind = answer.headers().get("content-type").cloned();
            let kind = kind.map(|kind| kind.to_str().expect("text").to_owned());
            let status = answer.status().as_u16();
            (status, kind.unwrap_or_default(), answer.bytes().await.expect("a body"))
        }
    };
    let (_, _, whole) = fetch(original.clone()).await;
    assert_eq!(image_size(&whole), (512, 512));
    for width in [160_u32, 320] {
        let address = format!("{original}?width={width}");
        let asked = [address.clone(), address.clone(), address.clone()].map(fetch);
        let [first, second, third] = asked;
        let (first, second, third) = tokio::join!(first, second, third);
        assert_eq!((first.0, &*first.1), (200, "image/jpeg"));
        let size = image_size(&first.2);
        assert_eq!(size, (width, width), "the picture is a square");
        assert!(first.2.len() * 4 < whole.len(), "{} of {}", first.2.len(), whole.len());
        assert_eq!((&first.2, &first.2), (&second.2, &third.2));
    }
    let count = std::fs::read_dir(app.database.folder.path().join("media")).expect("a folder");
    let jpegs = count.filter(|entry| {
        let name = entry.as_ref().expect("an entry").file_name();
        name.to_string_lossy().ends_with(".jpg") || name.to_string_lossy().ends_with(".jpeg")
    });
    assert_eq!(jpegs.count(), 2, "each is stored once");
    assert_eq!(fetch(format!("{original}?width=640")).await.2, whole, "no picture is enlarged");
    for wrong in ["1", "161", "1024", "0", "-160", "160.0", "", "x"] {
        let (status, problem) = send_json(app.get(&format!("{original}?width={wrong}"))).await;
        assert_eq!(status, 422, "{wrong}: {problem}");
        assert!(problem["detail"].as_str().expect("text").contains("160, 320, 640"), "{problem}");
    }
    // What is no illustration is sent as it is: a small picture, and a file that somebody uploaded.
    let small = format!("{original}?width=160");
    let key = app.get(&small).send().await.expect("an answer");
    assert!(key.headers().contains_key("etag"));
    let upload = app.client.put(app.address("/media/note.png")).header("content-type", "image/png");
    let upload = upload.body(whole.clone()).send().await.expect("an answer");
    assert_eq!(upload.status(), 201);
    assert_eq!(fetch("/media/note.png?width=160".to_owned()).await.2, whole);
    assert_eq!(fetch("/media/none.png?width=160".to_owned()).await.0, 404);
    // A deleted story takes its small pictures with it.
    let gone = app.call("DELETE", &format!("/v2/stories/{id}?client_id=kitchen"), json!({})).await;
    assert!(gone.0 < 300, "{gone:?}");
    app.wait_until_idle().await;
    assert_eq!(fetch(small).await.0, 404);
    app.stop_and_remove().await;
}

/// Returns width and height of a JPEG.
fn image_size(bytes: &[u8]) -> (u32, u32) {
    let pixels = calliope::imaging::decode(bytes).expect("a picture");
    (pixels.width(), pixels.height())
}

async fn each_storyteller_has_a_picture(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let mut browser = Browser::new(&app);
    let page = browser.open("/").await.text;
    let strategies = app.json("/v1/config/strategy/?client_id=").await;
    let mut pictures = Vec::new();
    for strategy in strategies.as_array().expect("a list") {
        let address = format!("/storytellers/{}", strategy["slug"].as_str().expect("text"));
        assert!(page.contains(&format!("src=\"{address}\"")), "{address}: {page}");
        let picture = app.get(&address).send().await.expect("an answer");
        assert_eq!(picture.headers()["content-type"], "image/jpeg", "{address}");
        let bytes = picture.bytes().await.expect("a body");
        assert!(image_size(&bytes) == (240, 240) && bytes.len() < 40_000, "{}", bytes.len());
        assert!(!pictures.contains(&bytes), "{address} looks like another");
        pictures.push(bytes);
    }
    assert!(pictures.len() >= 8, "{}", pictures.len());
    assert_eq!(browser.open("/storytellers/none").await.status, 404);
    app.stop_and_remove().await;
}
