//! A device's token gives access to the device's own data only. Tested on every route of the contract.

use calliope::app::identity::{AuditContext, CreateTokenRequest};
use calliope::domain::{Principal, ScopeName};
use calliope::http::openapi;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

on_both! {
    another_clients_id_is_refused_on_every_route_and_nothing_changes;
}

const KEY: &str = "a-shared-key-1234";

/// A client with data of every kind.
struct Victim {
    story: String,
    task: String,
    list: String,
    bookmark: String,
}

fn shared(app: &TestApp, method: &str, path: &str) -> reqwest::RequestBuilder {
    let method = method.parse().expect("a method");
    app.client.request(method, format!("{}{path}", app.url)).header("x-api-key", KEY)
}

async fn create_victim(app: &TestApp) -> Victim {
    let frame = json!({"client_id": "victim", "strategy": "literal", "input_text": "Mine."});
    let response = send_json(shared(app, "POST", "/v1/frames").json(&frame)).await.1;
    let story = response["story_id"].as_str().expect("an id").to_owned();
    let stored = json!({"story_id": story, "frame_number": 0, "comments": "mine"});
    let stored =
        send_json(shared(app, "POST", "/v1/bookmarks/frame?client_id=victim").json(&stored))
            .await
            .1;
    let list = json!({"name": "Mine"});
    let list =
        send_json(shared(app, "POST", "/v2/bookmark-lists?client_id=victim").json(&list)).await.1;
    let report = json!({"battery_mv": 3700});
    send_json(shared(app, "POST", "/v2/clients/victim/telemetry").json(&report)).await;
    let tasks = send_json(shared(app, "GET", "/v2/tasks?client_id=victim")).await.1;
    let task = tasks["items"][0]["task_id"].as_str().expect("an id").to_owned();
    Victim { story, task, list: list["id"].to_string(), bookmark: stored["id"].to_string() }
}

/// Returns everything that the victim owns.
async fn belongings(app: &TestApp, victim: &Victim) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/v1/stories?client_id=victim".to_owned(),
        format!("/v2/stories/{}?client_id=victim", victim.story),
        "/v1/bookmarks/frame?client_id=victim".to_owned(),
        "/v2/bookmark-lists?client_id=victim".to_owned(),
        "/v2/tasks?client_id=victim".to_owned(),
        "/v2/clients/victim/telemetry".to_owned(),
        "/v2/clients/victim/config".to_owned(),
    ] {
        let (status, mut value) = send_json(shared(app, "GET", &path)).await;
        assert_eq!(status, 200, "{path}: {value}");
        for changing in ["request_id", "generation_date"] {
            value.as_object_mut().and_then(|fields| fields.remove(changing));
        }
        all.push(value);
    }
    all
}

/// Fills the victim's ids into a route's path.
fn path_of(template: &str, victim: &Victim) -> String {
    let id = match template {
        _ if template.starts_with("/v2/stories") || template.starts_with("/admin/api/stories") => {
            &victim.story
        }
        _ if template.starts_with("/v2/tasks") => &victim.task,
        _ if template.contains("bookmark-lists") => &victim.list,
        _ => &victim.bookmark,
    };
    let story = if template.contains("{slug}") { "mine" } else { &victim.story };
    template
        .replace("{client_id}", "victim")
        .replace("{story_id}", &victim.story)
        .replace("{slug}", story)
        .replace("{id}", id)
        .replace("{n}", "0")
        .replace("{frame_number}", "0")
        .replace(['{', '}'], "")
}

#[expect(clippy::too_many_lines, reason = "one walk over the contract")]
async fn another_clients_id_is_refused_on_every_route_and_nothing_changes(database: TestDatabase) {
    let options = TestOptions { api_key: Some(KEY), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let order = CreateTokenRequest {
        name: "thief".to_owned(),
        scope: ScopeName::Device,
        client_id: Some("thief".to_owned()),
        expires_in: None,
        date_expires: None,
    };
    let act = AuditContext::new(&Principal::LOCAL, None);
    let token = app.app.identities().create_token(order, &act).await.expect("made").token;
    let victim = create_victim(&app).await;
    let before = belongings(&app, &victim).await;
    let contract: Value = serde_json::to_value(openapi()).expect("JSON");
    let open = [
        ("get", "/media/{name}"),
        ("get", "/livez"),
        ("get", "/readyz"),
        ("post", "/admin/api/login"),
        ("post", "/v2/pairing"),
        ("get", "/v2/pairing"),
    ];
    let body = json!({
        "client_id": "victim", "story_id": victim.story, "frame_number": 0, "comments": "stolen",
        "title": "Stolen", "name": "Stolen", "battery_mv": 1, "input_text": "Stolen.",
    });
    let mut walked = 0;
    for (template, methods) in contract["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            if open.contains(&(method.as_str(), template.as_str())) {
                continue;
            }
            walked += 1;
            let path = path_of(template, &victim);
            let send = |path: String| {
                let method = method.to_uppercase().parse().expect("a method");
                let request = app.client.request(method, format!("{}{path}", app.url));
                send_json(request.bearer_auth(&token).json(&body))
            };
            let (status, problem) = send(format!("{path}?client_id=victim")).await;
            assert_eq!(status, 403, "{method} {path} for the victim: {problem}");
            // An event stream is the caller's own, or that of a story that anyone may read, and it does not end.
            if template.ends_with("/events") {
                continue;
            }
            // As the device itself, or without a client id, with the victim's ids. Anyone who has a story's link can
            // read it.
            for query in ["?client_id=thief", ""] {
                let (status, answer) = send(format!("{path}{query}")).await;
                let reads_story = method == "get"
                    && (template.contains("/stories/{id}") || template.contains("slug"));
                let is_refused = matches!(status, 403 | 404 | 422);
                let is_own = !template.contains('{') && method == "get";
                assert!(
                    is_refused || reads_story || is_own || is_harmless(method, template),
                    "{method} {path}{query}: {status} {answer}"
                );
            }
        }
    }
    assert!(walked >= 90, "{walked}");
    assert_eq!(belongings(&app, &victim).await, before, "nothing changed");
    app.stop_and_remove().await;
}

/// Returns whether a route changes only the caller's own data, whatever ids the request names.
fn is_harmless(method: &str, template: &str) -> bool {
    matches!(
        (method, template),
        // A bookmark belongs to the client that adds it, even if the story is another client's.
        ("post", "/v1/bookmarks/frame")
            | ("put", "/v1/story/reset")
            | ("delete", "/v1/bookmarks/frame/{id}")
    )
}
