//! `/v2/stories` and `/v2/tasks`: ordering frames without waiting for them.

use serde_json::{Value, json};

use crate::on_both;
use crate::support::{
    TestApp, TestDatabase, TestOptions, base64, pause, photo, send_json, with_timeout,
};

on_both! {
    a_story_is_begun_without_waiting_and_told_on;
    stories_are_read_in_parts;
    frames_and_tasks_are_read_in_parts;
    only_the_last_frame_is_taken_back;
    a_frame_is_illustrated_anew;
    a_removed_story_leaves_nothing;
    a_story_is_changed_by_its_owner_alone;
}

const KEY: &str = "a-shared-key-1234";

/// Sends an order and waits until its task has ended. Returns the task.
async fn order_and_wait(app: &TestApp, path: &str, body: Value) -> Value {
    let (status, accepted) = app.call("POST", path, body).await;
    assert_eq!(status, 202, "{accepted}");
    let id = accepted["task_id"].as_str().expect("an id");
    let client = path.split_once("client_id=").map_or("s", |(_, id)| id);
    wait_until_ended(app, id, client).await
}

pub async fn wait_until_ended(app: &TestApp, id: &str, client: &str) -> Value {
    let ended = async {
        loop {
            let task = app.json(&format!("/v2/tasks/{id}?client_id={client}")).await;
            if !matches!(task["status"].as_str(), Some("pending" | "running")) {
                return task;
            }
            pause().await;
        }
    };
    with_timeout(ended).await
}

/// Creates a story with this many frames. Returns its id.
async fn create_story(app: &TestApp, client: &str, frames: usize) -> String {
    let texts: Vec<String> = (0..frames).map(|number| format!("Frame {number}.")).collect();
    let body = json!({"strategy": "literal", "extra_parameters": {"input_text": texts.join("|")}});
    let task = order_and_wait(app, &format!("/v2/stories?client_id={client}"), body).await;
    assert_eq!(task["status"], "completed", "{task}");
    task["story_id"].as_str().expect("an id").to_owned()
}

async fn a_story_is_begun_without_waiting_and_told_on(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let snippets = json!([
        {"snippet_type": "image", "content": photo(), "metadata": {"camera": "front"}},
        {"snippet_type": "audio", "content": base64("speech.ogg"), "metadata": {}},
        {"snippet_type": "text", "content": "A crab in a coat."},
        {"snippet_type": "text", "content": "It hums."},
    ]);
    let body = json!({
        "title": "The  Crab\nwho hummed", "strategy": "fern", "snippets": snippets,
        "extra_parameters": {"output_image_format": "rgb565", "output_image_width": 64},
    });
    let request = app.client.post(format!("{}/v2/stories/?client_id=s", app.url)).json(&body);
    let response = request.send().await.expect("an answer");
    assert_eq!(response.status(), 202);
    let location = response.headers()["location"].to_str().expect("text").to_owned();
    let accepted: Value = response.json().await.expect("JSON");
    let id = accepted["task_id"].as_str().expect("an id");
    assert_eq!(location, format!("/v2/tasks/{id}"));
    assert!(accepted["message"].is_string());
    let task = wait_until_ended(&app, id, "s").await;
    assert_eq!((&task["status"], &task["task_type"]), (&json!("completed"), &json!("tell_frame")));
    assert_eq!(task["attempts"], 1);
    assert_eq!(task["result"]["frames"][0]["image"]["format"], "image/rgb565");
    assert_eq!(app.json(&format!("/v2/tasks/status/{id}")).await, task, "its former name");

    let story = accepted["story_id"].as_str().expect("an id");
    let read = app.json(&format!("/v2/stories/{story}/?client_id=s")).await;
    assert_eq!(
        (&read["title"], &read["slug"]),
        (&json!("The Crab who hummed"), &json!("the-crab-who-hummed"))
    );
    assert_eq!(read["status"], json!({"status": "idle", "task_id": id, "error": null}));
    let frame = &read["frames"][0];
    assert_eq!(frame["metadata"]["parameters"]["output_image_width"], 64);
    assert_eq!(read["is_read_only"], false);
    let next = json!({"snippets": [{"snippet_type": "text", "content": "Rain."}]});
    order_and_wait(&app, &format!("/v2/stories/{story}/frames/?client_id=s"), next).await;
    let bare = app.json(&format!("/v2/stories/{story}?include_frames=false")).await;
    assert_eq!((&bare["frames"], &bare["story_frame_count"]), (&json!([]), &json!(2)));
    assert_eq!(bare["is_read_only"], true, "nobody is spoken for");
    assert_eq!(
        app.json("/v1/story?client_id=s").await["story_id"],
        json!(story),
        "it is the current one"
    );
    app.stop_and_remove().await;
}

