//! Finding by meaning, whatever keeps the vectors: the same is shown of the local index and of Pinecone, on both databases;
//! and what Pinecone's bad days do.

use std::sync::atomic::Ordering;

use calliope::domain::ScopeName;
use calliope::vectors::Pinecone;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::identity::token;
use crate::on_both;
use crate::pinecone::{FakeIndex, FakePinecone, KEY, THROTTLED, UNAVAILABLE};
use crate::search::{FRAMES, find, found, indexed, keyed, tell};
use crate::support::clock::HandClock;
use crate::support::embedder::{DIMENSION, Embedder};
use crate::support::{Options, TestApp, TestDatabase, in_time};

/// Each test on each index and each database.
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

on_both! {
    a_rebuild_moves_vectors_both_ways;
    a_missing_index_is_made_and_waited_for;
    an_index_that_does_not_fit_is_told_of_and_not_paid_for;
    a_throttled_pinecone_is_asked_again;
    without_pinecone_words_answer_and_what_is_gone_waits;
}

/// What keeps the vectors, and what makes them.
struct Vectors {
    embedder: Embedder,
    pinecone: Option<FakePinecone>,
}

impl Vectors {
    async fn local() -> Self {
        Self { embedder: Embedder::start().await, pinecone: None }
    }

    /// With an index that fits.
    async fn at_pinecone() -> Self {
        let pinecone = FakePinecone::start().await;
        let index = FakeIndex { dimension: DIMENSION, metric: "cosine", is_initializing: 0 };
        pinecone.add_index("stories", index);
        Self { embedder: Embedder::start().await, pinecone: Some(pinecone) }
    }

    fn options(&self, model: &str) -> Options {
        let search = self.pinecone.as_ref().map(|pinecone| pinecone.search("stories"));
        let pinecone = search.and_then(|search| Pinecone::of(&search).expect("a client"));
        Options { pinecone, ..self.embedder.options(model) }
    }

    /// How many vectors there are, by whoever keeps them.
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
    let told = tell(&app, FRAMES).await;
    indexed(&app).await;
    let answer = find(&app, "a%20sailing%20ship&limit=3").await;
    assert_eq!(
        (&answer["mode"], &found(&answer)[0]),
        (&json!("hybrid"), &"An old vessel".to_owned())
    );
    assert_eq!(answer["results"][0]["matched_by"], json!(["semantic"]));
    let answer = find(&app, "sorrow&mode=semantic&limit=1").await;
    assert_eq!(
        (&answer["mode"], found(&answer)),
        (&json!("semantic"), vec!["She wept over".to_owned()])
    );
    let answer = find(&app, "loaf&limit=1").await;
    assert_eq!(answer["results"][0]["matched_by"], json!(["lexical", "semantic"]), "{answer}");
    assert_eq!(answer["results"][0]["score"], 1.0);
    // The same query is not paid for twice.
    let asked = vectors.embedder.provider.received().len();
    find(&app, "loaf&limit=1").await;
    assert_eq!(vectors.embedder.provider.received().len(), asked);
    // Narrowed by meaning too.
    let answer = find(&app, "snow&mode=semantic&client_id=ada&limit=1").await;
    assert_ne!(found(&answer), ["A hound slept"]);
    // What is told and what is gone follow at once.
    tell(&app, &[("ada", "A puppy, at last!")]).await;
    indexed(&app).await;
    assert_eq!(found(&find(&app, "dogs&mode=semantic&limit=1").await), ["A puppy, at"]);
    let story = told[3]["story_id"].as_str().expect("an id");
    let path = format!("/v2/stories/{story}/?client_id=ben");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    let left = found(&find(&app, "snow&mode=semantic&limit=100").await);
    assert!(!left.contains(&"A hound slept".to_owned()), "{left:?}");
    assert_eq!(left.len(), 4, "ben's story is gone: {left:?}");
    app.finish().await;
}

