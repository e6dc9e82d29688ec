//! `/v2/clients/{client_id}/recordings/{name}`: one recording.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::app::SoundView;
use crate::http::HttpState;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};

/// Read a recording
///
/// Returns the recording's details, with a URL that downloads it without a key for an hour.
#[utoipa::path(get, path = "/v2/clients/{client_id}/recordings/{name}", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("name" = String, Path, description = "The recording's name: `name` in the response of `POST …/recordings`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000.wav"),
    ),
    responses(
        (status = 200, description = "The recording.", body = SoundView),
        (status = 404, description = "The client has no recording of this name.", body = ProblemBody),
        (status = 422, description = "`client_id` is invalid.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, name)): Path<(String, String)>,
) -> Result<Json<SoundView>, Problem> {
    let view = state.app.clients().recording(&client_id, &name).await;
    view.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Remove a recording
#[utoipa::path(delete, path = "/v2/clients/{client_id}/recordings/{name}", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("name" = String, Path, description = "The recording's name: `name` in the response of `POST …/recordings`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000.wav"),
    ),
    responses(
        (status = 204, description = "The recording is removed."),
        (status = 404, description = "The client has no recording of this name.", body = ProblemBody),
        (status = 422, description = "`client_id` is invalid.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, name)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().delete_recording(&client_id, &name).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
