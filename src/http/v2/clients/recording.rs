//! `/v2/clients/{client_id}/recordings/{name}`: one recording.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::app::SoundView;
use crate::http::HttpState;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};

/// A recording, with an address that needs no other proof, for an hour.
#[utoipa::path(get, path = "/v2/clients/{client_id}/recordings/{name}", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("name" = String, Path, description = "The recording."),
    ),
    responses((status = 200, body = SoundView), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, name)): Path<(String, String)>,
) -> Result<Json<SoundView>, Problem> {
    let view = state.app.clients().recording(&client_id, &name).await;
    view.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Remove a recording.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/recordings/{name}", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("name" = String, Path, description = "The recording."),
    ),
    responses((status = 204, description = "Gone."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, name)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().remove_recording(&client_id, &name).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
