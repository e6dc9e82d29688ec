//! `DELETE /v2/clients/{client_id}` and `GET …/export`: everything that is held about a client, removed or shown.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use futures_util::stream;

use crate::domain::Principal;
use crate::http::HttpState;
use crate::http::admin::media::{TaskAccepted, TaskAcceptedResponse, task_accepted};
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::RequestActor;

/// Everything that is held about a client, as one JSON document with its files listed. It is written while it is read; one
/// that breaks off is incomplete.
#[utoipa::path(get, path = "/v2/clients/{client_id}/export", tag = "memory",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    responses((status = 200, description = "The document.", body = Object, content_type = "application/json")))]
pub(in crate::http) async fn export(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
) -> ([(HeaderName, HeaderValue); 2], Body) {
    let export = state.app.ops().export(client_id);
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
        (status = 202, description = "A task does it; its result says what was removed.", body = TaskAccepted),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    PathClientId(client_id): PathClientId,
) -> Result<TaskAcceptedResponse, Problem> {
    let actor = RequestActor::new(principal, None);
    let ordered = state.app.ops().enqueue_erasure(actor.as_actor(), &client_id).await;
    task_accepted(ordered, "Everything that is held about the client is removed.")
}
