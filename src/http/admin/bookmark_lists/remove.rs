//! `DELETE /admin/api/bookmark-lists/{id}`: deletes a bookmark list.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::domain::Principal;
use crate::http::admin::acting_admin::admin_actor;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// Delete a bookmark list
///
/// The stories in it are not deleted.
#[utoipa::path(delete, path = "/admin/api/bookmark-lists/{id}", tag = "admin",
    params(("id" = i64, Path, description = "Id of the list: `id` in `GET /admin/api/bookmark-lists`.", example = 1)),
    responses((status = 204, description = "The list was deleted."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
) -> Result<StatusCode, Problem> {
    let removed =
        state.app.stories().remove_list(admin_actor(&principal), path_id::parse(&id)).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
