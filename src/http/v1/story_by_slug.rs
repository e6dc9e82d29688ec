//! `GET /v1/story/slug/{slug}`: a story by its name in links.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use super::query::V1Query;
use crate::app::{ReadOptions, StoryResponse};
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;

/// A story, by its slug.
#[utoipa::path(get, path = "/v1/story/slug/{slug}", tag = "v1",
    params(("slug" = String, Path), ("client_id" = String, Query), ("debug" = Option<bool>, Query)),
    responses((status = 200, body = StoryResponse), (status = 404, body = ProblemBody)))]
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
