//! Connections whose clients do not read, do not send, or are too many. None of them needs a key.

use calliope::http::ConnectionLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{
    TestApp, TestDatabase, TestOptions, pause, send_json, stays_live, with_timeout,
};

/// The largest file that needs no key.
const ASSET: &str = "/docs/swagger-ui-bundle.js";

async fn start(total: usize, per_address: usize) -> TestApp {
    let connections = ConnectionLimits { total, per_address };
    let options =
        TestOptions { api_key: Some("a-shared-key"), connections, ..TestOptions::default() };
    TestApp::start_with(TestDatabase::sqlite(), options).await
}

/// Opens a connection and sends `text`.
async fn connect(app: &TestApp, text: &str) -> TcpStream {
    let address = app.url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("sent");
    stream
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// Reads a whole response on a connection that the server closes.
async fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that is closed with unread input is reset.
    let _ = with_timeout(stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Asks the server to close the connection after a request.
fn last(request: &str) -> String {
    request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_never_read_leave_room_for_probes() {
    let app = start(1000, 20).await;
    let three = get(ASSET).repeat(3);
    let attack = async {
        let mut stalled = Vec::new();
        for _ in 0..100 {
            stalled.push(connect(&app, &three).await);
        }
        let mut next = connect(&app, &get("/docs")).await;
        let refusal = read_all(&mut next).await;
        assert!(refusal.starts_with("HTTP/1.1 429 "), "{refusal}");
        assert!(refusal.contains("retry-after: 5") && refusal.contains("Too many connections"));
        stalled
    };
    drop(stays_live(&app, attack).await);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_clients_and_slow_senders_leave_room_for_probes() {
    for text in [
        "",
        "GET /livez HTTP/1.1\r\nHost: lo",
        "POST /v2/pairing HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    ] {
        let app = start(30, 30).await;
        let attack = async {
            let mut held = Vec::new();
            for _ in 0..100 {
                held.push(connect(&app, text).await);
            }
            let ready = connect(&app, &get("/readyz/")).await;
            assert!(read_all(&mut { ready }).await.starts_with("HTTP/1.1 200 OK"));
            held
        };
        drop(stays_live(&app, attack).await);
        app.stop_and_remove().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn event_streams_count_too_and_end_with_their_connection() {
    let app = start(4, 4).await;
    let events =
        get("/v2/events?client_id=s").replace("\r\n\r\n", "\r\nX-Api-Key: a-shared-key\r\n\r\n");
    let mut streams = Vec::new();
    for _ in 0..4 {
        let mut stream = connect(&app, &events).await;
        let mut head = [0; 15];
        stream.read_exact(&mut head).await.expect("a response");
        assert_eq!(&head, b"HTTP/1.1 200 OK");
        streams.push(stream);
    }
    let attack = async {
        let mut next = connect(&app, &events).await;
        assert!(read_all(&mut next).await.starts_with("HTTP/1.1 429 "));
    };
    stays_live(&app, attack).await;
    drop(streams);
    // The server notices the closed connections on its own time.
    with_timeout(async {
        while send_json(app.get("/docs")).await.0 != 200 {
            pause().await;
        }
    })
    .await;
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_gets_everything_on_one_connection() {
    let app = start(1, 1).await;
    let mut stream = connect(&app, &(get(ASSET).repeat(3) + &last(&get("/livez")))).await;
    let answers = read_all(&mut stream).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 4);
    assert!(answers.len() > 1_000_000);
    app.stop_and_remove().await;
}
