//! A client that sends much, or announces much and sends nothing, does not keep others waiting.

use std::time::Duration;

use calliope::settings::TaskSettings;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::support::gated_image_model::gated_image_model;
use crate::support::{TestApp, TestDatabase, TestOptions, photo, send_json, with_timeout};

/// Checks that the process answers, in one of five requests within 100 ms: other tests run meanwhile.
async fn check_livez(app: &TestApp) {
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let started = Instant::now();
        assert_eq!(send_json(app.get("/livez")).await.0, 200);
        fastest = fastest.min(started.elapsed());
    }
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
}

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
    check_livez(&app).await;
    drop(held);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_that_stop_in_the_middle_leave_room_for_small_ones() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
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
    check_livez(&app).await;
    drop(held);
    app.stop_and_remove().await;
}

/// Returns a JPEG that takes long to decode.
fn large_jpeg() -> String {
    use base64::Engine;
    let mut bytes = Vec::new();
    let picture = image::RgbImage::from_fn(4000, 2500, |x, y| {
        image::Rgb([(x % 251) as u8, (y % 241) as u8, ((x * y) % 239) as u8])
    });
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    picture.write_with_encoder(encoder).expect("encoded");
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_pictures_do_not_delay_the_frames_of_others() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let large = large_jpeg();
    for client_of in [|_| "flood".to_owned(), |n: usize| format!("flood-{n}")] {
        let floods: Vec<_> = (0..20)
            .map(|n| {
                let body =
                    json!({"client_id": client_of(n), "strategy": "literal", "input_image": large});
                tokio::spawn(send_json(app.post_frame(&body)))
            })
            .collect();
        let body = json!({"client_id": "another", "strategy": "literal", "input_image": photo()});
        check_livez(&app).await;
        let (status, answer) = with_timeout(send_json(app.post_frame(&body))).await;
        assert_eq!(status, 200, "{answer}");
        let unfinished = floods.iter().filter(|flood| !flood.is_finished()).count();
        // The frame is painted at the same time as theirs, so on a busy machine some of them are done earlier.
        assert!(unfinished > 0, "it waited for all large pictures");
        for flood in floods {
            flood.abort();
            let _ = flood.await;
        }
        app.wait_until_idle().await;
    }
    app.stop_and_remove().await;
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
