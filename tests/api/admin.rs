//! `/admin/api`: the configuration that admins edit, and what they can inspect.

use calliope::settings::MemorySettings;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, TestOptions};

on_both! {
    each_kind_is_made_read_changed_and_removed;
    what_is_in_use_stays_and_what_leads_nowhere_is_refused;
    flocks_never_go_round_in_a_loop;
    secrets_are_written_and_never_read;
    a_change_is_in_force_at_once;
    admins_see_the_whole;
}

pub const ADMIN: &str = "/admin/api";

pub async fn post(app: &TestApp, kind: &str, body: Value) -> (u16, Value) {
    app.call("POST", &format!("{ADMIN}/{kind}"), body).await
}

async fn create(app: &TestApp, kind: &str, body: Value) {
    let (status, answer) = post(app, kind, body).await;
    assert_eq!(status, 201, "{kind}: {answer}");
}

/// One item of each kind, ordered so that each may refer to those before it.
#[expect(clippy::too_many_lines, reason = "one of each")]
fn one_of_each() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        (
            "inference-models",
            "slug",
            json!({
                "slug": "gpt", "description": "Wörter", "provider": "openai",
                "provider_api_variant": "openai_chat_completion", "provider_model_name": "gpt-x",
                "model_parameters": {"temperature": 0.7}, "prices": {"input_tokens": 1.5},
            }),
        ),
        (
            "prompt-templates",
            "slug",
            json!({
                "slug": "gentle", "description": "", "text": "Tell {{ brief.said }}.", "target_language": "Norsk",
            }),
        ),
        (
            "model-configs",
            "slug",
            json!({
                "slug": "gpt-gentle", "description": "", "model": "gpt", "prompt_template": "gentle",
                "model_parameters": {},
            }),
        ),
        (
            "strategy-configs",
            "slug",
            json!({
                "slug": "gentle-fern", "strategy_name": "fern", "is_default": false, "is_experimental": true,
                "description": "", "parameters": {"output_text_style": "gentle"},
                "text_to_text_model_config": "gpt-gentle", "text_to_image_model_config": "offline-painter",
                "text_to_video_model_config": null, "seed_prompt_template": "gentle",
            }),
        ),
        (
            "client-type-configs",
            "client_type",
            json!({
                "client_type": "e-ink badge", "description": "", "parameters": {"output_image_width": 200},
            }),
        ),
        (
            "flock-configs",
            "flock_id",
            json!({
                "flock_id": "The Wood", "description": "", "parent_flock_id": null,
                "parameters": {"strategy": "gentle-fern", "client_type": "e-ink badge"}, "keys": {},
                "schedule": null, "frames_per_day": 100, "budget_per_day": 2.5, "is_learned_from": false,
            }),
        ),
        (
            "sparrow-configs",
            "client_id",
            json!({
                "client_id": "AA:BB/cc", "description": "", "parent_flock_id": "The Wood",
                "follow_parent_story": true, "parameters": {"location": "Oslo"}, "keys": {},
                "schedule": null, "budget_per_day": null, "is_private": true, "is_learned_from": false,
            }),
        ),
    ]
}

fn path_of(kind: &str, id: &Value) -> String {
    let id: String = form_encoded(id.as_str().expect("a name"));
    format!("{ADMIN}/{kind}/{id}")
}

fn form_encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }
        })
        .collect()
}

/// Returns the item without its dates.
fn without_dates(mut item: Value) -> Value {
    let fields = item.as_object_mut().expect("an object");
    for date in ["date_created", "date_updated"] {
        let time = fields.remove(date);
        assert!(time.is_some_and(|time| time.as_str().is_some_and(|t| t.ends_with('Z'))), "{date}");
    }
    item
}

