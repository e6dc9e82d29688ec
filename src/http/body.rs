//! Reading a request's body, bounded.

use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use super::problem::Problem;
use super::router::MAX_BODY;

/// A body that is too large is read on, and forgotten, up to this many bytes: a client that is still sending would
/// not read the answer.
const DISCARD: usize = 3 * MAX_BODY;

/// All of a body.
pub(super) async fn read(mut body: Body) -> Result<Bytes, Problem> {
    let (mut kept, mut length) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            let detail = "The request's body broke off; send it again.";
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= MAX_BODY {
            kept.extend_from_slice(&data);
        } else {
            kept = BytesMut::new();
        }
        if length > DISCARD {
            break;
        }
    }
    if length <= MAX_BODY { Ok(kept.freeze()) } else { Err(too_large()) }
}

/// The answer to a body over the limit.
pub(super) fn too_large() -> Problem {
    let detail = format!("The request is too large; at most {} MiB are taken.", MAX_BODY >> 20);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}
