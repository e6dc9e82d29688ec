//! A story branches off another one, and both go their own way.

use calliope::domain::ScopeName;
use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::erasure::{erase, mentions};
use crate::identity::{token, with_token};
use crate::on_both;
use crate::pages::{Browser, told};
use crate::support::clock::ManualClock;
use crate::support::{TestApp, TestDatabase, TestOptions, photo, send_json};

on_both! {
    a_branch_begins_with_the_frames_and_goes_on_by_itself;
    a_picture_is_removed_with_its_last_use;
    two_stories_that_are_removed_at_once_leave_nothing;
    a_branch_keeps_its_frames_whatever_becomes_of_the_story;
    an_erased_client_is_gone_from_branches_of_others;
    a_private_story_is_branched_by_its_own_client_alone;
    a_reader_continues_from_any_frame_in_their_own_browser;
}

/// Branches a story for a client, and returns the new story.
async fn branch(app: &TestApp, story: &str, after: i32, client_id: &str) -> Value {
    let path = format!("/v2/stories/{story}/branch?client_id={client_id}");
    let (status, made) = app.call("POST", &path, json!({"after": after})).await;
    assert_eq!(status, 201, "{made}");
    made
}

fn id(story: &Value) -> &str {
    story["story_id"].as_str().expect("an id")
}

async fn frames(app: &TestApp, story: &str) -> Vec<Value> {
    let list = app.json(&format!("/v2/stories/{story}/frames?limit=100")).await;
    list["items"].as_array().expect("frames").clone()
}

fn texts(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["text"].as_str().unwrap_or("").trim()).collect()
}

async fn status_of(app: &TestApp, media: &Value) -> StatusCode {
    app.get(media.as_str().expect("a URL")).send().await.expect("an answer").status()
}

async fn a_branch_begins_with_the_frames_and_goes_on_by_itself(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (slug, first) = told(&app, "kitchen", "A lamp.|A moth comes.|It rains.").await;
    let path = format!("/v2/stories/{first}/branch?client_id=garden");
    let send = || {
        let post = app.client.post(app.address(&path)).header("idempotency-key", "once");
        post.json(&json!({"after": 1, "title": "Another rain"})).send()
    };
    let answer = send().await.expect("an answer");
    let location = answer.headers()["location"].to_str().expect("text").to_owned();
    assert_eq!(answer.status(), 201);
    let made: Value = answer.json().await.expect("JSON");
    assert_eq!(location, format!("/v2/stories/{}", id(&made)));
    assert_eq!(made["branched_from"], json!({"story_id": first, "slug": slug, "number": 1}));
    for (name, value) in [
        ("title", json!("Another rain")),
        ("slug", json!("another-rain")),
        ("story_frame_count", json!(2)),
        ("created_for_sparrow_id", json!("garden")),
        ("is_read_only", json!(false)),
        ("frames", json!([])),
    ] {
        assert_eq!(made[name], value, "{made}");
    }
    let again = send().await.expect("an answer");
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(id(&again.json::<Value>().await.expect("JSON")), id(&made));

    let (old, new) = (frames(&app, &first).await, frames(&app, id(&made)).await);
    assert_eq!(texts(&new), ["A lamp.", "A moth comes."]);
    assert_eq!(new[0]["image"], old[0]["image"], "the picture is shared, not copied");
    // It is the current story of its client, and goes on from its second frame.
    let more = json!({"client_id": "garden", "strategy": "literal", "input_text": "The sun."});
    let more = app.create_frame(more).await;
    assert_eq!((id(&more), &more["story_frame_count"]), (id(&made), &json!(3)));
    assert_eq!(texts(&frames(&app, id(&made)).await), ["A lamp.", "A moth comes.", "The sun."]);
    assert_eq!(texts(&frames(&app, &first).await), ["A lamp.", "A moth comes.", "It rains."]);
    // A moment is found once, where it was told.
    let found = app.json("/v2/search?query=moth&mode=lexical").await;
    let found = found["results"].as_array().expect("results").clone();
    assert!(!found.is_empty() && found.iter().all(|hit| hit["story_id"] == json!(first)));
    let untitled = branch(&app, &first, 0, "attic").await;
    assert_eq!((&untitled["title"], &untitled["slug"]), (&json!("A lamp."), &json!("a-lamp-1")));

    for (body, field) in [
        (json!({"after": 3}), "after"),
        (json!({"after": -1}), "after"),
        (json!({}), "after"),
        (json!({"after": 0, "title": " "}), "title"),
        (json!({"after": 0, "number": 1}), "number"),
    ] {
        let (status, problem) = app.call("POST", &path, body).await;
        assert_eq!(status, 422, "{problem}");
        assert!(problem["detail"].as_str().expect("text").contains(field), "{problem}");
    }
    let nobodys = format!("/v2/stories/{first}/branch");
    let (status, _) = app.call("POST", &nobodys, json!({"after": 0})).await;
    assert_eq!(status, 422, "whose story would it be?");
    let unknown = "/v2/stories/0197f2c4-5b1e-7c3a-9d1e-000000000000/branch?client_id=garden";
    assert_eq!(app.call("POST", unknown, json!({"after": 0})).await.0, 404);
    app.stop_and_remove().await;
}

