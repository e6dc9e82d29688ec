//! Search by meaning. Every test runs with the local index and with Pinecone, on both databases.

use std::sync::atomic::Ordering;

use calliope::domain::ScopeName;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::identity::token;
use crate::pinecone::{FakeIndex, FakePinecone, client};
use crate::search::{
    FRAMES, client_with_key, find, found_texts, tell, tell_for_three_clients, wait_until_indexed,
};
use crate::support::clock::ManualClock;
use crate::support::embedder::{DIMENSION, FakeEmbedder};
use crate::support::{TestApp, TestDatabase, TestOptions};

/// Declares each test for each index and each database.
macro_rules! on_each {
    ($($name:ident;)*) => { $(
        mod $name {
            mod local {
                use super::super as tests;
                use crate::on_both;
                on_both! { run; }
                async fn run(database: crate::support::TestDatabase) {
                    tests::$name(database, tests::Vectors::local().await).await;
                }
            }
            mod pinecone {
                use super::super as tests;
                use crate::on_both;
                on_both! { run; }
                async fn run(database: crate::support::TestDatabase) {
                    tests::$name(database, tests::Vectors::at_pinecone().await).await;
                }
            }
        }
    )* };
}

on_each! {
    meaning_finds_what_words_do_not;
    what_is_near_can_be_narrowed_and_read_on;
    a_private_sparrows_stories_are_not_near;
    what_is_told_anew_is_found_anew;
    an_index_of_another_model_is_not_used_until_it_is_rebuilt;
    frames_like_one_are_found;
    nothing_of_an_erased_client_is_in_the_index;
}

/// The index that stores the vectors, and the embedding provider that computes them.
pub struct Vectors {
    pub embedder: FakeEmbedder,
    pub pinecone: Option<FakePinecone>,
}

impl Vectors {
    async fn local() -> Self {
        Self { embedder: FakeEmbedder::start().await, pinecone: None }
    }

    /// Starts a fake Pinecone with a matching index.
    pub async fn at_pinecone() -> Self {
        let pinecone = FakePinecone::start().await;
        let index = FakeIndex { dimension: DIMENSION, metric: "cosine", is_initializing: 0 };
        pinecone.add_index("stories", index);
        Self { embedder: FakeEmbedder::start().await, pinecone: Some(pinecone) }
    }

    pub fn options(&self, model: &str) -> TestOptions {
        let search = self.pinecone.as_ref().map(|pinecone| pinecone.search("stories"));
        let pinecone = search.and_then(|search| client(&search));
        TestOptions { pinecone, ..self.embedder.options(model) }
    }

    /// Returns the number of stored vectors, as the index itself counts them.
    async fn count(&self, app: &TestApp) -> usize {
        match &self.pinecone {
            Some(pinecone) => pinecone.vectors("calliope").len(),
            None => {
                let pieces = &app.json("/admin/api/index").await["pieces"];
                usize::try_from(pieces.as_u64().expect("a number")).expect("a small number")
            }
        }
    }
}

async fn meaning_finds_what_words_do_not(database: TestDatabase, vectors: Vectors) {
    let app = TestApp::start_with(database, vectors.options("ideas")).await;
    let responses = tell(&app, FRAMES).await;
    wait_until_indexed(&app).await;
    let answer = find(&app, "a%20sailing%20ship&limit=3").await;
    assert_eq!(
        (&answer["mode"], &found_texts(&answer)[0]),
        (&json!("hybrid"), &"An old vessel".to_owned())
    );
    assert_eq!(answer["results"][0]["matched_by"], json!(["semantic"]));
    let answer = find(&app, "sorrow&mode=semantic&limit=1").await;
    assert_eq!(
        (&answer["mode"], found_texts(&answer)),
        (&json!("semantic"), vec!["She wept over".to_owned()])
    );
    let answer = find(&app, "loaf&limit=1").await;
    assert_eq!(answer["results"][0]["matched_by"], json!(["lexical", "semantic"]), "{answer}");
    assert_eq!(answer["results"][0]["score"], 1.0);
    // The same query is embedded once.
    let request_count = vectors.embedder.provider.received().len();
    find(&app, "loaf&limit=1").await;
    assert_eq!(vectors.embedder.provider.received().len(), request_count);
    // Filters apply to search by meaning too.
    let answer = find(&app, "snow&mode=semantic&client_id=ada&limit=1").await;
    assert_ne!(found_texts(&answer), ["A hound slept"]);
    // New and removed frames are in the next results.
    tell(&app, &[("ada", "A puppy, at last!")]).await;
    wait_until_indexed(&app).await;
    assert_eq!(found_texts(&find(&app, "dogs&mode=semantic&limit=1").await), ["A puppy, at"]);
    let story = responses[3]["story_id"].as_str().expect("an id");
    let path = format!("/v2/stories/{story}/?client_id=ben");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    let left = found_texts(&find(&app, "snow&mode=semantic&limit=100").await);
    assert!(!left.contains(&"A hound slept".to_owned()), "{left:?}");
    assert_eq!(left.len(), 4, "ben's story is gone: {left:?}");
    app.stop_and_remove().await;
}

