//! `DELETE /v2/bookmark-lists/{id}/stories/{story_id}`: a story out of a list.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::{ClientActor, RequiredClientQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// Take a story out of a list.
#[utoipa::path(delete, path = "/v2/bookmark-lists/{id}/stories/{story_id}", tag = "bookmark lists",
    params(
        ("id" = i64, Path, description = "The list's id."),
        ("story_id" = String, Path, description = "The story's id."),
        RequiredClientQuery,
    ),
    responses(
        (status = 204, description = "It is not there now."),
        (status = 403, description = "Another client's public list.", body = ProblemBody),
        (status = 404, description = "No such list, another's, or the story is not in it.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path((id, story_id)): Path<(String, String)>,
    actor: ClientActor,
) -> Result<StatusCode, Problem> {
    let dropped = state
        .app
        .stories()
        .remove_story_from_list(actor.as_actor(), path_id::parse(&id), &story_id)
        .await;
    dropped.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
