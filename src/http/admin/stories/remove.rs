//! `DELETE /admin/api/stories/{id}`: deletes a story.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::domain::Principal;
use crate::http::HttpState;
use crate::http::admin::acting_admin::admin_actor;
use crate::http::problem::{Problem, ProblemBody};

/// Delete a story
///
/// Its frames, media and bookmarks are deleted with it.
#[utoipa::path(delete, path = "/admin/api/stories/{id}", tag = "admin",
    params(("id" = String, Path, example = "0197f2c4-5b1e-7c3a-9d1e-000000000000",
            description = "Id of the story: `story_id` in `GET /admin/api/stories`.")),
    responses((status = 204, description = "The story was deleted."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
) -> Result<StatusCode, Problem> {
    let removed = state.app.stories().delete_story(admin_actor(&principal), &id).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
