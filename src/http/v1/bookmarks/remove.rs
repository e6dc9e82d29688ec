//! `DELETE /v1/bookmarks/frame/{id}`: keep a frame no longer.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::http::Door;
use crate::http::path_id;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::client::ClientQuery;

/// Remove a bookmark of the client's own.
#[utoipa::path(delete, path = "/v1/bookmarks/frame/{id}", tag = "v1",
    params(("id" = i64, Path, description = "The bookmark's id."), ("client_id" = String, Query)),
    responses(
        (status = 204, description = "Removed."),
        (status = 404, description = "Another client's, or none's.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(door): State<Door>,
    Path(id): Path<String>,
    query: ClientQuery,
) -> Result<StatusCode, Problem> {
    let removed = door.app.stories().forget_frame(&query.client_id, path_id::id(&id)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::of(error, "path"))
}