async fn each_kind_is_made_read_changed_and_removed(database: TestDatabase) {
    let app = TestApp::start(database).await;
    for (kind, id, body) in one_of_each() {
        let url = format!("{}{ADMIN}/{kind}/", app.url);
        let response = app.client.post(url).json(&body).send().await.expect("an answer");
        assert_eq!(response.status(), 201, "{kind}");
        let location = response.headers()["location"].to_str().expect("text").to_owned();
        assert_eq!(without_dates(response.json().await.expect("JSON")), body, "{kind}");
        assert_eq!(without_dates(app.json(&location).await), body, "{kind}: {location}");
        assert_eq!(post(&app, kind, body.clone()).await.0, 409, "{kind}: the name is taken");
        let path = path_of(kind, &body[id]);
        let (status, changed) = app.call("PATCH", &path, json!({"description": "Changed"})).await;
        assert_eq!(
            (status, &changed["description"]),
            (200, &json!("Changed")),
            "{kind}: {changed}"
        );
        let (status, replaced) = app.call("PUT", &path, body.clone()).await;
        assert_eq!((status, without_dates(replaced)), (200, body.clone()), "{kind}");
        let q = form_encoded(&body[id].as_str().expect("a name").to_uppercase());
        let listed = app.json(&format!("{ADMIN}/{kind}?q={q}")).await;
        assert!(
            listed["items"].as_array().is_some_and(|items| items.iter().any(|i| i[id] == body[id]))
        );
        let (status, problem) = app.call("PATCH", &path, json!({id: "another"})).await;
        assert_eq!((status, &problem["errors"][0]["loc"][1]), (422, &json!(id)), "a name stays");
        let (status, problem) = app.call("PATCH", &path, json!({"colour": "red"})).await;
        assert_eq!((status, &problem["errors"][0]["loc"][1]), (422, &json!("colour")), "{problem}");
        assert_eq!(app.call("PATCH", &path, json!(["x"])).await.0, 422);
    }
    for (kind, id, body) in one_of_each().into_iter().rev() {
        let path = path_of(kind, &body[id]);
        assert_eq!(app.call("DELETE", &path, Value::Null).await, (204, json!("")), "{kind}");
        for (method, sent) in [
            ("GET", Value::Null),
            ("DELETE", Value::Null),
            ("PUT", body.clone()),
            ("PATCH", json!({})),
        ] {
            assert_eq!(app.call(method, &path, sent).await.0, 404, "{method} {path}");
        }
        check_audit(&app, kind, &body[id], &body).await;
    }
    app.stop_and_remove().await;
}

/// Checks that the audit log has every change to one configuration, with the values before and after.
async fn check_audit(app: &TestApp, kind: &str, id: &Value, body: &Value) {
    let id = form_encoded(id.as_str().expect("a name"));
    let audit = app.json(&format!("{ADMIN}/audit?resource={kind}&resource_id={id}")).await;
    let actions: Vec<&Value> =
        audit["items"].as_array().expect("a list").iter().map(|row| &row["action"]).collect();
    assert_eq!(actions, [&json!("delete"), &json!("update"), &json!("update"), &json!("create")]);
    assert_eq!((&audit["items"][0]["before"], &audit["items"][0]["after"]), (body, &Value::Null));
    assert_eq!(audit["items"][2]["after"]["description"], "Changed");
    assert_eq!((&audit["items"][3]["before"], &audit["items"][3]["after"]), (&Value::Null, body));
    assert!(audit["items"][0]["actor"].is_string() && audit["items"][0]["request_id"].is_string());
}

