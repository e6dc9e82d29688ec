//! `GET /v1/stories/`: a client's own stories.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::query::V1Query;
use crate::app::StoryListView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;

/// A client's own stories, last updated first.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct StoriesResponse {
    /// The stories.
    stories: Vec<StoryListView>,
    /// The request that this answers.
    request_id: String,
    /// When it was answered: UTC, with a space and microseconds.
    generation_date: String,
}

/// The client's stories.
#[utoipa::path(get, path = "/v1/stories", tag = "v1",
    params(("client_id" = String, Query), ("debug" = Option<bool>, Query)),
    responses((status = 200, body = StoriesResponse), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    query: V1Query,
) -> Result<Json<StoriesResponse>, Problem> {
    let stories = state.app.stories().list_stories(&query.client_id).await;
    let stories = stories.map_err(|error| Problem::from_error(error, "query"))?;
    let generation_date = state.app.stories().generation_date();
    Ok(Json(StoriesResponse { stories, request_id, generation_date }))
}
