//! `GET /v1/story/slug/{slug}`: a story by its slug.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use super::query::V1Query;
use crate::app::{ReadOptions, StoryResponse};
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;

/// Read a story by its slug
///
/// Returns the story with all its frames, like `GET /v1/story`.
#[utoipa::path(get, path = "/v1/story/slug/{slug}", tag = "v1",
    params(
        ("slug" = String, Path, example = "a-red-kettle",
            description = "The story's slug: `slug` in the response of `POST /v1/frames` or `GET /v1/stories`."),
        ("client_id" = String, Query, example = "kitchen",
            description = "The client that reads; it decides `is_read_only`: 1-255 printable characters."),
        ("debug" = Option<bool>, Query, description = "Whether to fill `debug_data`; `false` by default."),
    ),
    responses(
        (status = 200, description = "The story with all its frames.", body = StoryResponse),
        (status = 404, description = "No story has this slug.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Path(slug): Path<String>,
    query: V1Query,
) -> Result<Json<StoryResponse>, Problem> {
    let reading = ReadOptions { request_id, debug: query.debug };
    let read = state.app.stories().read_story_by_slug(&query.client_id, &slug, reading);
    read.await.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
