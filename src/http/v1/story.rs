//! `GET /v1/story/`: a story with all its frames.

use axum::extract::State;
use axum::{Extension, Json};

use super::query::V1Query;
use crate::app::{ReadOptions, StoryResponse};
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;

/// A story, by its id, or the client's current one.
#[utoipa::path(get, path = "/v1/story", tag = "v1",
    params(("client_id" = String, Query), ("story_id" = Option<String>, Query), ("debug" = Option<bool>, Query)),
    responses((status = 200, body = StoryResponse), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    query: V1Query,
) -> Result<Json<StoryResponse>, Problem> {
    let reading = ReadOptions { request_id, debug: query.debug };
    let read = state.app.stories().read_story(&query.client_id, query.story_id.as_deref(), reading);
    read.await.map(Json).map_err(|error| Problem::from_error(error, "query"))
}
