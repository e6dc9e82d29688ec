//! `PUT /v1/story/reset/`: the client's next frame starts a new story.

use axum::Json;
use axum::extract::State;

use super::query::V1Query;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};

/// Start a new story
///
/// Leaves the client's current story, which stays readable by its id. The next frame starts a new one. A client that
/// shares a Flock's story leaves it for the whole Flock.
#[utoipa::path(put, path = "/v1/story/reset", tag = "v1", params(
        ("client_id" = String, Query, example = "kitchen",
            description = "The client's name: 1-255 printable characters."),
    ),
    responses(
        (status = 200, description = "Done, also if the client had no story. The body is `null`."),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    query: V1Query,
) -> Result<Json<()>, Problem> {
    let reset = state.app.stories().reset_story(&query.client_id).await;
    reset.map(Json).map_err(|error| Problem::from_error(error, "query"))
}
