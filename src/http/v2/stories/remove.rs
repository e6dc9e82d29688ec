//! `DELETE /v2/stories/{id}`: a story with everything that belongs to it.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::http::Door;
use crate::http::acting::{Acting, ActingQuery};
use crate::http::problem::{Problem, ProblemBody};

/// Remove a story with its frames, pictures and bookmarks; what is being told in it is called off.
#[utoipa::path(delete, path = "/v2/stories/{id}", tag = "stories",
    params(("id" = String, Path, description = "The story's id."), ActingQuery),
    responses(
        (status = 204, description = "Gone."),
        (status = 403, description = "Another Sparrow's story.", body = ProblemBody),
        (status = 404, body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(door): State<Door>,
    Path(id): Path<String>,
    acting: Acting,
) -> Result<StatusCode, Problem> {
    let removed = door.app.stories().remove_story(acting.actor(), &id).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::of(error, "path"))
}
