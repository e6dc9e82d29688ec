//! A local provider that receives requests over real HTTP, records them, and replies as a test tells it to:
//! correctly, with errors, late, or not at all.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it was received.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl RecordedRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How the provider replies.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A status, headers and JSON.
    Json(u16, Vec<(&'static str, String)>, Value),
    /// A status, a media type and bytes.
    File(u16, &'static str, Vec<u8>),
    /// Half a response, after which the connection is closed.
    Truncated,
    /// Nothing; the connection stays open.
    Stall,
    /// A response that never ends.
    NeverEnds,
}

impl Reply {
    pub fn ok(body: Value) -> Self {
        Self::Json(200, Vec::new(), body)
    }

    pub fn status(status: u16, body: Value) -> Self {
        Self::Json(status, Vec::new(), body)
    }
}

type ReplyFn = dyn Fn(usize, &RecordedRequest) -> Reply + Send + Sync;

/// A provider that serves until it is dropped.
pub struct FakeProvider {
    /// Base URL, without a slash at the end.
    pub url: String,
    received: Arc<Mutex<Vec<RecordedRequest>>>,
    serving: JoinHandle<()>,
}

impl FakeProvider {
    /// Starts a provider. `answers` returns the reply to a request; its first argument is the request's number, from
    /// 0.
    pub async fn start(
        reply_to: impl Fn(usize, &RecordedRequest) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let (recorded, reply_to): (_, Arc<ReplyFn>) = (Arc::clone(&received), Arc::new(reply_to));
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&recorded), Arc::clone(&reply_to)));
            }
        });
        Self { url, received, serving }
    }

    /// Returns all requests received so far.
    pub fn received(&self) -> Vec<RecordedRequest> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    recorded: Arc<Mutex<Vec<RecordedRequest>>>,
    reply_to: Arc<ReplyFn>,
) {
    while let Some(request) = read(&mut stream).await {
        let number = {
            let mut recorded = recorded.lock().unwrap_or_else(PoisonError::into_inner);
            recorded.push(request.clone());
            recorded.len() - 1
        };
        let reply = reply_to(number, &request);
        if write(&mut stream, reply).await.is_none() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<RecordedRequest> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut body = bytes.split_off(end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(RecordedRequest { method, path, headers, body })
}

/// Writes a reply; `None` if the connection cannot be used any more.
async fn write(stream: &mut TcpStream, reply: Reply) -> Option<()> {
    let (status, headers, media_type, body) = match reply {
        Reply::Json(status, headers, body) => {
            (status, headers, "application/json", body.to_string().into_bytes())
        }
        Reply::File(status, media_type, bytes) => (status, Vec::new(), media_type, bytes),
        Reply::Truncated => {
            let half = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"choi";
            let _ = stream.write_all(half).await;
            return None;
        }
        Reply::Stall => std::future::pending().await,
        Reply::NeverEnds => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[";
            stream.write_all(head).await.ok()?;
            let zeros = "0,".repeat(500_000);
            // Ends when the client closes the connection.
            while stream.write_all(zeros.as_bytes()).await.is_ok() {}
            return None;
        }
    };
    let mut head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n",
        body.len()
    );
    head.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(&body).await.ok()
}
