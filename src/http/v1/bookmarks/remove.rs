//! `DELETE /v1/bookmarks/frame/{id}`: keep a frame no longer.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::http::HttpState;
use crate::http::path_id;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::query::V1Query;

/// Remove a bookmark of the client's own.
#[utoipa::path(delete, path = "/v1/bookmarks/frame/{id}", tag = "v1",
    params(("id" = i64, Path, description = "The bookmark's id."), ("client_id" = String, Query)),
    responses(
        (status = 204, description = "Removed."),
        (status = 404, description = "Another client's, or none's.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    query: V1Query,
) -> Result<StatusCode, Problem> {
    let removed =
        state.app.stories().remove_frame_bookmark(&query.client_id, path_id::parse(&id)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