async fn an_index_of_another_model_is_not_used_until_it_is_rebuilt(
    database: TestDatabase,
    vectors: Vectors,
) {
    let app = TestApp::start_with(database, vectors.options("ideas")).await;
    tell(&app, FRAMES).await;
    wait_until_indexed(&app).await;
    let database = app.stop().await;
    let app = TestApp::start_with(database, vectors.options("other-ideas")).await;
    let ready = app.json("/readyz").await;
    assert_eq!(ready["vector_index"]["status"], "degraded", "{ready}");
    assert_eq!(find(&app, "ship").await["mode"], "lexical");
    // A new frame is not indexed yet, because vectors of two models must not mix.
    tell(&app, &[("ada", "The ship again.")]).await;
    assert_eq!(app.json("/admin/api/index").await["waiting"], 1);
    let (status, _) = app.call("POST", "/admin/api/index", json!({"force": true})).await;
    assert_eq!(status, 202);
    let is_rebuilt =
        |status: &Value| status["waiting"] == 0 && status["model"] == "openai/other-ideas";
    app.wait_for_json("/admin/api/index", is_rebuilt).await;
    let answer = find(&app, "ship&mode=semantic&limit=2").await;
    assert_eq!((&answer["mode"], found_texts(&answer).len()), (&json!("semantic"), 2));
    assert_eq!(app.json("/readyz").await["vector_index"]["status"], "ok");
    app.stop_and_remove().await;
}

async fn frames_like_one_are_found(database: TestDatabase, vectors: Vectors) {
    let app = TestApp::start_with(database, vectors.options("ideas")).await;
    let responses = tell(&app, FRAMES).await;
    wait_until_indexed(&app).await;
    tell(&app, &[("cleo", "A dog in the snow.")]).await;
    wait_until_indexed(&app).await;
    let path = |story: &Value, number: u32| {
        format!(
            "/v2/stories/{}/frames/{number}/similar",
            story["story_id"].as_str().expect("an id")
        )
    };
    let similar = app.json(&format!("{}?limit=1", path(&responses[3], 0))).await;
    assert_eq!(
        (&similar["is_indexed"], found_texts(&similar)),
        (&json!(true), vec!["A dog in".to_owned()])
    );
    assert_eq!(app.call("GET", &path(&responses[3], 9), Value::Null).await.0, 404);
    let nowhere = json!({"story_id": "01900000-0000-7000-8000-000000000000"});
    assert_eq!(app.call("GET", &path(&nowhere, 0), Value::Null).await.0, 404);
    app.stop_and_remove().await;
}

async fn what_is_near_can_be_narrowed_and_read_on(database: TestDatabase, vectors: Vectors) {
    let app = TestApp::start_with(database, vectors.options("ideas")).await;
    tell_for_three_clients(&app, |n| format!("A boat, the {n}th of nine."), "a sail").await;
    wait_until_indexed(&app).await;
    let near = async |narrowed: &str| {
        let query = format!("vessels&mode=semantic&{narrowed}");
        let answer = find(&app, &query).await;
        assert_eq!(answer["mode"], "semantic", "{answer}");
        answer
    };
    let count = async |narrowed: &str| found_texts(&near(narrowed).await).len();
    assert_eq!(count("limit=100").await, 10);
    assert_eq!(count("client_id=ada&limit=100").await, 5);
    assert_eq!(count("client_id=nobody").await, 0);
    assert_eq!(count("strategy=show-this-frame&limit=100").await, 9);
    assert_eq!(count("since=2000-01-01T00:00:00Z&limit=100").await, 10);
    assert_eq!(count("until=2000-01-01T00:00:00Z").await, 0);
    // Frames that are told meanwhile are on no later page.
    let first = near("limit=4").await;
    tell(&app, &[("ada", "One boat more.")]).await;
    wait_until_indexed(&app).await;
    let mut seen = found_texts(&first);
    let mut cursor = first["next_cursor"].as_str().map(str::to_owned);
    let pages = async {
        while let Some(place) = cursor {
            let page = near(&format!("limit=4&cursor={place}")).await;
            seen.extend(found_texts(&page));
            cursor = page["next_cursor"].as_str().map(str::to_owned);
        }
    };
    pages.await;
    assert_eq!(seen.len(), 10, "{seen:?}");
    assert!(!seen.contains(&"One boat more.".to_owned()), "{seen:?}");
    app.stop_and_remove().await;
}

