//! `DELETE /v2/stories/{id}/frames/{n}`: the last frame taken back.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::http::Door;
use crate::http::acting::{Acting, ActingQuery};
use crate::http::problem::{Problem, ProblemBody};

/// Take a story's last frame back, as if it had never been told.
#[utoipa::path(delete, path = "/v2/stories/{id}/frames/{n}", tag = "stories",
    params(
        ("id" = String, Path, description = "The story's id."),
        ("n" = i32, Path, description = "The frame's number, from 0."),
        ActingQuery,
    ),
    responses(
        (status = 204, description = "Gone."),
        (status = 403, description = "Another Sparrow's story.", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "Not the last frame, or the story is being told.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(door): State<Door>,
    Path((id, number)): Path<(String, String)>,
    acting: Acting,
) -> Result<StatusCode, Problem> {
    let taken = door.app.stories().take_frame_back(acting.actor(), &id, &number).await;
    taken.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::of(error, "path"))
}
