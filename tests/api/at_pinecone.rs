//! Vectors in Pinecone: moving them there and back, and failures of the service.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::on_both;
use crate::pinecone::{FakeIndex, FakePinecone, KEY, THROTTLED, UNAVAILABLE, client};
use crate::search::{FRAMES, find, found_texts, tell, wait_until_indexed};
use crate::support::clock::ManualClock;
use crate::support::embedder::{DIMENSION, FakeEmbedder};
use crate::support::{TestApp, TestDatabase, TestOptions};
use crate::vectors::{Vectors, wait_until_idle_over_time};

on_both! {
    a_rebuild_moves_vectors_both_ways;
    a_missing_index_is_made_and_waited_for;
    an_index_that_does_not_fit_is_told_of_and_not_paid_for;
    a_throttled_pinecone_is_asked_again;
    without_pinecone_words_answer_and_what_is_gone_waits;
}

/// Rebuilds the index and waits for it.
async fn rebuild(app: &TestApp, place: &str) {
    let (status, _) = app.call("POST", "/admin/api/index", json!({"force": true})).await;
    assert_eq!(status, 202);
    let is_there = |status: &Value| status["waiting"] == 0 && status["place"] == place;
    app.wait_for_json("/admin/api/index", is_there).await;
}

async fn a_rebuild_moves_vectors_both_ways(database: TestDatabase) {
    let vectors = Vectors::at_pinecone().await;
    let pinecone = vectors.pinecone.as_ref().expect("it is there");
    let app = TestApp::start_with(database, vectors.embedder.options("ideas")).await;
    tell(&app, FRAMES).await;
    wait_until_indexed(&app).await;
    let app = TestApp::start_with(app.stop().await, vectors.options("ideas")).await;
    assert_eq!(find(&app, "ship").await["mode"], "lexical", "the index is elsewhere");
    let ready = app.json("/readyz").await;
    assert_eq!(ready["vector_index"]["status"], "degraded", "{ready}");
    rebuild(&app, "pinecone/stories/calliope").await;
    assert_eq!(found_texts(&find(&app, "ship&mode=semantic&limit=1").await), ["An old vessel"]);
    let status = app.json("/admin/api/index").await;
    assert_eq!((&status["pieces"], &status["counted"]), (&json!(6), &json!(6)));
    let (id, known) = &pinecone.vectors("calliope")[0];
    let story = known["story"].as_str().expect("a story");
    assert_eq!(*id, format!("{story}/0/0"));
    assert_eq!(known["environment"], "calliope");
    assert_eq!((&known["language"], &known["number"]), (&json!("en"), &json!(0.0)));
    // A second rebuild leaves as many vectors as the first.
    rebuild(&app, "pinecone/stories/calliope").await;
    app.wait_until_idle().await;
    assert_eq!(pinecone.vectors("calliope").len(), 6);
    let app = TestApp::start_with(app.stop().await, vectors.embedder.options("ideas")).await;
    assert_eq!(find(&app, "ship").await["mode"], "lexical");
    rebuild(&app, "local").await;
    assert_eq!(found_texts(&find(&app, "ship&mode=semantic&limit=1").await), ["An old vessel"]);
    app.stop_and_remove().await;
}

