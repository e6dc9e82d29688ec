//! `DELETE /v2/stories/{id}/frames/{n}`: the last frame taken back.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};

/// Take a story's last frame back, as if it had never been told.
#[utoipa::path(delete, path = "/v2/stories/{id}/frames/{n}", tag = "stories",
    params(
        ("id" = String, Path, description = "The story's id."),
        ("n" = i32, Path, description = "The frame's number, from 0."),
        OptionalClientQuery,
    ),
    responses(
        (status = 204, description = "Gone."),
        (status = 403, description = "Another Sparrow's story.", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "Not the last frame, or the story is being told.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path((id, number)): Path<(String, String)>,
    actor: RequestActor,
) -> Result<StatusCode, Problem> {
    let taken = state.app.stories().remove_last_frame(actor.as_actor(), &id, &number).await;
    taken.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
