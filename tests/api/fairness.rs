//! A client that sends much, or announces much and sends nothing, does not keep others waiting.

use std::time::Duration;

use calliope::settings::TaskSettings;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::gated_image_model::gated_image_model;
use crate::support::{
    TestApp, TestDatabase, TestOptions, pause, photo, send_json, stays_live, with_timeout,
};

/// Opens a connection and sends the head of a request and the beginning of its body.
async fn begin_request(app: &TestApp, head: &str, body: &[u8]) -> TcpStream {
    let address = app.url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!("{head}\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(body).await.expect("sent");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_do_not_come_keep_nobody_waiting() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let attack = async {
        let mut held = Vec::new();
        for head in [
            "POST /v1/frames HTTP/1.1\r\nTransfer-Encoding: chunked",
            "POST /v1/frames HTTP/1.1\r\nContent-Length: 25165824",
            "PUT /media/large.png HTTP/1.1\r\nTransfer-Encoding: chunked",
            "POST /v2/clients/s/recordings HTTP/1.1\r\nContent-Length: 25165824",
            "POST /v2/clients/s/insights HTTP/1.1\r\nIdempotency-Key: k\r\nTransfer-Encoding: chunked",
        ] {
            for _ in 0..40 {
                held.push(begin_request(&app, head, b"").await);
            }
        }
        let body = json!({"client_id": "s", "strategy": "literal", "input_image": photo()});
        let frame = tokio::time::timeout(Duration::from_secs(15), send_json(app.post_frame(&body)));
        let (status, answer) = frame.await.expect("nobody waits for them");
        assert_eq!(status, 200, "{answer}");
        held
    };
    drop(stays_live(&app, attack).await);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_that_stop_in_the_middle_leave_room_for_small_ones() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let attack = async {
        let (half, mut held) = (vec![b' '; 3 << 20], Vec::new());
        for _ in 0..40 {
            let head = "POST /v1/frames HTTP/1.1\r\nContent-Length: 25165824";
            let begun = begin_request(&app, head, &half);
            // The server stops reading once its memory for large bodies is used up.
            held.push(tokio::time::timeout(Duration::from_millis(200), begun).await);
        }
        let body = json!({"client_id": "s", "strategy": "literal", "input_text": "Small."});
        let frame = tokio::time::timeout(Duration::from_secs(15), send_json(app.post_frame(&body)));
        assert_eq!(frame.await.expect("nobody waits for them").0, 200);
        held
    };
    drop(stays_live(&app, attack).await);
    app.stop_and_remove().await;
}

/// The number of large pictures that are sent at once.
const FLOOD: usize = 14;

/// Returns a picture that is so small to send that it is parsed at once, and takes long to decode.
fn large_png() -> Vec<u8> {
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};
    let mut bytes = Vec::new();
    let picture = image::GrayImage::from_pixel(6000, 4000, image::Luma([90]));
    let encoder =
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::NoFilter);
    picture.write_with_encoder(encoder).expect("encoded");
    assert!(bytes.len() < 200 << 10, "{}", bytes.len());
    bytes
}

/// Returns the ids of the frame tasks of clients, the first accepted first. A frame has a task as soon as its picture was
/// decoded and found to be one.
async fn accepted(app: &TestApp, is_client: impl Fn(&str) -> bool) -> Vec<String> {
    let tasks = app.json("/admin/api/tasks?limit=100").await;
    let tasks = tasks["items"].as_array().expect("tasks").iter();
    let frames = tasks.filter(|task| task["task_type"] == "tell_frame");
    let of_clients = frames.filter(|task| task["client_id"].as_str().is_some_and(&is_client));
    let id = |task: &Value| task["task_id"].as_str().expect("an id").to_owned();
    let mut ids: Vec<String> = of_clients.map(id).collect();
    ids.sort_unstable();
    ids
}

/// Waits until so many frame tasks of clients are accepted.
async fn wait_for_accepted(app: &TestApp, count: usize, is_client: impl Fn(&str) -> bool) {
    let waiting = async {
        while accepted(app, &is_client).await.len() < count {
            pause().await;
        }
    };
    with_timeout(waiting).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_pictures_do_not_delay_the_frames_of_others() {
    let large = large_png();
    for client_of in [|_| "flood".to_owned(), |n: usize| format!("flood-{n}")] {
        let app = TestApp::start(TestDatabase::sqlite()).await;
        let is_flood = |client_id: &str| client_id.starts_with("flood");
        let attack = async {
            let floods: Vec<_> = (0..FLOOD)
                .map(|n| {
                    let path = format!("/v1/frames?client_id={}&strategy=literal", client_of(n));
                    let post = app.client.post(app.address(&path)).body(large.clone());
                    tokio::spawn(send_json(post.header("content-type", "image/png")))
                })
                .collect();
            // All wait to be decoded when the first one is accepted, because sending them takes no time.
            wait_for_accepted(&app, 1, is_flood).await;
            let body = json!({"strategy": "literal", "snippets": [
                {"snippet_type": "image", "content": photo()},
            ]});
            let order = app.call("POST", "/v2/stories?client_id=another", body);
            let (status, answer) = with_timeout(order).await;
            assert_eq!(status, 202, "{answer}");
            wait_for_accepted(&app, FLOOD, is_flood).await;
            let all = accepted(&app, is_flood).await;
            let other = accepted(&app, |client_id| client_id == "another").await.remove(0);
            let earlier = all.iter().filter(|id| **id < other).count();
            // It waits for those that are being decoded, not for those that wait.
            assert!(earlier <= FLOOD / 2, "{earlier} of {FLOOD} large pictures were decoded first");
            floods
        };
        for flood in stays_live(&app, attack).await {
            flood.abort();
            let _ = flood.await;
        }
        app.stop_and_remove().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_does_not_fill_the_queue() {
    let (slow, registry) = gated_image_model();
    let limits = TaskSettings { max_waiting: 48, concurrency: 2, ..TaskSettings::default() };
    let options =
        TestOptions { registry: Some(registry), task_limits: limits, ..TestOptions::default() };
    let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
    let order = |client_id: &str| {
        let body = json!({"strategy": "literal", "snippets": [{"snippet_type": "text", "content": "Told."}]});
        let post = app.client.post(format!("{}/v2/stories?client_id={client_id}", app.url));
        send_json(post.json(&body))
    };
    for _ in 0..2 {
        assert_eq!(order("flood").await.0, 202);
    }
    let _running = with_timeout(slow.started.acquire_many(2)).await.expect("both workers are busy");
    let mut refused: Option<Value> = None;
    for _ in 0..40 {
        let (status, answer) = order("flood").await;
        if status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(status, 202, "{answer}");
    }
    let detail = refused.expect("its part of the queue is full")["detail"].to_string();
    assert!(detail.contains("of this client"), "{detail}");
    let waiting = app.store.count_pending_tasks(100).await.expect("counted");
    assert_eq!(waiting, 12, "a quarter of the queue");
    assert_eq!(order("another").await.0, 202);
    slow.release.add_permits(100);
    app.wait_until_idle().await;
    app.stop_and_remove().await;
}
