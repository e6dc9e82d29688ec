//! Server-Sent Events of stories and clients.

use serde_json::json;

use crate::on_both;
use crate::support::gated_image_model::gated_image_model;
use crate::support::sse::{SseEvent, SseStream, event_labels};
use crate::support::{TestApp, TestDatabase, TestOptions, send_json, with_timeout};

on_both! {
    the_words_come_before_the_picture;
    a_listener_hears_a_story_as_it_is_told;
    who_comes_back_hears_what_was_missed_and_nothing_twice;
    a_client_hears_all_of_its_stories_and_no_others;
    a_removed_story_says_so_and_ends;
}

async fn frame(app: &TestApp, client: &str, text: &str) -> String {
    let body = json!({"client_id": client, "strategy": "literal", "input_text": text});
    app.create_frame(body).await["story_id"].as_str().expect("an id").to_owned()
}

fn is_done(event: &SseEvent) -> bool {
    event.event == "task" && event.data["status"] == "completed"
}

async fn a_listener_hears_a_story_as_it_is_told(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let story = frame(&app, "s", "One.").await;
    let path = format!("/v2/stories/{story}/events");
    let head = app.client.head(format!("{}{path}", app.url)).send().await.expect("an answer");
    assert_eq!(head.headers()["content-type"], "text/event-stream");
    assert_eq!(
        with_timeout(head.text()).await.expect("an end"),
        "",
        "there is nothing to wait for"
    );
    let mut stream = SseStream::open(app.get(&path)).await;
    frame(&app, "s", "Two.").await;
    let received = stream.read_until(is_done).await;
    let received: Vec<SseEvent> =
        received.into_iter().filter(|e| e.data["status"] != "running").collect();
    assert_eq!(event_labels(&received), ["task pending", "frame 1", "task completed"]);
    assert_eq!(received[0].data["story_id"], json!(story));
    assert_eq!(received[0].data["id"], received[2].data["id"], "the task");
    assert_eq!(received[2].data["message"], "Done.");
    assert!(received.is_sorted_by_key(|event| event.id));
    let renamed =
        app.call("PATCH", &format!("/v2/stories/{story}?client_id=s"), json!({"title": "A"})).await;
    assert_eq!(renamed.0, 200);
    let received = stream.next().await.expect("the title");
    assert_eq!((received.event.as_str(), &received.data["title"]), ("story", &json!("A")));
    app.stop_and_remove().await;
    assert_eq!(stream.next().await, None, "it ends with the service");
}

async fn who_comes_back_hears_what_was_missed_and_nothing_twice(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let story = frame(&app, "s", "One.").await;
    let path = format!("/v2/stories/{story}/events");
    let all = SseStream::open(app.get(&path).header("last-event-id", "0"))
        .await
        .read_until(is_done)
        .await;
    assert_eq!(event_labels(&all).first().map(String::as_str), Some("task pending"));
    assert!(event_labels(&all).contains(&"story one".to_owned()), "{:?}", event_labels(&all));
    // The connection ends before any event. The first block has told the client where to continue.
    let idle = SseStream::open(app.get(&path)).await.last_id.expect("an id");
    assert_eq!(idle, all.last().expect("events").id);
    for number in 0..3 {
        frame(&app, "s", &format!("{number}")).await;
    }
    let numbers = |received: &[SseEvent]| -> Vec<i64> {
        received.iter().filter_map(|event| event.data["number"].as_i64()).collect()
    };
    for from in [
        app.get(&path).header("last-event-id", idle),
        app.get(&format!("{path}?last_event_id={idle}")),
        app.get(&format!("{path}?lastEventId={idle}&_=1764514800123")),
        app.get(&format!("{path}?Last-Event-ID={idle}&client_id=s")),
        app.get(&format!("{path}?_=1&evs_last_event_id={idle}")),
        app.get(&format!("{path}?lastEventId=0")).header("last-event-id", idle),
        app.get(&format!("/v2/events?client_id=s&lastEventId={idle}&_=2")),
    ] {
        let mut stream = SseStream::open(from).await;
        let last = |event: &SseEvent| event.event == "frame" && event.data["number"] == 3;
        assert_eq!(numbers(&stream.read_until(last).await), [1, 2, 3]);
    }
    // The story continues while the log is read.
    let mut stream = SseStream::open(app.get(&path).header("last-event-id", "0")).await;
    let more = async {
        for number in 0..20 {
            frame(&app, "s", &format!("{number}")).await;
        }
    };
    let last = |event: &SseEvent| event.event == "frame" && event.data["number"] == 23;
    let (received, ()) = tokio::join!(stream.read_until(last), more);
    assert_eq!(numbers(&received), (0..24).collect::<Vec<_>>());
    let far = SseStream::open(app.get(&path).header("last-event-id", i64::MAX)).await;
    assert!(
        far.last_id.is_some_and(|last| last < i64::MAX),
        "an id from elsewhere is brought back"
    );
    for bad in ["x", "1.5", "9223372036854775808"] {
        assert_eq!(send_json(app.get(&path).header("last-event-id", bad)).await.0, 422, "{bad}");
    }
    drop(stream);
    app.stop_and_remove().await;
}

