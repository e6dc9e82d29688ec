//! `/v2/tasks`: cancelling and retrying tasks, and repeated orders.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::on_both;
use crate::support::gated_image_model::gated_image_model;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json, with_timeout};
use crate::v2_stories::wait_until_ended;

on_both! {
    an_order_that_is_sent_again_is_one_order;
    a_task_is_called_off_and_tried_again;
}

async fn an_order_that_is_sent_again_is_one_order(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let body =
        json!({"strategy": "literal", "snippets": [{"snippet_type": "text", "content": "Once."}]});
    let post = |body: &Value| {
        let url = format!("{}/v2/stories?client_id=s", app.url);
        app.client.post(url).header("idempotency-key", "k").json(body)
    };
    let (status, first) = send_json(post(&body)).await;
    assert_eq!(status, 202, "{first}");
    let again = post(&body).send().await.expect("an answer");
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.json::<Value>().await.expect("JSON"), first);
    let (status, _) = send_json(post(&json!({"strategy": "literal"}))).await;
    assert_eq!(status, 422);
    app.stop_and_remove().await;
}

async fn a_task_is_called_off_and_tried_again(database: TestDatabase) {
    let (slow, registry) = gated_image_model();
    let options = TestOptions { registry: Some(registry), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let body =
        json!({"strategy": "literal", "snippets": [{"snippet_type": "text", "content": "Told."}]});
    let (_, first) = app.call("POST", "/v2/stories?client_id=s", body).await;
    let _begun = with_timeout(slow.started.acquire()).await.expect("the first frame runs");
    let story = first["story_id"].as_str().expect("an id");
    let next = json!({"snippets": [{"snippet_type": "text", "content": "Next."}]});
    let (_, second) =
        app.call("POST", &format!("/v2/stories/{story}/frames?client_id=s"), next).await;
    let read = app.json(&format!("/v2/stories/{story}")).await;
    assert_eq!(read["status"]["status"], "running");
    assert_eq!(read["status"]["task_id"], first["task_id"]);
    let (status, _) =
        app.call("DELETE", &format!("/v2/stories/{story}/frames/0?client_id=s"), Value::Null).await;
    assert_eq!(status, 409, "it is being told");
    let post = |task: &Value, what: &str| {
        let path =
            format!("/v2/tasks/{}/{what}?client_id=s", task["task_id"].as_str().expect("an id"));
        let request = app.client.post(format!("{}{path}", app.url));
        send_json(request)
    };
    assert_eq!(post(&first, "retry").await.0, 409, "it runs");
    let (status, cancelled) = post(&first, "cancel").await;
    assert_eq!((status, &cancelled["status"]), (200, &json!("cancelled")));
    assert_eq!(post(&first, "cancel").await.0, 409);
    // The second attempt runs now; the first was interrupted and saves nothing.
    let _begun = with_timeout(slow.started.acquire()).await.expect("the second frame runs");
    slow.release.add_permits(100);
    let id = |task: &Value| task["task_id"].as_str().expect("an id").to_owned();
    assert_eq!(wait_until_ended(&app, &id(&second), "s").await["status"], "completed");
    assert_eq!(post(&first, "retry").await.1["status"], "pending");
    assert_eq!(wait_until_ended(&app, &id(&first), "s").await["status"], "completed");
    let read = app.json(&format!("/v2/stories/{story}")).await;
    let texts: Vec<&Value> =
        read["frames"].as_array().expect("frames").iter().map(|f| &f["text"]).collect();
    assert_eq!(texts, [&json!("Next.\n"), &json!("Told.\n")]);
    assert_eq!(post(&json!({"task_id": Uuid::nil().to_string()}), "cancel").await.0, 404);
    assert_eq!(post(&json!({"task_id": "x"}), "retry").await.0, 404);
    app.stop_and_remove().await;
}
