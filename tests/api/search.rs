//! Search for frames: by words on any installation, and by meaning if an embedding model is configured. A caller finds
//! only what it may see.

use std::sync::atomic::Ordering;

use calliope::domain::ScopeName;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::identity::token;
use crate::on_both;
use crate::support::clock::ManualClock;
use crate::support::embedder::FakeEmbedder;
use crate::support::{TestApp, TestDatabase, TestOptions, pause, with_timeout};

on_both! {
    words_are_found_in_any_form_and_marked;
    more_of_the_words_come_first_and_then_the_rarest;
    a_misspelt_word_is_found;
    what_is_found_can_be_narrowed_and_read_on;
    a_private_sparrows_stories_are_found_by_itself_and_admins;
    without_a_model_search_is_by_words_and_says_so;
    what_a_model_left_over_is_indexed_later;
}

pub const FRAMES: &[(&str, &str)] = &[
    ("ada", "The keepers climbed the lighthouse stairs before the storm."),
    ("ada", "An old vessel came into the harbour without a crew."),
    ("ada", "“Keep the door shut,” said the baker, and hid the last loaf."),
    ("ben", "A hound slept by the stove while the winter went on."),
    ("ben", "She wept over the letter, and folded it again."),
    ("ben", "Nobody in the Straße had seen such frost; the lantern went out."),
];

/// Tells one frame for each client and text, in the client's own story.
pub async fn tell(app: &TestApp, frames: &[(&str, &str)]) -> Vec<Value> {
    let mut responses = Vec::new();
    for (client_id, text) in frames {
        let order =
            json!({"client_id": client_id, "strategy": "show-this-frame", "input_text": text});
        responses.push(app.create_frame(order).await);
    }
    responses
}

/// Nine frames, five of them ada's and four ben's, and one of cleo's that is told by another strategy.
pub async fn tell_for_three_clients(
    app: &TestApp,
    text: impl Fn(usize) -> String,
    cleo_text: &str,
) {
    let texts: Vec<String> = (0..9).map(text).collect();
    let frames: Vec<(&str, &str)> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| (if n < 5 { "ada" } else { "ben" }, text.as_str()))
        .collect();
    tell(app, &frames).await;
    app.create_frame(json!({"client_id": "cleo", "strategy": "fern", "input_text": cleo_text}))
        .await;
}

/// Waits until every frame is in the index.
pub async fn wait_until_indexed(app: &TestApp) {
    let waiting = async {
        while app.json("/admin/api/index").await["waiting"] != 0 {
            pause().await;
        }
    };
    with_timeout(waiting).await;
}

pub async fn find(app: &TestApp, query: &str) -> Value {
    app.json(&format!("/v2/search?query={query}")).await
}

/// Returns the beginnings of the texts that were found.
pub fn found_texts(answer: &Value) -> Vec<String> {
    let results = answer["results"].as_array().expect("results").iter();
    let text = |result: &Value| result["text"].as_str().expect("a text").to_owned();
    results.map(|result| text(result).split(' ').take(3).collect::<Vec<_>>().join(" ")).collect()
}

/// Returns an HTTP client that sends a key.
pub fn client_with_key(key: &str) -> reqwest::Client {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("x-api-key", key.parse().expect("a header"));
    crate::support::client().default_headers(headers).build().expect("a client")
}