async fn a_picture_is_removed_with_its_last_use(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (_, first) = told(&app, "kitchen", "A lamp.|A moth comes.").await;
    let second = branch(&app, &first, 1, "garden").await;
    let third = branch(&app, id(&second), 0, "garden").await;
    assert_eq!(third["branched_from"]["story_id"], second["story_id"]);
    let pictures = frames(&app, &first).await;
    let [lamp, moth] = [0, 1].map(|number: usize| pictures[number]["image"]["url"].clone());
    // A new picture in one story leaves the others theirs.
    let path = format!("/v2/stories/{}/frames/0/illustrate?client_id=garden", id(&second));
    assert_eq!(app.call("POST", &path, Value::Null).await.0, 202);
    app.wait_until_idle().await;
    let redrawn = frames(&app, id(&second)).await[0]["image"]["url"].clone();
    assert_ne!(redrawn, lamp);
    assert_eq!(frames(&app, id(&third)).await[0]["image"]["url"], lamp);
    assert_eq!(status_of(&app, &lamp).await, 200);
    // So does the removal of a frame, and of a story.
    let path = format!("/v2/stories/{}/frames/1?client_id=garden", id(&second));
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    app.wait_until_idle().await;
    assert_eq!(status_of(&app, &moth).await, 200);
    for (story, client, lamp_is_there) in [
        (first.as_str(), "kitchen", true),
        (id(&third), "garden", false),
        (id(&second), "garden", false),
    ] {
        let path = format!("/v2/stories/{story}?client_id={client}");
        assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
        app.wait_until_idle().await;
        let expected = if lamp_is_there { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(status_of(&app, &lamp).await, expected, "{story}");
        assert_eq!(status_of(&app, &moth).await, 404, "only the first story had it");
    }
    assert_eq!(app.files("media"), [""; 0], "nothing is left");
    app.stop_and_remove().await;
}

async fn two_stories_that_are_removed_at_once_leave_nothing(database: TestDatabase) {
    let app = TestApp::start(database).await;
    for _ in 0..4 {
        let (_, first) = told(&app, "kitchen", "A lamp.").await;
        let second = branch(&app, &first, 0, "garden").await;
        let paths = [
            format!("/v2/stories/{first}?client_id=kitchen"),
            format!("/v2/stories/{}?client_id=garden", id(&second)),
        ];
        let [one, other] = &paths;
        let (one, other) = tokio::join!(
            app.call("DELETE", one, Value::Null),
            app.call("DELETE", other, Value::Null)
        );
        assert_eq!((one.0, other.0), (204, 204), "{one:?} {other:?}");
        app.wait_until_idle().await;
        assert_eq!(app.files("media"), [""; 0], "the later of the two removed the shared picture");
    }
    app.stop_and_remove().await;
}

async fn a_branch_keeps_its_frames_whatever_becomes_of_the_story(database: TestDatabase) {
    let clock = ManualClock::new();
    let options = TestOptions { clock: clock.clone(), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let (_, first) = told(&app, "kitchen", "A lamp.|A moth comes.").await;
    clock.advance(TimeDelta::days(3));
    let made = branch(&app, &first, 0, "garden").await;
    let pictures = frames(&app, &first).await;
    let [lamp, moth] = [0, 1].map(|number: usize| pictures[number]["image"]["url"].clone());
    let rule = json!({"older_than": "1d", "keep": "none"});
    let (status, ordered) = app.call("POST", "/admin/api/media/cleanup", rule).await;
    assert_eq!(status, 202, "{ordered}");
    app.wait_until_idle().await;
    assert_eq!(frames(&app, &first).await[0]["image"], Value::Null, "the old story lost its media");
    assert_eq!(status_of(&app, &moth).await, 404);
    assert_eq!(status_of(&app, &lamp).await, 200, "the branch shows it");
    let path = format!("/v2/stories/{first}?client_id=kitchen");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    app.wait_until_idle().await;
    let read = app.json(&format!("/v2/stories/{}", id(&made))).await;
    assert_eq!(read["branched_from"], Value::Null);
    assert_eq!(read["frames"][0]["text"], "A lamp.\n");
    assert_eq!(status_of(&app, &lamp).await, 200);
    // Its first frames can be undone like any others.
    let path = format!("/v2/stories/{}/frames/0?client_id=garden", id(&made));
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    app.wait_until_idle().await;
    assert_eq!(status_of(&app, &lamp).await, 404);
    let more = json!({"client_id": "garden", "strategy": "literal", "input_text": "The sun."});
    assert_eq!(app.create_frame(more).await["story_frame_count"], 1);
    app.stop_and_remove().await;
}

async fn an_erased_client_is_gone_from_branches_of_others(database: TestDatabase) {
    const NEMO: &str = "nemo-4d1f77";
    const WORD: &str = "zanzibarine";
    let app = TestApp::start(database).await;
    let text = format!("The {WORD} lamp.");
    let first = json!({"client_id": NEMO, "input_image": photo(), "input_text": text,
        "strategy": "show-this-frame"});
    let first = app.create_frame(first).await;
    let photograph = first["frames"][0]["source_image"]["url"].clone();
    let second = branch(&app, id(&first), 0, "garden").await;
    let sun = json!({"client_id": "garden", "story_id": second["story_id"], "input_image": photo(),
        "input_text": "The sun."});
    let sun = app.create_frame(sun).await;
    let own = sun["frames"][0]["source_image"]["url"].clone();
    let third = branch(&app, id(&second), 1, "attic").await;
    app.wait_until_idle().await;
    let seen = app.json("/v2/clients/garden/export").await;
    let copy = &seen["stories"][0]["frames"][0];
    assert_eq!((&copy["seen"], &copy["heard"]), (&Value::Null, &Value::Null), "not for others");
    assert!(!copy["metadata"].to_string().contains("parameters"), "{copy}");

    assert_eq!(erase(&app, NEMO).await["status"], "completed");
    app.wait_until_idle().await;
    assert_eq!(mentions(&app, NEMO).await, [""; 0]);
    assert_eq!(mentions(&app, WORD).await, [""; 0]);
    assert_eq!(status_of(&app, &photograph).await, 404, "the photograph is gone everywhere");
    assert_eq!(status_of(&app, &own).await, 200, "what was told for others is theirs");
    for story in [&second, &third] {
        let read = app.json(&format!("/v2/stories/{}", id(story))).await;
        assert_eq!(texts(read["frames"].as_array().expect("frames")), ["", "The sun."]);
        assert_eq!(read["frames"][0]["image"], Value::Null);
        assert_eq!(read["title"], "The sun.");
        let page = format!("/s/{}/1", read["slug"].as_str().expect("a slug"));
        let page = Browser::new(&app).open(&page).await;
        assert!(page.status == 200 && page.text.contains("is erased"), "{}", page.text);
    }
    let more = json!({"client_id": "garden", "story_id": second["story_id"], "input_text": "Rain.",
        "input_image": photo()});
    assert_eq!(app.create_frame(more).await["story_frame_count"], 3);
    // An erased client leaves its own branches no more than anything else.
    assert_eq!(erase(&app, "garden").await["status"], "completed");
    app.wait_until_idle().await;
    assert_eq!(status_of(&app, &own).await, 404);
    let read = app.json(&format!("/v2/stories/{}", id(&third))).await;
    assert_eq!(texts(read["frames"].as_array().expect("frames")), ["", ""]);
    app.stop_and_remove().await;
}

async fn a_private_story_is_branched_by_its_own_client_alone(database: TestDatabase) {
    const KEY: &str = "a-shared-key-1234";
    let options = TestOptions { api_key: Some(KEY), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let body = json!({"client_id": "bedroom", "strategy": "literal", "input_text": "A lamp."});
    let (_, story) = send_json(app.post_frame(&body).header("x-api-key", KEY)).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let private = json!({"client_id": "bedroom", "is_private": true});
    let made = with_token(&app, &admin, "POST", "/admin/api/sparrow-configs").json(&private);
    assert_eq!(send_json(made).await.0, 201);
    let own = token(&app, ScopeName::Device, Some("bedroom"), None).await;
    let other = token(&app, ScopeName::Device, Some("kitchen"), None).await;
    let path = format!("/v2/stories/{}/branch", id(&story));
    for (token, query, expected) in [
        (&other, "", 404),
        (&other, "?client_id=bedroom", 403),
        (&own, "", 201),
        (&admin, "?client_id=kitchen", 201),
    ] {
        let request = with_token(&app, token, "POST", &format!("{path}{query}"));
        let (status, answer) = send_json(request.json(&json!({"after": 0}))).await;
        assert_eq!(status, expected, "{answer}");
    }
    app.stop_and_remove().await;
}

async fn a_reader_continues_from_any_frame_in_their_own_browser(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (slug, _) = told(&app, "kitchen", "A lamp.|A moth comes.|It rains.").await;
    let mut browser = Browser::new(&app);
    let form = format!("/s/{slug}/2/branch");
    let page = browser.open(&format!("/s/{slug}/2")).await;
    assert!(page.text.contains(&format!("action=\"{form}\"")), "{}", page.text);
    assert_eq!(browser.open(&form).await.location, format!("/s/{slug}/2"));
    for _ in 0..2 {
        let sent = browser.submit(&form, &[]).await;
        assert_eq!((sent.status, &*sent.location), (303, "/"), "{}", sent.text);
    }
    let home = browser.open("/").await.text;
    assert!(home.contains("A moth comes.") && home.contains("Go on"), "{home}");
    let sent = browser.submit("/", &[("words", "The sun."), ("storyteller", "literal")]).await;
    assert_eq!(sent.status, 303);
    app.wait_until_idle().await;
    let stories = app.json("/admin/api/stories?limit=100").await;
    assert_eq!(stories["items"].as_array().map(Vec::len), Some(2), "pressed twice, branched once");
    let page = browser.open(&format!("/s/{slug}-1/3")).await;
    assert!(page.text.contains("The sun."), "{}", page.text);
    assert!(page.text.contains(&format!("href=\"/s/{slug}/2\"")), "where it comes from");
    for missing in [format!("/s/{slug}/4/branch"), "/s/none/1/branch".to_owned()] {
        assert_eq!(browser.submit(&missing, &[]).await.status, 404, "{missing}");
    }
    app.stop_and_remove().await;
}
