//! `DELETE /admin/api/bookmark-lists/{id}`: a list with what it holds; the stories stay.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::admin_actor;
use crate::domain::Principal;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// Remove a list; its stories stay.
#[utoipa::path(delete, path = "/admin/api/bookmark-lists/{id}", tag = "admin",
    params(("id" = i64, Path, description = "The list's id.")),
    responses((status = 204, description = "Removed."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
) -> Result<StatusCode, Problem> {
    let removed =
        state.app.stories().remove_list(admin_actor(&principal), path_id::parse(&id)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