async fn what_is_in_use_stays_and_what_leads_nowhere_is_refused(database: TestDatabase) {
    let app = TestApp::start(database).await;
    for (kind, _, body) in one_of_each() {
        create(&app, kind, body).await;
    }
    for (path, referrers) in [
        ("inference-models/gpt", vec!["model-configs gpt-gentle"]),
        (
            "prompt-templates/gentle",
            vec!["model-configs gpt-gentle", "strategy-configs gentle-fern"],
        ),
        ("model-configs/gpt-gentle", vec!["strategy-configs gentle-fern"]),
        ("strategy-configs/gentle-fern", vec!["flock-configs The Wood"]),
        ("client-type-configs/e-ink%20badge", vec!["flock-configs The Wood"]),
        ("flock-configs/The%20Wood", vec!["sparrow-configs AA:BB/cc"]),
        ("strategy-configs/fern", vec!["falls back"]),
    ] {
        let (status, problem) = app.call("DELETE", &format!("{ADMIN}/{path}"), Value::Null).await;
        assert_eq!(status, 409, "{path}");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(referrers.iter().all(|name| detail.contains(name)), "{path}: {detail}");
    }
    for (kind, body, field) in [
        ("model-configs", json!({"slug": "x", "model": "none"}), "model"),
        (
            "model-configs",
            json!({"slug": "x", "model": "gpt", "prompt_template": "none"}),
            "prompt_template",
        ),
        (
            "strategy-configs",
            json!({"slug": "x", "strategy_name": "fern", "text_to_image_model_config": "none"}),
            "text_to_image_model_config",
        ),
        ("strategy-configs", json!({"slug": "x", "strategy_name": "none"}), "strategy_name"),
        (
            "sparrow-configs",
            json!({"client_id": "x", "parent_flock_id": "none"}),
            "parent_flock_id",
        ),
        (
            "sparrow-configs",
            json!({"client_id": "x", "parameters": {"strategy": "none"}}),
            "parameters.strategy",
        ),
        (
            "flock-configs",
            json!({"flock_id": "x", "parameters": {"client_type": "none"}}),
            "parameters.client_type",
        ),
    ] {
        let (status, problem) = post(&app, kind, body).await;
        assert_eq!((status, &problem["errors"][0]["loc"][1]), (422, &json!(field)), "{problem}");
    }
    app.stop_and_remove().await;
}

async fn flocks_never_go_round_in_a_loop(database: TestDatabase) {
    let app = TestApp::start(database).await;
    create(&app, "flock-configs", json!({"flock_id": "tree"})).await;
    create(&app, "flock-configs", json!({"flock_id": "branch", "parent_flock_id": "tree"})).await;
    create(&app, "flock-configs", json!({"flock_id": "twig", "parent_flock_id": "branch"})).await;
    for parent in ["twig", "branch", "tree"] {
        let patch = json!({"parent_flock_id": parent});
        let (status, problem) = app.call("PATCH", "/admin/api/flock-configs/tree", patch).await;
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(
            status == 409 && detail.contains("tree") && detail.contains(parent),
            "{status} {detail}"
        );
    }
    let body = json!({"flock_id": "default", "parent_flock_id": "tree"});
    let (status, problem) = post(&app, "flock-configs", body).await;
    assert_eq!((status, &problem["errors"][0]["loc"][1]), (422, &json!("parent_flock_id")));
    assert_eq!(app.json("/admin/api/flock-configs/tree").await["parent_flock_id"], Value::Null);
    app.stop_and_remove().await;
}

async fn secrets_are_written_and_never_read(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let secret = "sk-a-very-secret-key-wxyz";
    create(
        &app,
        "sparrow-configs",
        json!({"client_id": "s", "keys": {"openai_api_key": secret, "pin": "1234"}}),
    )
    .await;
    let path = "/admin/api/sparrow-configs/s";
    let read = app.json(path).await;
    assert_eq!(read["keys"], json!({"openai_api_key": "•••wxyz", "pin": "•••"}));
    let (status, again) = app.call("PUT", path, without_dates(read.clone())).await;
    assert_eq!((status, &again["keys"]), (200, &read["keys"]));
    let (status, less) = app.call("PATCH", path, json!({"keys": {"pin": null}})).await;
    assert_eq!((status, &less["keys"]), (200, &json!({"openai_api_key": "•••wxyz"})));
    for keys in [
        json!({"openai_api_key": "•••nope"}),
        json!({"other": "•••wxyz"}),
        json!({"x": 1}),
        json!({"X": "y"}),
    ] {
        let (status, _) = app.call("PATCH", path, json!({"keys": keys})).await;
        assert_eq!(status, 422, "{keys}");
    }
    let stored: calliope::store::Timestamped<calliope::domain::SparrowConfig> =
        app.store.resource("s").await.expect("read").expect("there");
    assert_eq!(
        stored.item.keys.get("openai_api_key"),
        Some(&json!(secret)),
        "the secret itself is kept"
    );
    for place in ["/admin/api/audit", "/admin/api/sparrow-configs", "/v2/clients/s/config"] {
        let shown = app.json(place).await.to_string();
        assert!(!shown.contains("very-secret"), "{place} shows it: {shown}");
    }
    app.stop_and_remove().await;
}