async fn stories_are_read_in_parts(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.insert(0, create_story(&app, "s", 1).await);
    }
    create_story(&app, "another", 1).await;
    let story_ids = |part: &Value| -> Vec<String> {
        let stories = part["stories"].as_array().expect("a list");
        stories.iter().map(|story| story["story_id"].as_str().expect("an id").to_owned()).collect()
    };
    let first = app.json("/v2/stories/?client_id=s&limit=2").await;
    assert_eq!(story_ids(&first), ids[..2]);
    let pages = &first["pagination"];
    assert_eq!((&pages["total"], &pages["has_more"]), (&json!(3), &json!(true)));
    let cursor = pages["next_cursor"].as_str().expect("a cursor");
    let second = app.json(&format!("/v2/stories?client_id=s&limit=2&cursor={cursor}")).await;
    assert_eq!(story_ids(&second), ids[2..]);
    let expected =
        json!({"total": 3, "limit": 2, "offset": 0, "has_more": false, "next_cursor": null});
    assert_eq!(second["pagination"], expected);
    let passed = app.json("/v2/stories?client_id=s&offset=1").await;
    assert_eq!(story_ids(&passed), ids[1..]);
    assert_eq!(first["stories"][0]["is_current"], true);

    app.stop_and_remove().await;
}

