//! `DELETE /v2/stories/{id}`: remove a story and everything that belongs to it.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};

/// Remove a story
///
/// Removes the story with its frames, media, vectors, bookmarks and list entries, and cancels its tasks. Allowed to the
/// story's own client and to admins. It cannot be undone.
#[utoipa::path(delete, path = "/v2/stories/{id}", tag = "stories",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        OptionalClientQuery,
    ),
    responses(
        (status = 204, description = "The story is removed."),
        (status = 403, description = "The story belongs to another client.", body = ProblemBody),
        (status = 404, description = "No story has this id.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    actor: RequestActor,
) -> Result<StatusCode, Problem> {
    let removed = state.app.stories().delete_story(actor.as_actor(), &id).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
