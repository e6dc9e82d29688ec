//! The cascade of configurations, schedules, and what the members of a flock share.

use secrecy::ExposeSecret;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, send_json};

on_both! {
    each_value_comes_from_the_highest_level_that_gives_it;
    flocks_in_a_loop_are_told_by_their_chain;
    a_sparrow_that_sleeps_gets_its_last_frame_again;
    the_members_of_a_flock_share_a_story;
    a_flock_has_so_many_frames_a_day;
}

/// Writes configurations as another process would: this process learns of them only by the version.
async fn configure(app: &TestApp, statements: &str) {
    let sql = format!(
        "{statements}; UPDATE installation SET configuration_version = configuration_version + 1;"
    );
    let sql = AssertSqlSafe(sql);
    let settings = &app.database.settings;
    if let Some(url) = &settings.url {
        let mut db = sqlx::PgConnection::connect(url.expose_secret()).await.expect("connected");
        db.execute(sql).await.expect("configured");
    } else {
        let url = format!("sqlite://{}", settings.path.display());
        let mut db = sqlx::SqliteConnection::connect(&url).await.expect("connected");
        db.execute(sql).await.expect("configured");
    }
}

const NOW: &str = "'2026-11-23T07:04:17+00:00'";

fn flock(id: &str, parent: Option<&str>, parameters: &str, limit: &str) -> String {
    let parent = parent.map_or("NULL".to_owned(), |parent| format!("'{parent}'"));
    format!(
        "INSERT INTO flock_config (flock_id, description, parent_flock_id, parameters, keys, frames_per_day, date_created, date_updated) \
         VALUES ('{id}', '', {parent}, '{parameters}', '{{\"openai_api_key\": \"sk-secret\"}}', {limit}, {NOW}, {NOW});"
    )
}

fn sparrow(id: &str, flock: &str, follows: bool, parameters: &str, schedule: &str) -> String {
    format!(
        "INSERT INTO sparrow_config (client_id, description, parent_flock_id, follow_parent_story, parameters, keys, schedule, date_created, date_updated) \
         VALUES ('{id}', '', {flock}, {follows}, '{parameters}', '{{}}', {schedule}, {NOW}, {NOW});"
    )
}

