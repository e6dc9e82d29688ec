//! `DELETE /v2/stories/{id}`: a story with everything that belongs to it.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};

/// Remove a story with its frames, pictures and bookmarks; what is being told in it is called off.
#[utoipa::path(delete, path = "/v2/stories/{id}", tag = "stories",
    params(("id" = String, Path, description = "The story's id."), OptionalClientQuery),
    responses(
        (status = 204, description = "Gone."),
        (status = 403, description = "Another Sparrow's story.", body = ProblemBody),
        (status = 404, body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    actor: RequestActor,
) -> Result<StatusCode, Problem> {
    let removed = state.app.stories().remove_story(actor.as_actor(), &id).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