async fn words_are_found_in_any_form_and_marked(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let responses = tell(&app, FRAMES).await;
    let answer = find(&app, "a%20keeper").await;
    assert_eq!(answer["mode"], "lexical");
    assert_eq!(
        found_texts(&answer).first().map(String::as_str),
        Some("The keepers climbed"),
        "{answer}"
    );
    let first = &answer["results"][0];
    assert_eq!(first["story_id"], responses[0]["story_id"]);
    assert_eq!((&first["slug"], &first["frame_number"]), (&responses[0]["slug"], &json!(0)));
    assert_eq!(first["matched_by"], json!(["lexical"]));
    assert_eq!((&first["score"], &first["highlights"]), (&json!(1.0), &json!([[4, 11]])));
    let url = first["image"]["url"].as_str().expect("a picture");
    assert_eq!(app.get(&format!("/{url}")).send().await.expect("an answer").status(), 200);
    // Positions count characters, and case is ignored.
    let answer = find(&app, "FROST").await;
    assert_eq!(found_texts(&answer), ["Nobody in the"]);
    assert_eq!(answer["results"][0]["highlights"], json!([[35, 40]]));
    // Operators of the database's query language have no effect.
    for query in
        ["NEAR(frost%20*)", "frost%20OR", "%22frost", "frost'--", "frost%20%26%20%7C%20!%20%3A*"]
    {
        assert_eq!(
            found_texts(&find(&app, query).await).first().map(String::as_str),
            Some("Nobody in the"),
            "{query}"
        );
    }
    let endless = "%E8%AA%9E".repeat(900);
    assert_eq!(found_texts(&find(&app, &endless).await), [""; 0]);
    assert_eq!(found_texts(&find(&app, "zebra").await), [""; 0]);
    assert_eq!(found_texts(&find(&app, "%E2%80%A6").await), [""; 0]);
    for refused in [
        "",
        "query=",
        "query=a&mode=psychic",
        "query=a&since=soon",
        "query=a&cursor=x",
        "query=a&limit=0",
        "query=a&strategy=%00",
    ] {
        let path = format!("/v2/search?{refused}");
        assert_eq!(app.call("GET", &path, Value::Null).await.0, 422, "{refused}");
    }
    // Removed frames are not found, and new ones are.
    let story = responses[5]["story_id"].as_str().expect("an id");
    let path = format!("/v2/stories/{story}/?client_id=ben");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(found_texts(&find(&app, "frost").await), [""; 0]);
    tell(&app, &[("ben", "The frost is back.")]).await;
    assert_eq!(found_texts(&find(&app, "frost").await), ["The frost is"]);
    app.stop_and_remove().await;
}

async fn more_of_the_words_come_first_and_then_the_rarest(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let frames = [
        ("ada", "A zebra stood there."),
        ("ada", "She walked on."),
        ("ada", "They walked far over the meadow."),
        ("ben", "He walked home, walked and walked."),
    ];
    tell(&app, &frames).await;
    let answer = find(&app, "zebra%20walked").await;
    assert_eq!(
        found_texts(&answer),
        ["A zebra stood", "He walked home,", "They walked far", "She walked on."]
    );
    let answer = find(&app, "zebra%20meadow%20walked%20lighthouse").await;
    assert_eq!(
        found_texts(&answer),
        ["They walked far", "A zebra stood", "He walked home,", "She walked on."]
    );
    assert_eq!(found_texts(&find(&app, "zebra%20walked&client_id=ben").await), ["He walked home,"]);
    app.stop_and_remove().await;
}

async fn a_misspelt_word_is_found(database: TestDatabase) {
    let app = TestApp::start(database).await;
    tell(&app, FRAMES).await;
    for (typed, expected) in [
        ("lighthosue", "The keepers climbed"),
        ("harbor", "An old vessel"),
        ("lettre", "She wept over"),
    ] {
        let answer = find(&app, typed).await;
        assert_eq!(found_texts(&answer), [expected], "{typed}");
    }
    assert_eq!(found_texts(&find(&app, "elephants").await), [""; 0]);
    app.stop_and_remove().await;
}

