//! `DELETE /v1/bookmarks/frame/{id}`: remove a bookmark.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::http::HttpState;
use crate::http::path_id;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::query::V1Query;

/// Remove a bookmark
///
/// The frame stays. A client removes only its own bookmarks.
#[utoipa::path(delete, path = "/v1/bookmarks/frame/{id}", tag = "v1",
    params(
        ("id" = i64, Path, description = "The bookmark's id: `id` in the response of `POST /v1/bookmarks/frame`.",
            example = 1),
        ("client_id" = String, Query, example = "kitchen",
            description = "The client that bookmarked the frame: 1-255 printable characters."),
    ),
    responses(
        (status = 204, description = "The bookmark is removed."),
        (status = 404, description = "The client has no bookmark with this id.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    query: V1Query,
) -> Result<StatusCode, Problem> {
    let removed =
        state.app.stories().delete_frame_bookmark(&query.client_id, path_id::parse(&id)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
