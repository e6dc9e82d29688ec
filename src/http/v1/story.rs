//! `GET /v1/story/`: a story with all its frames.

use axum::extract::State;
use axum::{Extension, Json};

use super::query::V1Query;
use crate::app::{ReadOptions, StoryResponse};
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;

/// Read a story
///
/// Returns a story with all its frames: the one with the id, or the client's current story. A client without a current
/// story gets a new, empty one. Every caller with a key may read every story by its id.
#[utoipa::path(get, path = "/v1/story", tag = "v1",
    params(
        ("client_id" = String, Query, example = "kitchen",
            description = "The client that reads; it decides `is_read_only`: 1-255 printable characters."),
        ("story_id" = Option<String>, Query,
            description = "The story's id: `story_id` in the response of `POST /v1/frames`. The client's current story \
                           by default."),
        ("debug" = Option<bool>, Query, description = "Whether to fill `debug_data`; `false` by default."),
    ),
    responses(
        (status = 200, description = "The story with all its frames.", body = StoryResponse),
        (status = 404, description = "No story has this id.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    query: V1Query,
) -> Result<Json<StoryResponse>, Problem> {
    let reading = ReadOptions { request_id, debug: query.debug };
    let read = state.app.stories().read_story(&query.client_id, query.story_id.as_deref(), reading);
    read.await.map(Json).map_err(|error| Problem::from_error(error, "query"))
}
