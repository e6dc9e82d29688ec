//! `DELETE /admin/api/bookmark-lists/{id}`: a list with what it holds; the stories stay.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::admin;
use crate::domain::Principal;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{Door, path_id};

/// Remove a list; its stories stay.
#[utoipa::path(delete, path = "/admin/api/bookmark-lists/{id}", tag = "admin",
    params(("id" = i64, Path, description = "The list's id.")),
    responses((status = 204, description = "Removed."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(door): State<Door>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
) -> Result<StatusCode, Problem> {
    let removed = door.app.stories().remove_list(admin(&principal), path_id::id(&id)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::of(error, "path"))
}