async fn an_index_of_another_model_is_not_used_until_it_is_rebuilt(
    database: TestDatabase,
    vectors: Vectors,
) {
    let app = TestApp::start_with(database, vectors.options("ideas")).await;
    tell(&app, FRAMES).await;
    indexed(&app).await;
    let database = app.stop().await;
    let app = TestApp::start_with(database, vectors.options("other-ideas")).await;
    let ready = app.json("/readyz").await;
    assert_eq!(ready["vector_index"]["status"], "degraded", "{ready}");
    assert_eq!(find(&app, "ship").await["mode"], "lexical");
    // A new frame waits: vectors of two models do not mix.
    tell(&app, &[("ada", "The ship again.")]).await;
    assert_eq!(app.json("/admin/api/index").await["waiting"], 1);
    let (status, _) = app.call("POST", "/admin/api/index", json!({"force": true})).await;
    assert_eq!(status, 202);
    let rebuilt = async {
        loop {
            let status = app.json("/admin/api/index").await;
            if status["waiting"] == 0 && status["model"] == "openai/other-ideas" {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    in_time(rebuilt).await;
    let answer = find(&app, "ship&mode=semantic&limit=2").await;
    assert_eq!((&answer["mode"], found(&answer).len()), (&json!("semantic"), 2));
    assert_eq!(app.json("/readyz").await["vector_index"]["status"], "ok");
    app.finish().await;
}

async fn frames_like_one_are_found(database: TestDatabase, vectors: Vectors) {
    let app = TestApp::start_with(database, vectors.options("ideas")).await;
    let told = tell(&app, FRAMES).await;
    indexed(&app).await;
    tell(&app, &[("cleo", "A dog in the snow.")]).await;
    indexed(&app).await;
    let path = |story: &Value, number: u32| {
        format!(
            "/v2/stories/{}/frames/{number}/similar",
            story["story_id"].as_str().expect("an id")
        )
    };
    let similar = app.json(&format!("{}?limit=1", path(&told[3], 0))).await;
    assert_eq!(
        (&similar["is_indexed"], found(&similar)),
        (&json!(true), vec!["A dog in".to_owned()])
    );
    assert_eq!(app.call("GET", &path(&told[3], 9), Value::Null).await.0, 404);
    let nowhere = json!({"story_id": "01900000-0000-7000-8000-000000000000"});
    assert_eq!(app.call("GET", &path(&nowhere, 0), Value::Null).await.0, 404);
    app.finish().await;
}

async fn what_is_near_can_be_narrowed_and_read_on(database: TestDatabase, vectors: Vectors) {
    let app = TestApp::start_with(database, vectors.options("ideas")).await;
    let texts: Vec<String> = (0..9).map(|n| format!("A boat, the {n}th of nine.")).collect();
    let frames: Vec<(&str, &str)> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| (if n < 5 { "ada" } else { "ben" }, text.as_str()))
        .collect();
    tell(&app, &frames).await;
    app.frame(json!({"client_id": "cleo", "strategy": "fern", "input_text": "a sail"})).await;
    indexed(&app).await;
    let near = async |narrowed: &str| {
        let query = format!("vessels&mode=semantic&{narrowed}");
        let answer = find(&app, &query).await;
        assert_eq!(answer["mode"], "semantic", "{answer}");
        answer
    };
    let count = async |narrowed: &str| found(&near(narrowed).await).len();
    assert_eq!(count("limit=100").await, 10);
    assert_eq!(count("client_id=ada&limit=100").await, 5);
    assert_eq!(count("client_id=nobody").await, 0);
    assert_eq!(count("strategy=show-this-frame&limit=100").await, 9);
    assert_eq!(count("since=2000-01-01T00:00:00Z&limit=100").await, 10);
    assert_eq!(count("until=2000-01-01T00:00:00Z").await, 0);
    // What is told meanwhile is on no later page.
    let first = near("limit=4").await;
    tell(&app, &[("ada", "One boat more.")]).await;
    indexed(&app).await;
    let mut seen = found(&first);
    let mut cursor = first["next_cursor"].as_str().map(str::to_owned);
    let pages = async {
        while let Some(place) = cursor {
            let page = near(&format!("limit=4&cursor={place}")).await;
            seen.extend(found(&page));
            cursor = page["next_cursor"].as_str().map(str::to_owned);
        }
    };
    pages.await;
    assert_eq!(seen.len(), 10, "{seen:?}");
    assert!(!seen.contains(&"One boat more.".to_owned()), "{seen:?}");
    app.finish().await;
}

async fn a_private_sparrows_stories_are_not_near(database: TestDatabase, vectors: Vectors) {
    let options = Options { api_key: Some("a key of these tests"), ..vectors.options("ideas") };
    let mut app = TestApp::start_with(database, options).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let ada = token(&app, ScopeName::Device, Some("ada"), None).await;
    let ben = token(&app, ScopeName::Device, Some("ben"), None).await;
    app.client = keyed(&admin);
    let config = json!({"client_id": "ada", "is_private": true});
    assert_eq!(app.call("POST", "/admin/api/sparrow-configs", config).await.0, 201);
    let told = tell(&app, &[("ada", "A ship of mine."), ("ben", "A ship of yours.")]).await;
    indexed(&app).await;
    let story = told[1]["story_id"].as_str().expect("an id");
    let similar = format!("/v2/stories/{story}/frames/0/similar");
    assert_eq!(found(&app.json(&similar).await), ["A ship of"], "an admin sees it");
    for (who, ships, like_it) in [(&ada, 2, 1), (&ben, 1, 0)] {
        app.client = keyed(who);
        assert_eq!(found(&find(&app, "boat&mode=semantic").await).len(), ships);
        assert_eq!(found(&app.json(&similar).await).len(), like_it);
    }
    app.finish().await;
}

async fn what_is_told_anew_is_found_anew(database: TestDatabase, vectors: Vectors) {
    let clock = HandClock::new();
    let options = Options { clock: clock.clone(), ..vectors.options("ideas") };
    let app = TestApp::start_with(database, options).await;
    let told = tell(&app, &[("ada", "The lamp was lit. ".repeat(120).trim())]).await;
    indexed(&app).await;
    assert!(vectors.count(&app).await > 1, "a long frame has pieces");
    assert_eq!(found(&find(&app, "lamp&mode=semantic").await).len(), 1);
    let story = told[0]["story_id"].as_str().expect("an id");
    let path = format!("/v2/stories/{story}/frames/0?client_id=ada");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    // What comes in its place is not taken for it, though the model cannot be asked what it is.
    vectors.embedder.is_down.store(true, Ordering::Relaxed);
    clock.jump(TimeDelta::seconds(1));
    let order = json!({
        "client_id": "ada", "strategy": "show-this-frame", "story_id": story,
        "input_text": "The dog ate the loaf.",
    });
    app.frame(order).await;
    assert_eq!(found(&find(&app, "lamp&mode=semantic").await), [""; 0]);
    vectors.embedder.is_down.store(false, Ordering::Relaxed);
    quiet_over_time(&app, &clock).await;
    assert_eq!(app.call("POST", "/admin/api/index", json!({})).await.0, 202);
    indexed(&app).await;
    assert_eq!(found(&find(&app, "puppy&mode=semantic").await), ["The dog ate"]);
    assert_eq!(vectors.count(&app).await, 1);
    app.finish().await;
}

async fn nothing_of_an_erased_client_is_in_the_index(database: TestDatabase, vectors: Vectors) {
    let clock = HandClock::new();
    let options = Options { clock: clock.clone(), ..vectors.options("ideas") };
    let app = TestApp::start_with(database, options).await;
    tell(&app, FRAMES).await;
    indexed(&app).await;
    assert_eq!(vectors.count(&app).await, 6);
    assert_eq!(app.call("DELETE", "/v2/clients/ada/", Value::Null).await.0, 202);
    app.json_when("/admin/api/index", |status| status["pieces"] == 3).await;
    quiet_over_time(&app, &clock).await;
    assert_eq!(vectors.count(&app).await, 3);
    if let Some(pinecone) = &vectors.pinecone {
        let left = format!("{:?}", pinecone.vectors("calliope"));
        assert!(!left.contains("ada") && left.contains("ben"), "{left}");
    }
    app.finish().await;
}

/// Until no task is open, those that are put off included.
async fn quiet_over_time(app: &TestApp, clock: &HandClock) {
    let is_quiet = |tasks: &Value| {
        let open = tasks["items"].as_array().expect("tasks").iter();
        let mut open = open.filter(|task| task["completed_at"].is_null()).peekable();
        if open.peek().is_none() {
            return true;
        }
        // A lease would run out with a jump.
        if open.all(|task| task["status"] == "pending") {
            clock.jump(TimeDelta::minutes(3));
        }
        false
    };
    app.json_when("/admin/api/tasks?limit=100", is_quiet).await;
}

/// Has the index made anew, and waits for it.
async fn rebuilt(app: &TestApp, place: &str) {
    let (status, _) = app.call("POST", "/admin/api/index", json!({"force": true})).await;
    assert_eq!(status, 202);
    let is_there = |status: &Value| status["waiting"] == 0 && status["place"] == place;
    app.json_when("/admin/api/index", is_there).await;
}

async fn a_rebuild_moves_vectors_both_ways(database: TestDatabase) {
    let vectors = Vectors::at_pinecone().await;
    let pinecone = vectors.pinecone.as_ref().expect("it is there");
    let app = TestApp::start_with(database, vectors.embedder.options("ideas")).await;
    tell(&app, FRAMES).await;
    indexed(&app).await;
    let app = TestApp::start_with(app.stop().await, vectors.options("ideas")).await;
    assert_eq!(find(&app, "ship").await["mode"], "lexical", "the index is elsewhere");
    let ready = app.json("/readyz").await;
    assert_eq!(ready["vector_index"]["status"], "degraded", "{ready}");
    rebuilt(&app, "pinecone/stories/calliope").await;
    assert_eq!(found(&find(&app, "ship&mode=semantic&limit=1").await), ["An old vessel"]);
    let status = app.json("/admin/api/index").await;
    assert_eq!((&status["pieces"], &status["counted"]), (&json!(6), &json!(6)));
    let (id, known) = &pinecone.vectors("calliope")[0];
    let story = known["story"].as_str().expect("a story");
    assert_eq!(*id, format!("{story}/0/0"));
    assert_eq!(known["environment"], "calliope");
    assert_eq!((&known["language"], &known["number"]), (&json!("en"), &json!(0.0)));
    // A second time leaves no more than the first.
    rebuilt(&app, "pinecone/stories/calliope").await;
    app.quiet().await;
    assert_eq!(pinecone.vectors("calliope").len(), 6);
    let app = TestApp::start_with(app.stop().await, vectors.embedder.options("ideas")).await;
    assert_eq!(find(&app, "ship").await["mode"], "lexical");
    rebuilt(&app, "local").await;
    assert_eq!(found(&find(&app, "ship&mode=semantic&limit=1").await), ["An old vessel"]);
    app.finish().await;
}

async fn a_missing_index_is_made_and_waited_for(database: TestDatabase) {
    let (pinecone, embedder) = (FakePinecone::start().await, Embedder::start().await);
    let mut search = pinecone.search("tales");
    let made = |search: &_| Pinecone::of(search).expect("a client");
    let options = Options { pinecone: made(&search), ..embedder.options("ideas") };
    let app = TestApp::start_with(database, options).await;
    app.app.prepare_index().await;
    let ready = app.json("/readyz").await;
    let reason = ready["vector_index"]["reason"].as_str().expect("a reason");
    assert!(reason.contains("no index tales") && reason.contains("SEMANTIC_SEARCH_CREATE"));
    assert!(pinecone.index("tales").is_none());
    search.creates_index = true;
    search.pinecone_environment = Some("aws-us-east-1".to_owned());
    let options = Options { pinecone: made(&search), ..embedder.options("ideas") };
    let app = TestApp::start_with(app.stop().await, options).await;
    app.app.prepare_index().await;
    let index = pinecone.index("tales").expect("it was made");
    assert_eq!((index.dimension, index.metric), (DIMENSION, "cosine"));
    assert_eq!((pinecone.calls("create"), index.is_initializing), (1, 0));
    tell(&app, &FRAMES[..2]).await;
    indexed(&app).await;
    assert_eq!(found(&find(&app, "ship&mode=semantic&limit=1").await), ["An old vessel"]);
    assert_eq!(app.json("/readyz").await["vector_index"]["status"], "ok");
    app.finish().await;
}

async fn an_index_that_does_not_fit_is_told_of_and_not_paid_for(database: TestDatabase) {
    let (pinecone, embedder) = (FakePinecone::start().await, Embedder::start().await);
    for (name, dimension, metric) in [("wide", 1536, "cosine"), ("dotted", DIMENSION, "dotproduct")]
    {
        pinecone.add_index(name, FakeIndex { dimension, metric, is_initializing: 0 });
    }
    let mut database = database;
    let mut wrong = pinecone.search("wide");
    wrong.pinecone_api_key = Some(format!("{KEY}-of-another").into());
    for (search, expected) in [
        (pinecone.search("wide"), ["1536 numbers by cosine", "SEMANTIC_SEARCH_INDEX"]),
        (pinecone.search("dotted"), ["by dotproduct", "by cosine"]),
        (wrong, ["does not take the key", "PINECONE_API_KEY"]),
    ] {
        let pinecone = Pinecone::of(&search).expect("a client");
        let options = Options { pinecone, ..embedder.options("ideas") };
        let app = TestApp::start_with(database, options).await;
        app.app.prepare_index().await;
        let asked = embedder.provider.received().len();
        let ready = app.json("/readyz").await;
        let part = &ready["vector_index"];
        let reason = part["reason"].as_str().expect("a reason");
        assert!(expected.iter().all(|words| reason.contains(words)), "{reason}");
        assert_eq!((&ready["status"], &part["status"]), (&json!("degraded"), &json!("degraded")));
        tell(&app, &FRAMES[..1]).await;
        app.quiet().await;
        assert_eq!(embedder.provider.received().len(), asked, "nothing was paid for");
        assert_eq!(find(&app, "keepers").await["mode"], "lexical");
        database = app.stop().await;
    }
    assert_eq!(pinecone.calls("Upsert"), 0);
    database.remove().await;
}

async fn a_throttled_pinecone_is_asked_again(database: TestDatabase) {
    let vectors = Vectors::at_pinecone().await;
    let pinecone = vectors.pinecone.as_ref().expect("it is there");
    let app = TestApp::start_with(database, vectors.options("ideas")).await;
    pinecone.fail("Upsert", &[THROTTLED, THROTTLED, UNAVAILABLE]);
    tell(&app, &FRAMES[1..2]).await;
    indexed(&app).await;
    assert_eq!((pinecone.calls("Upsert"), pinecone.vectors("calliope").len()), (4, 1));
    let tasks = app.json("/admin/api/tasks?limit=100").await.to_string();
    assert!(!tasks.contains("\"failed\""), "{tasks}");
    pinecone.fail("Query", &[THROTTLED]);
    let answer = find(&app, "ship&mode=semantic").await;
    assert_eq!((&answer["mode"], found(&answer).len()), (&json!("semantic"), 1), "once is nothing");
    pinecone.fail("Query", &[THROTTLED, THROTTLED]);
    let answer = find(&app, "vessel").await;
    assert_eq!(
        (&answer["mode"], found(&answer).len()),
        (&json!("lexical"), 1),
        "nobody waits long"
    );
    app.finish().await;
}

async fn without_pinecone_words_answer_and_what_is_gone_waits(database: TestDatabase) {
    let (vectors, clock) = (Vectors::at_pinecone().await, HandClock::new());
    let pinecone = vectors.pinecone.as_ref().expect("it is there");
    let options = Options { clock: clock.clone(), ..vectors.options("ideas") };
    let app = TestApp::start_with(database, options).await;
    let told = tell(&app, FRAMES).await;
    indexed(&app).await;
    app.quiet().await;
    pinecone.set_down(true);
    let answer = find(&app, "vessel&mode=semantic").await;
    assert_eq!((&answer["mode"], found(&answer).len()), (&json!("lexical"), 1));
    let queries = pinecone.calls("Query");
    find(&app, "vessel").await;
    assert_eq!(pinecone.calls("Query"), queries, "nobody waits for it again at once");
    let story = told[1]["story_id"].as_str().expect("an id");
    let (status, problem) =
        app.call("GET", &format!("/v2/stories/{story}/frames/0/similar"), Value::Null).await;
    assert_eq!((status, &problem["detail"]), (503, &json!("Pinecone does not answer.")));
    let ready = app.json("/readyz").await;
    assert_eq!(ready["vector_index"]["status"], "degraded", "{ready}");
    // A story that goes meanwhile leaves Pinecone when that is well again.
    let path = format!("/v2/stories/{story}/?client_id=ada");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    let put_off = |tasks: &Value| {
        let tasks = tasks["items"].as_array().expect("tasks");
        tasks.iter().any(|task| task["task_type"] == "forget_frames" && task["status"] == "pending")
    };
    app.json_when("/admin/api/tasks?limit=100", put_off).await;
    assert_eq!(pinecone.vectors("calliope").len(), 6);
    pinecone.set_down(false);
    assert_eq!(app.json("/readyz").await["vector_index"]["status"], "ok");
    assert_eq!(find(&app, "ship&mode=semantic").await["mode"], "semantic");
    quiet_over_time(&app, &clock).await;
    let left = pinecone.vectors("calliope");
    assert_eq!(left.len(), 3, "the story had three of six frames");
    assert!(left.iter().all(|(id, _)| !id.starts_with(story)), "{left:?}");
    app.finish().await;
}
