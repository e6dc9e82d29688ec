//! Reading a request's body: bounded in bytes and in time, and together with all others in memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_http::timeout::TimeoutError;
use tracing::Instrument;

use super::HttpState;
use super::problem::Problem;

/// The largest body that is taken, in bytes.
pub const MAX_BODY: usize = 24 << 20;

/// A body that is too large is read on, and forgotten, up to this many times what is allowed: a client that is still
/// sending would not read the answer.
const DISCARD_FACTOR: usize = 3;

/// How long a body may take to come in.
const READ_TIMEOUT: Duration = Duration::from_mins(2);

/// How long a body waits for room.
const BUDGET_TIMEOUT: Duration = Duration::from_secs(20);

/// Mebibytes of bodies that may be in memory at once; what is made of them may be a few times that.
const BUDGET_MEBIBYTES: u32 = 192;

/// Bodies above this many bytes are parsed on the blocking threads.
const MAX_INLINE_PARSE_BYTES: usize = 256 * 1024;

/// The memory that all bodies share. Clones share it too.
#[derive(Debug, Clone)]
pub(super) struct BodyBudget(Arc<Semaphore>);

impl Default for BodyBudget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET_MEBIBYTES as usize)))
    }
}

impl BodyBudget {
    /// Waits until there is room for a request's body. It is held until the permit is dropped: until what the body
    /// asked for is written down, not until it is done.
    pub(super) async fn acquire(
        &self,
        headers: &HeaderMap,
    ) -> Result<OwnedSemaphorePermit, Problem> {
        let length =
            headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let length: usize = length.unwrap_or(MAX_BODY).min(MAX_BODY);
        let mebibytes = (length >> 20) as u32 + 1;
        match tokio::time::timeout(
            BUDGET_TIMEOUT,
            Arc::clone(&self.0).acquire_many_owned(mebibytes),
        )
        .await
        {
            Ok(Ok(permit)) => Ok(permit),
            _ => {
                let detail = "Too many large requests come in at once; try again in a few seconds.";
                Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail))
            }
        }
    }
}

/// All of a body.
pub(super) async fn read(body: Body) -> Result<Bytes, Problem> {
    read_at_most(body, MAX_BODY).await
}

/// All of a body of which less is expected.
pub(super) async fn read_at_most(body: Body, most: usize) -> Result<Bytes, Problem> {
    tokio::time::timeout(READ_TIMEOUT, read_all(body, most))
        .await
        .unwrap_or_else(|_| Err(too_slow()))
}

async fn read_all(mut body: Body, max_bytes: usize) -> Result<Bytes, Problem> {
    let (mut buffer, mut length) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if error.into_inner().is::<TimeoutError>() {
                return too_slow();
            }
            let detail = "The request's body broke off; send it again.";
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

/// Does what a request asks for, even if its client hangs up meanwhile: the server drops a request whose connection is
/// gone, and this must not be dropped with it.
pub(super) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work.in_current_span()).await.unwrap_or_else(|_| Err(internal_error()))
}

/// Reads what is in a body of `length` bytes: here when it is small, else on the threads for such work.
pub(super) async fn parse_with<T: Send + 'static>(
    state: &HttpState,
    length: usize,
    read: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if length <= MAX_INLINE_PARSE_BYTES {
        return read();
    }
    state.app.compute().run(read).await.unwrap_or_else(|_| Err(internal_error()))
}

fn internal_error() -> Problem {
    let detail = "Something broke here; the log has the details under this request id.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
}

fn too_slow() -> Problem {
    let detail = "The request came in too slowly; send it again.";
    Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
}

fn too_large(max_bytes: usize) -> Problem {
    let detail = format!("The request is too large; at most {} KiB are taken.", max_bytes >> 10);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}