async fn what_is_found_can_be_narrowed_and_read_on(database: TestDatabase) {
    let app = TestApp::start(database).await;
    tell_for_three_clients(&app, |n| format!("Lamp number {n} was lit."), "a lamp").await;
    let count = async |narrowed: &str| {
        found_texts(&find(&app, &format!("lamps&limit=100&{narrowed}")).await).len()
    };
    assert_eq!(count("client_id=ada").await, 5);
    assert_eq!(count("strategy=show-this-frame").await, 9);
    assert_eq!(count("strategy=show-this-frame&client_id=ben").await, 4);
    assert_eq!(count("client_id=nobody").await, 0);
    let sixth = find(&app, "lamps%20number%205").await["results"][0]["date_created"].clone();
    let sixth = sixth.as_str().expect("a time").to_owned();
    assert_eq!(count(&format!("strategy=show-this-frame&since={sixth}")).await, 4);
    assert_eq!(count(&format!("strategy=show-this-frame&until={sixth}")).await, 5);
    // Reading page by page gives the same as one large page, even while more frames are told.
    let full = find(&app, "lamps&limit=100").await;
    let (mut parts, mut cursor) = (Vec::new(), String::new());
    loop {
        let part = find(&app, &format!("lamps&limit=2{cursor}")).await;
        parts
            .extend(part["results"].as_array().expect("results").iter().map(|r| r["text"].clone()));
        tell(&app, &[("dora", &format!("A lamp more, after {}.", parts.len()))]).await;
        let Some(next) = part["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let full: Vec<Value> =
        full["results"].as_array().expect("results").iter().map(|r| r["text"].clone()).collect();
    assert_eq!(parts, full);
    app.stop_and_remove().await;
}

async fn a_private_sparrows_stories_are_found_by_itself_and_admins(database: TestDatabase) {
    let embedder = FakeEmbedder::start().await;
    let options =
        TestOptions { api_key: Some("a key of these tests"), ..embedder.options("ideas") };
    let mut app = TestApp::start_with(database, options).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let ada = token(&app, ScopeName::Device, Some("ada"), None).await;
    let ben = token(&app, ScopeName::Device, Some("ben"), None).await;
    let any = token(&app, ScopeName::Client, None, None).await;
    app.client = client_with_key(&admin);
    for (client_id, is_private) in [("ada", true), ("ben", false)] {
        let config = json!({"client_id": client_id, "is_private": is_private});
        let (status, answer) = app.call("POST", "/admin/api/sparrow-configs", config).await;
        assert_eq!((status, &answer["is_private"]), (201, &json!(is_private)), "{answer}");
    }
    tell(&app, &[("ada", "A ship of mine."), ("ben", "A ship of yours.")]).await;
    wait_until_indexed(&app).await;
    for mode in ["lexical", "semantic", "hybrid"] {
        for (who, narrowed, expected) in [
            (&admin, "", 2),
            (&ada, "", 2),
            (&ben, "", 1),
            (&any, "", 1),
            (&any, "&client_id=ada", 1),
            (&any, "&client_id=ben", 1),
        ] {
            app.client = client_with_key(who);
            let answer = find(&app, &format!("ship&mode={mode}{narrowed}")).await;
            assert_eq!(answer["mode"], mode);
            assert_eq!(found_texts(&answer).len(), expected, "{mode} {narrowed}: {answer}");
        }
        app.client = client_with_key(&ben);
        let path = format!("/v2/search?query=ship&mode={mode}&client_id=ada");
        assert_eq!(app.call("GET", &path, Value::Null).await.0, 403);
    }
    app.stop_and_remove().await;
}

async fn without_a_model_search_is_by_words_and_says_so(database: TestDatabase) {
    let app = TestApp::start(database).await;
    tell(&app, FRAMES).await;
    for mode in ["semantic", "hybrid", "lexical"] {
        let answer = find(&app, &format!("vessel&mode={mode}")).await;
        assert_eq!(
            (&answer["mode"], found_texts(&answer).len()),
            (&json!("lexical"), 1),
            "{answer}"
        );
    }
    assert_eq!(app.call("POST", "/admin/api/index", json!({})).await.0, 409);
    let ready = app.json("/readyz").await;
    assert_eq!(ready["vector_index"]["status"], "ok", "{ready}");
    app.stop_and_remove().await;
}

async fn what_a_model_left_over_is_indexed_later(database: TestDatabase) {
    let (embedder, clock) = (FakeEmbedder::start().await, ManualClock::new());
    embedder.is_down.store(true, Ordering::Relaxed);
    let mut options = TestOptions { clock: clock.clone(), ..embedder.options("ideas") };
    options.task_limits.max_attempts = 1;
    let app = TestApp::start_with(database, options).await;
    tell(&app, &FRAMES[..2]).await;
    let failed = async {
        while app.json("/admin/api/tasks?status=failed").await["items"].as_array().map(Vec::len)
            != Some(2)
        {
            pause().await;
        }
    };
    with_timeout(failed).await;
    let answer = find(&app, "vessel").await;
    assert_eq!((&answer["mode"], found_texts(&answer).len()), (&json!("lexical"), 1));
    embedder.is_down.store(false, Ordering::Relaxed);
    // Not immediately, because the frame's own indexing task may still run.
    app.app.search().enqueue_overdue_indexing().await.expect("looked");
    let tasks = app.json("/admin/api/tasks?limit=100").await;
    let kinds = tasks["items"].as_array().expect("tasks").iter().map(|task| &task["task_type"]);
    let kinds: Vec<&Value> = kinds.collect();
    assert!(
        kinds.contains(&&json!("index_frame")) && !kinds.contains(&&json!("index_frames")),
        "{kinds:?}"
    );
    clock.advance(TimeDelta::minutes(6));
    app.app.search().enqueue_overdue_indexing().await.expect("ordered");
    wait_until_indexed(&app).await;
    assert_eq!(app.json("/admin/api/index").await["pieces"], 2);
    assert_eq!(found_texts(&find(&app, "ship&mode=semantic&limit=1").await), ["An old vessel"]);
    // An admin may also start indexing.
    let (status, ordered) = app.call("POST", "/admin/api/index", json!({})).await;
    assert_eq!(status, 202, "{ordered}");
    app.stop_and_remove().await;
}