async fn a_change_is_in_force_at_once(database: TestDatabase) {
    let app = TestApp::start(database).await;
    create(
        &app,
        "flock-configs",
        json!({"flock_id": "f", "parameters": {"output_image_width": "64", "strategy": "literal"}}),
    )
    .await;
    create(&app, "sparrow-configs", json!({"client_id": "s", "parent_flock_id": "f"})).await;
    let created = app.create_frame(json!({"client_id": "s", "input_text": "One."})).await;
    assert_eq!(
        (&created["strategy"], &created["frames"][0]["image"]["width"]),
        (&json!("literal"), &json!(64))
    );
    let flock = "/admin/api/flock-configs/f";
    assert_eq!(app.json(flock).await["parameters"]["output_image_width"], 64, "in one spelling");
    let patch = json!({"parameters": {"output_image_width": 32}});
    assert_eq!(app.call("PATCH", flock, patch).await.0, 200);
    let created = app.create_frame(json!({"client_id": "s", "input_text": "Two."})).await;
    assert_eq!(created["frames"][0]["image"]["width"], 32);
    let weekly = json!({"schedule": {"weekly": {"time_zone": "Europe/Oslo", "windows": [], "otherwise": {"sleep": true}}}});
    let (status, answer) = app.call("PATCH", flock, weekly).await;
    assert!(matches!(status, 200 | 422), "{answer}");
    // A story outlives its strategy's configuration.
    create(&app, "strategy-configs", json!({"slug": "mine", "strategy_name": "literal", "text_to_image_model_config": "offline-painter"})).await;
    let created =
        app.create_frame(json!({"client_id": "t", "strategy": "mine", "input_text": "One."})).await;
    assert_eq!(app.call("DELETE", "/admin/api/strategy-configs/mine", Value::Null).await.0, 204);
    let next = app
        .create_frame(
            json!({"client_id": "t", "story_id": created["story_id"], "input_text": "Two."}),
        )
        .await;
    assert_eq!((&next["strategy"], &next["story_frame_count"]), (&json!("mine"), &json!(2)));
    app.stop_and_remove().await;
}

async fn admins_see_the_whole(database: TestDatabase) {
    // Learning runs in separate tasks, so wait for them.
    let memory = MemorySettings { learning: false, ..MemorySettings::default() };
    let app = TestApp::start_with(database, TestOptions { memory, ..TestOptions::default() }).await;
    for (client, text) in [("a", "A kite."), ("b", "A boat.")] {
        app.create_frame(json!({"client_id": client, "strategy": "literal", "input_text": text}))
            .await;
    }
    let stats = app.json("/admin/api/stats").await;
    assert_eq!(
        (&stats["stories"], &stats["frames"], &stats["sparrows"]),
        (&json!(2), &json!(2), &json!(2))
    );
    assert_eq!(stats["tasks"], json!({"completed": 2}));
    let stories = app.json("/admin/api/stories?q=BOAT").await;
    assert_eq!(stories["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(stories["items"][0]["client_id"], "b");
    let first = app.json("/admin/api/stories?limit=1").await;
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    let second = app.json(&format!("/admin/api/stories?limit=1&cursor={cursor}")).await;
    assert_eq!(
        (&second["items"][0]["title"], &second["next_cursor"]),
        (&json!("A kite."), &Value::Null)
    );
    let path =
        format!("/admin/api/stories/{}", second["items"][0]["story_id"].as_str().expect("an id"));
    assert_eq!(app.json(&path).await["frames"].as_array().map(Vec::len), Some(1));
    assert_eq!(app.call("PATCH", &path, json!({"title": "Wind"})).await.1["title"], "Wind");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    let audit = app.json("/admin/api/audit?resource=stories").await;
    let actions: Vec<&Value> =
        audit["items"].as_array().expect("a list").iter().map(|row| &row["action"]).collect();
    assert_eq!(actions, [&json!("delete"), &json!("update")]);
    assert_eq!(
        app.json("/admin/api/tasks?client_id=b&status=completed").await["items"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    app.stop_and_remove().await;
}
