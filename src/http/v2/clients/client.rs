//! `DELETE /v2/clients/{client_id}` and `GET …/export`: everything that is held about a client, removed or shown.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use futures_util::stream;

use crate::domain::Principal;
use crate::http::Door;
use crate::http::acting::Acting;
use crate::http::admin::media::{Accepted, Ordered, accepted};
use crate::http::path_client::PathClient;
use crate::http::problem::{Problem, ProblemBody};

/// Everything that is held about a client, as one JSON document with its files listed. It is written while it is read; one
/// that breaks off is incomplete.
#[utoipa::path(get, path = "/v2/clients/{client_id}/export", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    responses((status = 200, description = "The document.", body = Object, content_type = "application/json")))]
pub(in crate::http) async fn export(
    State(door): State<Door>,
    PathClient(client_id): PathClient,
) -> ([(HeaderName, HeaderValue); 2], Body) {
    let export = door.app.ops().export(client_id);
    let pieces = stream::unfold(export, async |mut export| Some((export.recv().await?, export)));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"client.json\"")),
    ];
    (headers, Body::from_stream(pieces))
}

/// Erase a client: its stories with their media and vectors, recordings, voices, memory, tokens, configuration, and every
/// other row that names it. It cannot be taken back.
#[utoipa::path(delete, path = "/v2/clients/{client_id}", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    responses(
        (status = 202, description = "A task does it; its result says what was removed.", body = Ordered),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(door): State<Door>,
    Extension(principal): Extension<Principal>,
    PathClient(client_id): PathClient,
) -> Result<Accepted, Problem> {
    let acting = Acting::of(principal, None);
    let ordered = door.app.ops().order_erasure(acting.actor(), &client_id).await;
    accepted(ordered, "Everything that is held about the client is removed.")
}