async fn frames_and_tasks_are_read_in_parts(database: TestDatabase) {
    let app = TestApp::start(database).await;
    create_story(&app, "s", 1).await;
    let story = create_story(&app, "s", 5).await;
    let path = format!("/v2/stories/{story}/frames");
    let part = app.json(&format!("{path}/?limit=2")).await;
    let cursor = part["next_cursor"].as_str().expect("a cursor");
    let rest = app.json(&format!("{path}?limit=4&cursor={cursor}")).await;
    let numbers: Vec<&Value> = [&part, &rest]
        .iter()
        .flat_map(|part| part["items"].as_array().expect("a list"))
        .map(|frame| &frame["number"])
        .collect();
    assert_eq!(numbers, [&json!(0), &json!(1), &json!(2), &json!(3), &json!(4)]);
    assert_eq!(rest["next_cursor"], Value::Null);
    let fourth = app.json(&format!("{path}/3/")).await;
    assert_eq!((&fourth["number"], &fourth["text"]), (&json!(3), &json!("Frame 3.\n")));
    for missing in ["5", "-1", "x", "99999999999"] {
        assert_eq!(
            app.call("GET", &format!("{path}/{missing}"), Value::Null).await.0,
            404,
            "{missing}"
        );
    }
    let tasks = app.json(&format!("/v2/tasks?client_id=s&story_id={story}&status=completed")).await;
    assert_eq!(tasks["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        app.json("/v2/tasks?client_id=s&limit=1").await["items"].as_array().map(Vec::len),
        Some(1)
    );
    assert_eq!(app.json("/v2/tasks?client_id=s&status=failed").await["items"], json!([]));
    for refused in [
        "/v2/stories",
        "/v2/stories?client_id=s&limit=0",
        "/v2/stories?client_id=s&offset=-1",
        "/v2/stories?client_id=s&cursor=bWFkZSB1cA",
        "/v2/stories?client_id=s&page=2",
        "/v2/tasks?client_id=s&status=asleep",
        "/v2/tasks?client_id=s&story_id=7",
    ] {
        assert_eq!(app.call("GET", refused, Value::Null).await.0, 422, "{refused}");
    }
    app.stop_and_remove().await;
}

async fn only_the_last_frame_is_taken_back(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let story = create_story(&app, "s", 3).await;
    let path = format!("/v2/stories/{story}/frames");
    let remove = |number: i32| {
        app.call("DELETE", format!("{path}/{number}?client_id=s").leak(), Value::Null)
    };
    assert_eq!(remove(1).await.0, 409);
    assert_eq!(remove(7).await.0, 404);
    assert_eq!(remove(2).await.0, 204);
    let body = json!({"snippets": [{"snippet_type": "text", "content": "Other."}]});
    order_and_wait(&app, &format!("{path}?client_id=s"), body).await;
    let read = app.json(&format!("/v2/stories/{story}")).await;
    assert_eq!(read["story_frame_count"], 3);
    assert_eq!(read["frames"][2]["text"], "Other.\n");
    for number in [2, 1, 0] {
        assert_eq!(remove(number).await.0, 204, "{number}");
    }
    let until_removed = async {
        while !app.files("media").is_empty() {
            pause().await;
        }
    };
    with_timeout(until_removed).await;
    app.stop_and_remove().await;
}

async fn a_frame_is_illustrated_anew(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let body = json!({
        "strategy": "fern", "snippets": [{"snippet_type": "image", "content": photo()}],
        "extra_parameters": {"output_image_format": "grayscale16", "output_image_width": 32, "output_image_height": 32},
    });
    let task = order_and_wait(&app, "/v2/stories?client_id=s", body).await;
    let story = task["story_id"].as_str().expect("an id").to_owned();
    let path = format!("/v2/stories/{story}/frames/0");
    let before = app.json(&path).await;
    let files = app.files("media");
    let task = order_and_wait(&app, &format!("{path}/illustrate/?client_id=s"), Value::Null).await;
    assert_eq!(
        (&task["status"], &task["task_type"]),
        (&json!("completed"), &json!("illustrate_frame"))
    );
    let image = &task["result"]["image"];
    assert_eq!((&image["format"], &image["width"]), (&json!("image/grayscale16"), &json!(32)));
    let after = app.json(&path).await;
    assert_eq!(after["text"], before["text"]);
    assert_ne!(after["image"]["url"], before["image"]["url"]);
    assert_eq!(after["image"], task["result"]["source_image"]);
    let changed = async {
        while app.files("media").iter().any(|file| files.contains(file)) {
            pause().await;
        }
    };
    with_timeout(changed).await;
    assert_eq!(app.files("media").len(), files.len(), "each old file gave way to a new one");
    let listed = app.json("/v2/stories?client_id=s").await;
    let thumbnail = listed["stories"][0]["thumbnail_image"]["url"].as_str().expect("a picture");
    assert_eq!(app.get(&format!("/{thumbnail}")).send().await.expect("an answer").status(), 200);
    assert_eq!(
        app.call(
            "POST",
            &format!("/v2/stories/{story}/frames/1/illustrate?client_id=s"),
            Value::Null
        )
        .await
        .0,
        404
    );
    app.stop_and_remove().await;
}

async fn a_removed_story_leaves_nothing(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let body =
        json!({"strategy": "fern", "snippets": [{"snippet_type": "image", "content": photo()}]});
    let task = order_and_wait(&app, "/v2/stories?client_id=s", body).await;
    let story = task["story_id"].as_str().expect("an id").to_owned();
    let bookmark = json!({"story_id": story, "frame_number": 0, "comments": ""});
    assert_eq!(app.call("POST", "/v1/bookmarks/frame?client_id=s", bookmark).await.0, 200);
    assert_eq!(
        app.call("DELETE", &format!("/v2/stories/{story}/?client_id=s"), Value::Null).await.0,
        204
    );
    let until_removed = async {
        while !app.files("media").is_empty() || !app.files("input").is_empty() {
            pause().await;
        }
    };
    with_timeout(until_removed).await;
    for path in [
        format!("/v2/stories/{story}"),
        format!("/v2/tasks/{}", task["task_id"].as_str().expect("an id")),
    ] {
        assert_eq!(app.call("GET", &path, Value::Null).await.0, 404, "{path}");
    }
    assert_eq!(app.json("/v1/bookmarks/frame?client_id=s").await["bookmarks"], json!([]));
    assert_eq!(app.json("/v2/stories?client_id=s").await["pagination"]["total"], 0);
    let next = app
        .create_frame(json!({"client_id": "s", "strategy": "literal", "input_text": "Anew."}))
        .await;
    assert_ne!(next["story_id"], json!(story));
    app.stop_and_remove().await;
}

async fn a_story_is_changed_by_its_owner_alone(database: TestDatabase) {
    let options = TestOptions { api_key: Some(KEY), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let call = |method: &str, path: String, body: Value| {
        let method = method.parse().expect("a method");
        let request =
            app.client.request(method, format!("{}{path}", app.url)).header("x-api-key", KEY);
        send_json(if body.is_null() { request } else { request.json(&body) })
    };
    let body = json!({"client_id": "s", "strategy": "literal", "input_text": "Told."});
    let (_, told) = call("POST", "/v1/frames".to_owned(), body).await;
    let path = format!("/v2/stories/{}", told["story_id"].as_str().expect("an id"));
    for who in ["", "?client_id=other"] {
        let title = json!({"title": "Mine"});
        assert_eq!(call("PATCH", format!("{path}{who}"), title).await.0, 403, "{who}");
        assert_eq!(call("DELETE", format!("{path}{who}"), Value::Null).await.0, 403, "{who}");
        assert_eq!(
            call("DELETE", format!("{path}/frames/0{who}"), Value::Null).await.0,
            403,
            "{who}"
        );
        let again = format!("{path}/frames/0/illustrate{who}");
        assert_eq!(call("POST", again, Value::Null).await.0, 403, "{who}");
    }
    assert_eq!(call("POST", format!("{path}/frames?client_id=other"), json!({})).await.0, 403);
    assert_eq!(call("POST", format!("{path}/frames"), json!({})).await.0, 422, "for whom?");
    let title = |title: &str| call("PATCH", format!("{path}?client_id=s"), json!({"title": title}));
    let (status, renamed) = title("  Ünder\nthe sea ").await;
    assert_eq!(
        (status, &renamed["title"], &renamed["slug"]),
        (200, &json!("Ünder the sea"), &json!("told"))
    );
    for bad in ["", "  ", "a\0b", &"x".repeat(1001)] {
        assert_eq!(title(bad).await.0, 422, "{bad:?}");
    }
    let (status, problem) =
        call("PATCH", format!("{path}?client_id=s"), json!({"slug": "x"})).await;
    assert_eq!((status, &problem["errors"][0]["loc"]), (422, &json!(["body", "slug"])));
    assert_eq!(call("DELETE", format!("{path}?client_id=s"), Value::Null).await.0, 204);
    assert_eq!(call("GET", path.clone(), Value::Null).await.0, 404);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_used_is_named() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let text = |content: &str| json!({"snippet_type": "text", "content": content});
    let picture = json!({"snippet_type": "image", "content": photo()});
    for (body, field) in [
        (json!({"title": 7}), "title"),
        (json!({"title": "x".repeat(1001)}), "title"),
        (json!({"name": "x"}), "name"),
        (json!({"snippets": "x"}), "snippets"),
        (
            json!({"snippets": [{"snippet_type": "smell", "content": "x"}]}),
            "snippets[0].snippet_type",
        ),
        (json!({"snippets": [{"snippet_type": "text"}]}), "content"),
        (json!({"snippets": [{"snippet_type": "image", "content": "???"}]}), "snippets[0].content"),
        (json!({"snippets": [{"snippet_type": "image", "content": ""}]}), "snippets[0].content"),
        (json!({"snippets": [picture, picture]}), "snippets[1].snippet_type"),
        (json!({"snippets": [text("a\0b")]}), "snippets[0].content"),
        (json!({"snippets": vec![text("x"); 21]}), "snippets"),
        (json!({"snippets": [text(&"x".repeat(20_001))]}), "input_text"),
        (json!({"snippets": [{"snippet_type": "image", "content": "AAAA"}]}), "input_image"),
        (json!({"extra_parameters": {"client_id": "other"}}), "extra_parameters.client_id"),
        (json!({"extra_parameters": {"story_id": "x"}}), "extra_parameters.story_id"),
        (json!({"extra_parameters": {"colour": "red"}}), "extra_parameters.colour"),
        (json!({"extra_parameters": {"output_image_width": 0}}), "output_image_width"),
        (json!({"strategy": "no-such"}), "strategy"),
    ] {
        let (status, problem) = app.call("POST", "/v2/stories?client_id=s", body).await;
        assert_eq!((status, &problem["errors"][0]["loc"][1]), (422, &json!(field)), "{problem}");
    }
    assert_eq!(
        app.json("/v2/stories?client_id=s").await["pagination"]["total"],
        0,
        "nothing is left"
    );
    assert_eq!(app.files("input"), Vec::<String>::new());
    let request = app.client.post(format!("{}/v2/stories?client_id=s", app.url)).body("{");
    assert_eq!(send_json(request).await.0, 400);
    app.stop_and_remove().await;
}
