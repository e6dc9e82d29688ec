//! `PUT /v1/story/reset/`: the next frame begins a new story.

use axum::Json;
use axum::extract::State;

use super::query::V1Query;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};

/// Leave the current story.
#[utoipa::path(put, path = "/v1/story/reset", tag = "v1", params(("client_id" = String, Query)),
    responses((status = 200, description = "`null`"), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    query: V1Query,
) -> Result<Json<()>, Problem> {
    let reset = state.app.stories().reset_story(&query.client_id).await;
    reset.map(Json).map_err(|error| Problem::from_error(error, "query"))
}
