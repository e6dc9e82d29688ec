//! `DELETE /v2/clients/{client_id}` and `GET …/export`: erase or export everything that Calliope stores about a client.

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

/// Export a client
///
/// Returns everything that Calliope stores about a client as one JSON document: configuration, stories, recordings,
/// voice profiles and memory, with its files listed. The document is streamed; if it breaks off, it is incomplete.
#[utoipa::path(get, path = "/v2/clients/{client_id}/export", tag = "memory",
    params(("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen")),
    responses(
        (status = 200, description = "The document.", body = Object, content_type = "application/json"),
        (status = 422, description = "`client_id` is invalid.", body = ProblemBody),
    ))]
pub(in crate::http) async fn export(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
) -> ([(HeaderName, HeaderValue); 2], Body) {
    let export = state.app.ops().export(client_id);
    let chunks = stream::unfold(export, async |mut export| Some((export.recv().await?, export)));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"client.json\"")),
    ];
    (headers, Body::from_stream(chunks))
}

/// Erase a client
///
/// Orders a task that removes everything that Calliope stores about a client: its stories with their media and vectors,
/// recordings, voice profiles, memory, tokens, configuration, and every other row that names it. It cannot be undone.
/// If such a task is already open, the response names that one.
#[utoipa::path(delete, path = "/v2/clients/{client_id}", tag = "memory",
    params(("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen")),
    responses(
        (status = 202, body = TaskAccepted,
            description = "The task; its result says what was removed. `Location` holds its address."),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    PathClientId(client_id): PathClientId,
) -> Result<TaskAcceptedResponse, Problem> {
    let actor = RequestActor::new(principal, None);
    let ordered = state.app.ops().enqueue_erasure(actor.as_actor(), &client_id).await;
    task_accepted(ordered, "The task removes everything that is stored about the client.")
}
