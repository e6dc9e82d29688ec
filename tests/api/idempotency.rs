//! `Idempotency-Key`: a repeated request is carried out once.

use serde_json::{Value, json};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, send_json};

on_both! {
    the_same_key_and_body_is_one_frame;
    what_is_sent_at_once_is_one_frame_too;
    every_other_post_is_done_once_too;
    what_was_refused_may_be_sent_again;
}

fn post(app: &TestApp, key: &str, body: &Value) -> reqwest::RequestBuilder {
    app.post_frame(body).header("Idempotency-Key", key)
}

async fn the_same_key_and_body_is_one_frame(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let body = json!({"client_id": "s", "strategy": "literal", "input_text": "Once."});
    let first = post(&app, "k-1", &body).send().await.expect("an answer");
    assert!(first.headers().get("idempotent-replayed").is_none());
    let first: Value = first.json().await.expect("JSON");
    let second = post(&app, "k-1", &body).send().await.expect("an answer");
    assert_eq!(second.headers()["idempotent-replayed"], "true");
    let second: Value = second.json().await.expect("JSON");
    assert_eq!(second, first, "the first answer, to the letter");
    let other = json!({"client_id": "s", "strategy": "literal", "input_text": "Another."});
    let (status, problem) = send_json(post(&app, "k-1", &other)).await;
    assert_eq!(status, 422, "{problem}");
    let (status, created) = send_json(post(&app, "k-2", &body)).await;
    assert_eq!((status, &created["story_frame_count"]), (200, &json!(2)));
    let (status, _) = send_json(post(&app, &"x".repeat(256), &body)).await;
    assert_eq!(status, 422);
    app.stop_and_remove().await;
}

async fn what_is_sent_at_once_is_one_frame_too(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let body = json!({"client_id": "s", "strategy": "literal", "input_text": "Once."});
    let posts: Vec<_> = (0..8).map(|_| tokio::spawn(send_json(post(&app, "k", &body)))).collect();
    let mut answers = Vec::new();
    for post in posts {
        let (status, created) = post.await.expect("joined");
        assert_eq!(status, 200, "{created}");
        answers.push(created);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(app.json("/v1/story?client_id=s").await["story_frame_count"], 1);
    app.stop_and_remove().await;
}

async fn every_other_post_is_done_once_too(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let post = |path: &str, key: &str, body: Value| {
        let request = app.client.post(format!("{}{path}", app.url)).header("idempotency-key", key);
        request.json(&body)
    };
    let path = "/admin/api/flock-configs";
    let body = json!({"flock_id": "f"});
    let sends: Vec<_> =
        (0..6).map(|_| tokio::spawn(post(path, "k", body.clone()).send())).collect();
    let mut replays = 0;
    let mut answers = Vec::new();
    for send in sends {
        let response = send.await.expect("joined").expect("an answer");
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["location"], "/admin/api/flock-configs/f");
        replays += usize::from(response.headers().contains_key("idempotent-replayed"));
        answers.push(response.text().await.expect("a body"));
    }
    answers.dedup();
    assert_eq!((replays, answers.len()), (5, 1), "done once, answered alike");
    assert_eq!(
        send_json(post(path, "k", json!({"flock_id": "g"}))).await.0,
        422,
        "another request"
    );
    assert_eq!(send_json(post(path, "l", body)).await.0, 409, "another key is another request");
    for _ in 0..2 {
        let reports = post("/v2/clients/s/telemetry", "k", json!({"battery_mv": 1}));
        assert_eq!(send_json(reports).await, (204, json!("")));
    }
    let history = app.json("/v2/clients/s/telemetry").await;
    assert_eq!(history["items"].as_array().map(Vec::len), Some(1));
    app.stop_and_remove().await;
}

async fn what_was_refused_may_be_sent_again(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let post = |path: &str, body: Value| {
        app.client.post(format!("{}{path}", app.url)).header("idempotency-key", "k").json(&body)
    };
    let sparrow = json!({"client_id": "s", "parent_flock_id": "f"});
    assert_eq!(send_json(post("/admin/api/sparrow-configs", sparrow.clone())).await.0, 422);
    assert_eq!(app.call("POST", "/admin/api/flock-configs", json!({"flock_id": "f"})).await.0, 201);
    assert_eq!(send_json(post("/admin/api/sparrow-configs", sparrow)).await.0, 201);
    let token = json!({"name": "t", "scope": "client"});
    let (status, made) = send_json(post("/admin/api/tokens", token.clone())).await;
    assert!(status == 201 && made["token"].is_string(), "{made}");
    let (status, problem) = send_json(post("/admin/api/tokens", token)).await;
    assert_eq!(status, 409, "a secret is shown once: {problem}");
    let tokens = app.json("/admin/api/tokens").await;
    assert_eq!(tokens["items"].as_array().map(Vec::len), Some(1));
    app.stop_and_remove().await;
}
