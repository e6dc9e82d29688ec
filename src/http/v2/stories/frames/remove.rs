//! `DELETE /v2/stories/{id}/frames/{n}`: remove the last frame of a story.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};

/// Remove a story's last frame
///
/// Removes the frame with its media, and sets the story back to its state before that frame. Allowed to the story's own
/// client and to admins.
#[utoipa::path(delete, path = "/v2/stories/{id}/frames/{n}", tag = "frames",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        ("n" = i32, Path, description = "The number of the last frame; the first is 0.", minimum = 0, example = 0),
        OptionalClientQuery,
    ),
    responses(
        (status = 204, description = "The frame is removed."),
        (status = 403, description = "The story belongs to another client.", body = ProblemBody),
        (status = 404, description = "No such story exists, or it has no such frame.", body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "The frame is not the last one, or a task works on the story."),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path((id, number)): Path<(String, String)>,
    actor: RequestActor,
) -> Result<StatusCode, Problem> {
    let removed = state.app.stories().remove_last_frame(actor.as_actor(), &id, &number).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
