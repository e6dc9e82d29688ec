//! Long-lived responses, which are sent without hyper and with very little memory.
//!
//! hyper keeps two buffers of 8 KiB and more state for every connection with a response under way. With thousands of
//! event streams, empty buffers would fill the memory. A response that is marked [`LongLived`] is therefore sent by the
//! loop below: its head, then its body as it arrives, until either side closes.

use std::fmt::Write as _;
use std::io;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use axum::http::response;
use axum::response::Response;
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Marks a response, in its extensions, as one that may last for hours.
#[derive(Debug, Clone, Copy)]
pub(super) struct LongLived;

/// How long a client may stop reading once the network buffers are full.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Sends a response until it ends or the client closes the connection.
///
/// # Errors
///
/// [`io::Error`] if the connection or the body fails, or if the client reads nothing for 30 seconds.
pub(super) async fn send(mut stream: TcpStream, response: Response) -> io::Result<()> {
    let (head, body) = response.into_parts();
    let (reader, mut writer) = stream.split();
    tokio::select! {
        () = wait_for_close(reader) => {}
        sent = write_response(&mut writer, &head, body) => sent?,
    }
    stream.shutdown().await
}

async fn write_response(
    writer: &mut (impl AsyncWrite + Unpin),
    head: &response::Parts,
    mut body: Body,
) -> io::Result<()> {
    with_write_timeout(writer.write_all(&encode_head(head))).await?;
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
            with_write_timeout(writer.write_all(&data)).await?;
        }
    }
    Ok(())
}

async fn with_write_timeout(write: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    tokio::time::timeout(WRITE_TIMEOUT, write).await?
}

/// Returns when the client has closed its side. Anything that it sends until then is discarded, because the connection
/// serves no other request.
async fn wait_for_close(mut reader: impl AsyncRead + Unpin) {
    while let Ok(1..) = reader.read(&mut [0; 64]).await {}
}

/// Encodes the head of a response that ends with its connection (RFC 9112, section 6.3, rule 8). The body needs no
/// framing, and HTTP/1.0 clients understand it too.
fn encode_head(head: &response::Parts) -> Vec<u8> {
    let reason = head.status.canonical_reason().unwrap_or_default();
    let mut text = format!("HTTP/1.1 {} {reason}\r\n", head.status.as_str());
    let date = httpdate::fmt_http_date(now());
    // Writing to a `String` cannot fail.
    let _ = write!(text, "{CONNECTION}: close\r\n{DATE}: {date}\r\n");
    let mut bytes = text.into_bytes();
    let replaced = [CONNECTION, DATE, CONTENT_LENGTH, TRANSFER_ENCODING];
    for (name, value) in head.headers.iter().filter(|(name, _)| !replaced.contains(name)) {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

#[expect(
    clippy::disallowed_methods,
    reason = "hyper dates all other responses by the system clock too"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use futures_util::stream;
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (ours, theirs) = tokio::join!(listener.accept(), TcpStream::connect(address));
        (ours.expect("accepted").0, theirs.expect("connected"))
    }

    #[tokio::test]
    async fn an_answer_is_its_head_and_its_body_until_it_ends() {
        let (ours, mut theirs) = pair().await;
        let parts = ["id: 1\n\n", "", "id: 2\n\n"].map(Ok::<_, io::Error>);
        let body = Body::from_stream(stream::iter(parts));
        let headers = [("content-type", "text/event-stream"), ("transfer-encoding", "chunked")];
        send(ours, (headers, body).into_response()).await.expect("sent");
        let mut text = String::new();
        theirs.read_to_string(&mut text).await.expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines: Vec<&str> = head.lines().collect();
        let date = lines.remove(2).strip_prefix("date: ").expect("a date");
        httpdate::parse_http_date(date).expect("a valid HTTP date");
        assert_eq!(
            lines,
            ["HTTP/1.1 200 OK", "connection: close", "content-type: text/event-stream"]
        );
        assert_eq!(body, "id: 1\n\nid: 2\n\n");
    }

    #[tokio::test]
    async fn a_body_without_end_ends_when_the_client_goes() {
        let (ours, mut theirs) = pair().await;
        let silent = Body::from_stream(stream::pending::<Result<&str, io::Error>>());
        theirs.write_all(b"what nobody asked for").await.expect("written");
        drop(theirs);
        send(ours, silent.into_response()).await.expect("a closed connection is not an error");
    }

    #[tokio::test]
    async fn a_body_that_fails_breaks_off() {
        let (ours, _theirs) = pair().await;
        let broken = stream::iter([Err::<&str, _>(io::Error::other("no more"))]);
        let sent = send(ours, Body::from_stream(broken).into_response()).await;
        assert!(sent.unwrap_err().to_string().contains("no more"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_let_go() {
        let (mut ours, _theirs) = tokio::io::duplex(64);
        let parts = stream::repeat_with(|| Ok::<_, io::Error>("an event that nobody reads\n\n"));
        let (head, body) = Body::from_stream(parts).into_response().into_parts();
        let sent = write_response(&mut ours, &head, body).await;
        assert_eq!(sent.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
