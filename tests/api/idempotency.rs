//! `Idempotency-Key`: a request that is sent again is the same request.

use serde_json::{Value, json};

use crate::on_both;
use crate::support::{TestApp, TestDatabase, answer};

on_both! {
    the_same_key_and_body_is_one_frame;
    what_is_sent_at_once_is_one_frame_too;
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
    let (status, problem) = answer(post(&app, "k-1", &other)).await;
    assert_eq!(status, 422, "{problem}");
    let (status, told) = answer(post(&app, "k-2", &body)).await;
    assert_eq!((status, &told["story_frame_count"]), (200, &json!(2)));
    let (status, _) = answer(post(&app, &"x".repeat(256), &body)).await;
    assert_eq!(status, 422);
    app.finish().await;
}

async fn what_is_sent_at_once_is_one_frame_too(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let body = json!({"client_id": "s", "strategy": "literal", "input_text": "Once."});
    let posts: Vec<_> = (0..8).map(|_| tokio::spawn(answer(post(&app, "k", &body)))).collect();
    let mut answers = Vec::new();
    for post in posts {
        let (status, told) = post.await.expect("joined");
        assert_eq!(status, 200, "{told}");
        answers.push(told);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(app.json("/v1/story?client_id=s").await["story_frame_count"], 1);
    app.finish().await;
}