async fn a_missing_index_is_made_and_waited_for(database: TestDatabase) {
    let (pinecone, embedder) = (FakePinecone::start().await, FakeEmbedder::start().await);
    let mut search = pinecone.search("tales");
    let options = TestOptions { pinecone: client(&search), ..embedder.options("ideas") };
    let app = TestApp::start_with(database, options).await;
    app.app.search().prepare_index().await;
    let ready = app.json("/readyz").await;
    let reason = ready["vector_index"]["reason"].as_str().expect("a reason");
    assert!(reason.contains("no index tales") && reason.contains("SEMANTIC_SEARCH_CREATE"));
    assert!(pinecone.index("tales").is_none());
    search.create_index = true;
    search.pinecone_environment = Some("aws-us-east-1".to_owned());
    let options = TestOptions { pinecone: client(&search), ..embedder.options("ideas") };
    let app = TestApp::start_with(app.stop().await, options).await;
    app.app.search().prepare_index().await;
    let index = pinecone.index("tales").expect("it was made");
    assert_eq!((index.dimension, index.metric), (DIMENSION, "cosine"));
    assert_eq!((pinecone.calls("create"), index.is_initializing), (1, 0));
    tell(&app, &FRAMES[..2]).await;
    wait_until_indexed(&app).await;
    assert_eq!(found_texts(&find(&app, "ship&mode=semantic&limit=1").await), ["An old vessel"]);
    assert_eq!(app.json("/readyz").await["vector_index"]["status"], "ok");
    app.stop_and_remove().await;
}

async fn an_index_that_does_not_fit_is_told_of_and_not_paid_for(database: TestDatabase) {
    let (pinecone, embedder) = (FakePinecone::start().await, FakeEmbedder::start().await);
    for (name, dimension, metric) in [("wide", 1536, "cosine"), ("dotted", DIMENSION, "dotproduct")]
    {
        pinecone.add_index(name, FakeIndex { dimension, metric, is_initializing: 0 });
    }
    let mut database = database;
    let mut wrong = pinecone.search("wide");
    wrong.pinecone_api_key = Some(format!("{KEY}-of-another").into());
    // The last frame is not shown again, so each round tells a frame of its own.
    for (round, search, expected) in [
        (
            0,
            pinecone.search("wide"),
            ["1536 dimensions and the metric cosine", "SEMANTIC_SEARCH_INDEX"],
        ),
        (1, pinecone.search("dotted"), ["the metric dotproduct", "the metric cosine"]),
        (2, wrong, ["rejects the API key", "PINECONE_API_KEY"]),
    ] {
        let options = TestOptions { pinecone: client(&search), ..embedder.options("ideas") };
        let app = TestApp::start_with(database, options).await;
        app.app.search().prepare_index().await;
        let request_count = embedder.provider.received().len();
        let ready = app.json("/readyz").await;
        let part = &ready["vector_index"];
        let reason = part["reason"].as_str().expect("a reason");
        assert!(expected.iter().all(|words| reason.contains(words)), "{reason}");
        assert_eq!((&ready["status"], &part["status"]), (&json!("degraded"), &json!("degraded")));
        tell(&app, &FRAMES[round..=round]).await;
        app.wait_until_idle().await;
        let status = app.json("/admin/api/index").await;
        assert_eq!((&status["waiting"], &status["place"]), (&json!(round + 1), &Value::Null));
        assert_eq!(embedder.provider.received().len(), request_count, "nothing was paid for");
        assert_eq!(find(&app, "keepers").await["mode"], "lexical");
        database = app.stop().await;
    }
    // Nor is the index accepted if it is first checked when a vector is stored.
    let search = pinecone.search("wide");
    let options = TestOptions { pinecone: client(&search), ..embedder.options("ideas") };
    let app = TestApp::start_with(database, options).await;
    tell(&app, &FRAMES[3..4]).await;
    app.wait_until_idle().await;
    let status = app.json("/admin/api/index").await;
    assert_eq!((&status["waiting"], &status["place"]), (&json!(4), &Value::Null));
    assert_eq!(pinecone.calls("Upsert"), 0);
    app.stop_and_remove().await;
}

