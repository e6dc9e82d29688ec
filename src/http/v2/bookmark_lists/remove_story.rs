//! `DELETE /v2/bookmark-lists/{id}/stories/{story_id}`: remove a story from a list.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::{ClientActor, RequiredClientQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// Remove a story from a bookmark list
///
/// The story stays; only its entry in the list is removed.
#[utoipa::path(delete, path = "/v2/bookmark-lists/{id}/stories/{story_id}", tag = "bookmark lists",
    params(
        ("id" = i64, Path, description = "The list's id: `id` in the response of `POST /v2/bookmark-lists`.",
            example = 1),
        ("story_id" = String, Path, description = "The story's id: `story_id` in `GET /v2/bookmark-lists/{id}`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        RequiredClientQuery,
    ),
    responses(
        (status = 204, description = "The story is no longer in the list."),
        (status = 403, description = "The list is public but belongs to another client.", body = ProblemBody),
        (status = 404, body = ProblemBody,
            description = "No such list or story exists, the list does not hold the story, or it belongs to another \
                           client and is not public."),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path((id, story_id)): Path<(String, String)>,
    actor: ClientActor,
) -> Result<StatusCode, Problem> {
    let removed = state
        .app
        .stories()
        .remove_story_from_list(actor.as_actor(), path_id::parse(&id), &story_id)
        .await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