async fn a_private_sparrows_stories_are_not_near(database: TestDatabase, vectors: Vectors) {
    let options = TestOptions { api_key: Some("a key of these tests"), ..vectors.options("ideas") };
    let mut app = TestApp::start_with(database, options).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let ada = token(&app, ScopeName::Device, Some("ada"), None).await;
    let ben = token(&app, ScopeName::Device, Some("ben"), None).await;
    app.client = client_with_key(&admin);
    let config = json!({"client_id": "ada", "is_private": true});
    assert_eq!(app.call("POST", "/admin/api/sparrow-configs", config).await.0, 201);
    let responses = tell(&app, &[("ada", "A ship of mine."), ("ben", "A ship of yours.")]).await;
    wait_until_indexed(&app).await;
    let story = responses[1]["story_id"].as_str().expect("an id");
    let similar = format!("/v2/stories/{story}/frames/0/similar");
    assert_eq!(found_texts(&app.json(&similar).await), ["A ship of"], "an admin sees it");
    for (who, ships, like_it) in [(&ada, 2, 1), (&ben, 1, 0)] {
        app.client = client_with_key(who);
        assert_eq!(found_texts(&find(&app, "boat&mode=semantic").await).len(), ships);
        assert_eq!(found_texts(&app.json(&similar).await).len(), like_it);
    }
    app.stop_and_remove().await;
}

async fn what_is_told_anew_is_found_anew(database: TestDatabase, vectors: Vectors) {
    let clock = ManualClock::new();
    let options = TestOptions { clock: clock.clone(), ..vectors.options("ideas") };
    let app = TestApp::start_with(database, options).await;
    let responses = tell(&app, &[("ada", "The lamp was lit. ".repeat(120).trim())]).await;
    wait_until_indexed(&app).await;
    assert!(vectors.count(&app).await > 1, "a long frame has pieces");
    assert_eq!(found_texts(&find(&app, "lamp&mode=semantic").await).len(), 1);
    let story = responses[0]["story_id"].as_str().expect("an id");
    let path = format!("/v2/stories/{story}/frames/0?client_id=ada");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    // The new frame with the same number is not mistaken for the removed one, even while the model is down.
    vectors.embedder.is_down.store(true, Ordering::Relaxed);
    clock.advance(TimeDelta::seconds(1));
    let order = json!({
        "client_id": "ada", "strategy": "show-this-frame", "story_id": story,
        "input_text": "The dog ate the loaf.",
    });
    app.create_frame(order).await;
    assert_eq!(found_texts(&find(&app, "lamp&mode=semantic").await), [""; 0]);
    vectors.embedder.is_down.store(false, Ordering::Relaxed);
    wait_until_idle_over_time(&app, &clock).await;
    assert_eq!(app.call("POST", "/admin/api/index", json!({})).await.0, 202);
    wait_until_indexed(&app).await;
    assert_eq!(found_texts(&find(&app, "puppy&mode=semantic").await), ["The dog ate"]);
    assert_eq!(vectors.count(&app).await, 1);
    app.stop_and_remove().await;
}

async fn nothing_of_an_erased_client_is_in_the_index(database: TestDatabase, vectors: Vectors) {
    let clock = ManualClock::new();
    let options = TestOptions { clock: clock.clone(), ..vectors.options("ideas") };
    let app = TestApp::start_with(database, options).await;
    tell(&app, FRAMES).await;
    wait_until_indexed(&app).await;
    assert_eq!(vectors.count(&app).await, 6);
    assert_eq!(app.call("DELETE", "/v2/clients/ada/", Value::Null).await.0, 202);
    app.wait_for_json("/admin/api/index", |status| status["pieces"] == 3).await;
    wait_until_idle_over_time(&app, &clock).await;
    assert_eq!(vectors.count(&app).await, 3);
    if let Some(pinecone) = &vectors.pinecone {
        let left = format!("{:?}", pinecone.vectors("calliope"));
        assert!(!left.contains("ada") && left.contains("ben"), "{left}");
    }
    app.stop_and_remove().await;
}

/// Waits until no task is open, including deferred ones.
pub async fn wait_until_idle_over_time(app: &TestApp, clock: &ManualClock) {
    let is_quiet = |tasks: &Value| {
        let open = tasks["items"].as_array().expect("tasks").iter();
        let mut open = open.filter(|task| task["completed_at"].is_null()).peekable();
        if open.peek().is_none() {
            return true;
        }
        // A larger step would make leases expire.
        if open.all(|task| task["status"] == "pending") {
            clock.advance(TimeDelta::minutes(3));
        }
        false
    };
    app.wait_for_json("/admin/api/tasks?limit=100", is_quiet).await;
}