async fn a_throttled_pinecone_is_asked_again(database: TestDatabase) {
    let vectors = Vectors::at_pinecone().await;
    let pinecone = vectors.pinecone.as_ref().expect("it is there");
    let app = TestApp::start_with(database, vectors.options("ideas")).await;
    pinecone.fail("Upsert", &[THROTTLED, THROTTLED, UNAVAILABLE]);
    tell(&app, &FRAMES[1..2]).await;
    wait_until_indexed(&app).await;
    assert_eq!((pinecone.calls("Upsert"), pinecone.vectors("calliope").len()), (4, 1));
    let tasks = app.json("/admin/api/tasks?limit=100").await.to_string();
    assert!(!tasks.contains("\"failed\""), "{tasks}");
    pinecone.fail("Query", &[THROTTLED]);
    let answer = find(&app, "ship&mode=semantic").await;
    assert_eq!(
        (&answer["mode"], found_texts(&answer).len()),
        (&json!("semantic"), 1),
        "once is nothing"
    );
    pinecone.fail("Query", &[THROTTLED, THROTTLED]);
    let answer = find(&app, "vessel").await;
    assert_eq!(
        (&answer["mode"], found_texts(&answer).len()),
        (&json!("lexical"), 1),
        "nobody waits long"
    );
    // Nor as long as Pinecone asks, and it is asked again by the next search.
    pinecone.set_retry_after(Some(60));
    pinecone.fail("Query", &[THROTTLED]);
    let queries = pinecone.calls("Query");
    let answer = find(&app, "an%20old%20vessel").await;
    assert_eq!((&answer["mode"], pinecone.calls("Query")), (&json!("lexical"), queries + 1));
    assert_eq!(find(&app, "ship&mode=semantic").await["mode"], "semantic");
    app.stop_and_remove().await;
}

async fn without_pinecone_words_answer_and_what_is_gone_waits(database: TestDatabase) {
    let (vectors, clock) = (Vectors::at_pinecone().await, ManualClock::new());
    let pinecone = vectors.pinecone.as_ref().expect("it is there");
    let options = TestOptions { clock: clock.clone(), ..vectors.options("ideas") };
    let app = TestApp::start_with(database, options).await;
    let responses = tell(&app, FRAMES).await;
    wait_until_indexed(&app).await;
    app.wait_until_idle().await;
    pinecone.set_down(true);
    let answer = find(&app, "vessel&mode=semantic").await;
    assert_eq!((&answer["mode"], found_texts(&answer).len()), (&json!("lexical"), 1));
    let queries = pinecone.calls("Query");
    find(&app, "vessel").await;
    assert_eq!(pinecone.calls("Query"), queries, "nobody waits for it again at once");
    let story = responses[1]["story_id"].as_str().expect("an id");
    let (status, problem) =
        app.call("GET", &format!("/v2/stories/{story}/frames/0/similar"), Value::Null).await;
    let detail = "The index for search does not answer; try again later.";
    assert_eq!((status, &problem["detail"]), (503, &json!(detail)));
    let ready = app.json("/readyz").await;
    assert_eq!(ready["vector_index"]["status"], "degraded", "{ready}");
    // The vectors of a story that is removed meanwhile are removed once Pinecone works again.
    let path = format!("/v2/stories/{story}/?client_id=ada");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    let put_off = |tasks: &Value| {
        let tasks = tasks["items"].as_array().expect("tasks");
        tasks.iter().any(|task| task["task_type"] == "forget_frames" && task["status"] == "pending")
    };
    app.wait_for_json("/admin/api/tasks?limit=100", put_off).await;
    assert_eq!(pinecone.vectors("calliope").len(), 6);
    pinecone.set_down(false);
    assert_eq!(app.json("/readyz").await["vector_index"]["status"], "ok");
    assert_eq!(find(&app, "ship&mode=semantic").await["mode"], "semantic");
    let is_looked_after_again = |_: &Value| pinecone.vectors("calliope").len() == 3;
    clock.advance(TimeDelta::minutes(6));
    app.wait_for_json("/livez", is_looked_after_again).await;
    pinecone.arrive("calliope", &format!("{story}/1/0"));
    wait_until_idle_over_time(&app, &clock).await;
    let left = pinecone.vectors("calliope");
    assert_eq!(left.len(), 3, "the story had three of six frames");
    assert!(left.iter().all(|(id, _)| !id.starts_with(story)), "{left:?}");
    app.stop_and_remove().await;
}
