//! Reads request bodies, with limits on the size and time of each and on the memory of all together.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_http::timeout::TimeoutError;
use tracing::Instrument;

use super::HttpState;
use super::content_encoding::{self, ContentEncoding, InflateError};
use super::problem::Problem;

/// The largest request body that is accepted, in bytes (24 MiB).
pub const MAX_BODY: usize = 24 << 20;

/// A body that is too large is read and discarded up to this many times the allowed size, because a client that is
/// still sending would not read the response.
const DISCARD_FACTOR: usize = 3;

/// How long reading a body may take.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// How long a request waits for memory for its body.
const BUDGET_TIMEOUT: Duration = Duration::from_secs(20);

/// The most MiB of bodies in memory at once. The data decoded from them may take a few times as much.
const BUDGET_MEBIBYTES: u32 = 192;

/// Bodies with more bytes than this are parsed on the blocking threads.
const MAX_INLINE_PARSE_BYTES: usize = 256 * 1024;

/// The memory that all request bodies share. Clones share the same budget.
#[derive(Debug, Clone)]
pub(super) struct BodyBudget(Arc<Semaphore>);

impl Default for BodyBudget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET_MEBIBYTES as usize)))
    }
}

impl BodyBudget {
    /// Waits until there is memory for a request's body. The memory is reserved until the permit is dropped. Callers
    /// hold the permit until the request is stored, not until its task has run.
    pub(super) async fn acquire(&self, parts: &Parts) -> Result<BodyPermit, Problem> {
        // A layer may have read the body. Waiting for memory while holding some could block all requests forever.
        if let Some(permit) = parts.extensions.get::<BodyPermit>() {
            return Ok(permit.clone());
        }
        let length =
            parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        // How large a compressed body becomes is not known in advance.
        let length = length.filter(|_| matches!(content_encoding::parse(&parts.headers), Ok(None)));
        let length: usize = length.unwrap_or(MAX_BODY).min(MAX_BODY);
        let mebibytes = (length >> 20) as u32 + 1;
        match tokio::time::timeout(
            BUDGET_TIMEOUT,
            Arc::clone(&self.0).acquire_many_owned(mebibytes),
        )
        .await
        {
            Ok(Ok(permit)) => Ok(BodyPermit(Arc::new(permit))),
            _ => {
                let detail =
                    "Too many large requests are arriving at once; try again in a few seconds.";
                Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail))
            }
        }
    }
}

/// Memory that is reserved for a request's body until the last clone is dropped.
#[derive(Debug, Clone)]
pub(super) struct BodyPermit(
    #[expect(dead_code, reason = "held for its drop")] Arc<OwnedSemaphorePermit>,
);

/// Reads a body of at most [`MAX_BODY`] bytes, and decompresses it.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    read_at_most(headers, body, MAX_BODY).await
}

/// Reads a body, and decompresses it. It may have at most `max_bytes` bytes before and after.
pub(super) async fn read_at_most(
    headers: &HeaderMap,
    body: Body,
    max_bytes: usize,
) -> Result<Bytes, Problem> {
    let encoding = content_encoding::parse(headers)?;
    let bytes = tokio::time::timeout(READ_TIMEOUT, read_all(body, max_bytes))
        .await
        .unwrap_or_else(|_| Err(too_slow()))?;
    match encoding {
        Some(encoding) if !bytes.is_empty() => inflate(encoding, bytes, max_bytes).await,
        _ => Ok(bytes),
    }
}

async fn inflate(
    encoding: ContentEncoding,
    bytes: Bytes,
    max_bytes: usize,
) -> Result<Bytes, Problem> {
    let work = move || content_encoding::inflate(encoding, &bytes, max_bytes);
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(plain)) => Ok(plain),
        Ok(Err(InflateError::TooLarge)) => Err(too_large(max_bytes)),
        Ok(Err(InflateError::Corrupt)) => {
            let detail = "The body cannot be decompressed as its Content-Encoding says; send it again, or as it is.";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
        Err(_) => Err(internal_error()),
    }
}

async fn read_all(mut body: Body, max_bytes: usize) -> Result<Bytes, Problem> {
    let (mut buffer, mut length) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if error.into_inner().is::<TimeoutError>() {
                return too_slow();
            }
            let detail = "The request body ended early; send it again.";
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= max_bytes {
            buffer.extend_from_slice(&data);
        } else {
            buffer = BytesMut::new();
        }
        if length > DISCARD_FACTOR * max_bytes {
            break;
        }
    }
    if length <= max_bytes { Ok(buffer.freeze()) } else { Err(too_large(max_bytes)) }
}

/// Runs `work` to its end, even if the client disconnects meanwhile: the server drops the future of a request whose
/// connection is closed, so `work` runs in a task of its own.
pub(super) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work.in_current_span()).await.unwrap_or_else(|_| Err(internal_error()))
}

/// Parses a body of `length` bytes: on the current thread if it is small, else on the blocking threads.
pub(super) async fn parse_with<T: Send + 'static>(
    state: &HttpState,
    length: usize,
    parse: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if length <= MAX_INLINE_PARSE_BYTES {
        return parse();
    }
    state.app.compute().run(parse).await.unwrap_or_else(|_| Err(internal_error()))
}

fn internal_error() -> Problem {
    let detail = "Something went wrong here; the log has the details under this request id.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
}

fn too_slow() -> Problem {
    let detail = "The request arrived too slowly; send it again.";
    Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
}

fn too_large(max_bytes: usize) -> Problem {
    let detail = format!("The request is too large; at most {} KiB are accepted.", max_bytes >> 10);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}