async fn a_client_hears_all_of_its_stories_and_no_others(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let mut stream = SseStream::open(app.get("/v2/events/?client_id=s")).await;
    let first = frame(&app, "s", "One.").await;
    frame(&app, "another", "Not for s.").await;
    app.put("/v1/story/reset?client_id=s").send().await.expect("an answer");
    let second = frame(&app, "s", "Two.").await;
    assert_ne!(first, second);
    let mut received = stream.read_until(is_done).await;
    received.extend(stream.read_until(is_done).await);
    let frames: Vec<&SseEvent> = received.iter().filter(|event| event.event == "frame").collect();
    let stories: Vec<_> = frames.iter().map(|event| event.data["story_id"].as_str()).collect();
    assert_eq!(stories, [Some(&*first), Some(&*second)]);
    assert_eq!(send_json(app.get("/v2/events")).await.0, 422, "whose?");
    assert_eq!(send_json(app.get("/v2/stories/none/events")).await.0, 404);
    app.stop_and_remove().await;
}

async fn a_removed_story_says_so_and_ends(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let story = frame(&app, "s", "One.").await;
    let path = format!("/v2/stories/{story}");
    let mut stream = SseStream::open(app.get(&format!("{path}/events"))).await;
    assert_eq!(
        app.call("DELETE", &format!("{path}?client_id=s"), serde_json::Value::Null).await.0,
        204
    );
    let received = stream.next().await.expect("the end is told");
    assert_eq!(event_labels(&[received]), ["story removed"]);
    assert_eq!(stream.next().await, None);
    app.stop_and_remove().await;
}

/// A person reads the words while the picture is painted.
async fn the_words_come_before_the_picture(database: TestDatabase) {
    let (images, registry) = gated_image_model();
    let options = TestOptions { registry: Some(registry), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let mut stream = SseStream::open(app.get("/v2/events?client_id=s")).await;
    let order = json!({"strategy": "literal", "snippets": [
        {"snippet_type": "text", "content": "The lamp blinked."}
    ]});
    let (status, ordered) = app.call("POST", "/v2/stories?client_id=s", order).await;
    assert_eq!(status, 202, "{ordered}");
    let is_words = |event: &SseEvent| event.data["step"] == "words";
    let words = stream.read_until(is_words).await.pop().expect("an event");
    assert_eq!(
        (&words.data["text"], &words.data["id"], &words.data["status"]),
        (&json!("The lamp blinked."), &ordered["task_id"], &json!("running"))
    );
    images.release.add_permits(8);
    let after = stream.read_until(is_done).await;
    assert!(after.iter().any(|event| event.event == "frame"), "{after:?}");
    assert!(!after.iter().any(is_words), "the words are published once: {after:?}");
    app.stop_and_remove().await;
}