/// | level        | width | height | format | location | dither          | style |
/// |--------------|-------|--------|--------|----------|-----------------|-------|
/// | sparrow      | *320* |        |        |          |                 |       |
/// | flock wood   | 1     | *240*  |        |          |                 |       |
/// | flock forest |       | 2      | *raw*  |          |                 |       |
/// | default      |       |        | png    | *Oslo*   |                 |       |
/// | badge        |       |        |        | Rome     | *floyd*         |       |
/// | literal      |       |        |        |          | none            | *plain* |
async fn each_value_comes_from_the_highest_level_that_gives_it(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let default = r#"{"output_image_format": "image/png", "location": "Oslo", "strategy": "literal", "client_type": "badge"}"#;
    let statements = [
        flock("forest", None, r#"{"output_image_height": 2, "output_image_format": "image/rgb565"}"#, "NULL"),
        flock("wood", Some("forest"), r#"{"output_image_width": 1, "output_image_height": 240}"#, "NULL"),
        flock("default", None, default, "NULL"),
        sparrow("s", "'wood'", false, r#"{"output_image_width": 320}"#, "NULL"),
        format!("INSERT INTO client_type_config (client_type, description, parameters, date_created, date_updated) \
             VALUES ('badge', '', '{{\"location\": \"Rome\", \"output_image_dither\": \"floyd-steinberg\"}}', {NOW}, {NOW});"),
        r#"UPDATE strategy_config SET parameters = '{"output_image_dither": "none", "output_text_style": "plain"}' WHERE slug = 'literal'"#.to_owned(),
    ];
    configure(&app, &statements.concat()).await;
    // Within the 250 ms for which a version is cached.
    let mut config = app.json("/v2/clients/s/config").await;
    while config["levels"] == json!(["strategy fern"]) {
        config = app.json("/v2/clients/s/config").await;
    }
    assert!(!config.to_string().contains("sk-secret"), "{config}");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_sort_maps(true);
    settings.bind(|| insta::assert_json_snapshot!("config", config));
    let created = app
        .create_frame(json!({"client_id": "s", "input_text": "Once.", "location": "Bergen"}))
        .await;
    let image = &created["frames"][0]["image"];
    assert_eq!((&image["width"], &image["height"]), (&json!(320), &json!(240)));
    assert_eq!(
        (&created["strategy"], &image["format"]),
        (&json!("literal"), &json!("image/rgb565"))
    );
    assert_eq!(created["frames"][0]["metadata"]["parameters"]["location"], "Bergen");
    let strategies = app.json("/v1/config/strategy/?client_id=s").await;
    let defaults: Vec<&str> = strategies
        .as_array()
        .expect("a list")
        .iter()
        .filter(|s| s["is_default_for_client"] == true)
        .filter_map(|s| s["slug"].as_str())
        .collect();
    assert_eq!(defaults, ["literal"]);
    app.stop_and_remove().await;
}

async fn flocks_in_a_loop_are_told_by_their_chain(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let statements = [
        flock("wood", None, "{}", "NULL"),
        flock("forest", Some("wood"), "{}", "NULL"),
        "UPDATE flock_config SET parent_flock_id = 'forest' WHERE flock_id = 'wood';".to_owned(),
        sparrow("s", "'wood'", false, "{}", "NULL"),
    ];
    configure(&app, &statements.concat()).await;
    let (status, problem) = send_json(app.post_frame(&json!({"client_id": "s"}))).await;
    assert_eq!(status, 409, "{problem}");
    let detail = problem["detail"].as_str().expect("text");
    assert!(detail.contains("s → wood → forest → wood"), "{detail}");
    app.stop_and_remove().await;
}

async fn a_sparrow_that_sleeps_gets_its_last_frame_again(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let always = r#"'{"weekly": [{"from": "00:00", "until": "00:00", "sleep": true}]}'"#;
    configure(&app, &sparrow("s", "NULL", false, "{}", always)).await;
    let first = app.create_frame(json!({"client_id": "s"})).await;
    assert_eq!(first["story_frame_count"], 1, "no device is left blank");
    let order = json!({
        "client_id": "s", "output_image_format": "rgb565", "output_image_width": 64, "output_image_height": 48,
    });
    let again = app.create_frame(order.clone()).await;
    let frame = &again["frames"][0];
    assert_eq!((&again["story_frame_count"], &again["story_id"]), (&json!(1), &first["story_id"]));
    assert_eq!(frame["text"], first["frames"][0]["text"]);
    assert_eq!(frame["min_duration_seconds"], 86_400);
    let url = frame["image"]["url"].as_str().expect("a url").to_owned();
    let pixels = app.get(&format!("/{url}")).send().await.expect("an answer");
    assert_eq!(pixels.bytes().await.expect("bytes").len(), 64 * 48 * 2);
    assert_eq!(app.create_frame(order).await["frames"][0]["image"]["url"], url, "rendered once");
    app.stop_and_remove().await;
}

async fn the_members_of_a_flock_share_a_story(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let statements = [
        flock("wood", None, "{}", "NULL"),
        sparrow("a", "'wood'", true, "{}", "NULL"),
        sparrow("b", "'wood'", true, "{}", "NULL"),
        sparrow("c", "'wood'", false, "{}", "NULL"),
    ];
    configure(&app, &statements.concat()).await;
    let tell = |client_id: &str| {
        app.create_frame(
            json!({"client_id": client_id, "strategy": "literal", "input_text": "So."}),
        )
    };
    let (a, b, c) = tokio::join!(tell("a"), tell("b"), tell("c"));
    assert_eq!(a["story_id"], b["story_id"]);
    assert_ne!(a["story_id"], c["story_id"], "c does not follow");
    assert_eq!(tell("a").await["story_frame_count"], 3);
    assert_ne!(
        app.create_frame(json!({"client_id": "b"})).await["story_id"],
        a["story_id"],
        "another strategy"
    );
    let story_id = a["story_id"].as_str().expect("an id");
    let (status, _) =
        send_json(app.post_frame(&json!({"client_id": "c", "story_id": story_id}))).await;
    assert_eq!(status, 403);
    let read = |client_id: &str| format!("/v1/story/?client_id={client_id}&story_id={story_id}");
    assert_eq!(app.json(&read("b")).await["is_read_only"], false);
    assert_eq!(app.json(&read("c")).await["is_read_only"], true);
    app.stop_and_remove().await;
}

async fn a_flock_has_so_many_frames_a_day(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let statements = [flock("wood", None, "{}", "3"), sparrow("s", "'wood'", false, "{}", "NULL")];
    configure(&app, &statements.concat()).await;
    let posts = (0..8).map(|_| tokio::spawn(app.post_frame(&json!({"client_id": "s"})).send()));
    let mut count = 0;
    for post in posts.collect::<Vec<_>>() {
        let response = post.await.expect("joined").expect("an answer");
        if response.status() == 200 {
            count += 1;
        } else {
            assert_eq!(response.status(), 429);
            let wait = response.headers()["retry-after"].to_str().expect("text").parse::<u64>();
            assert!(wait.is_ok_and(|seconds| (1..=86_401).contains(&seconds)));
        }
    }
    assert_eq!(count, 3);
    app.stop_and_remove().await;
}
