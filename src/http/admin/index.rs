//! `GET` and `POST /admin/api/index`: the vector index for semantic search.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::media::{TaskAccepted, TaskAcceptedResponse, task_accepted};
use crate::app::IndexStatus;
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// How to index the frames.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct IndexRequest {
    /// Whether to rebuild the index with the configured model; default `false`.
    #[serde(default)]
    force: bool,
}

/// Get the state of the vector index
#[utoipa::path(get, path = "/admin/api/index", tag = "admin",
    responses((status = 200, body = IndexStatus)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
) -> Result<Json<IndexStatus>, Problem> {
    let status = state.app.search().index_status().await;
    status.map(Json).map_err(|error| Problem::from_error(error, "query"))
}

/// Index the missing frames
///
/// With `force`, the index is rebuilt from all frames.
#[utoipa::path(post, path = "/admin/api/index", tag = "admin", request_body = IndexRequest,
    responses(
        (status = 202, description = "A task was created; `Location` is its path.", body = TaskAccepted),
        (status = 409, description = "No embedding model is configured.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    ValidJson(request): ValidJson<IndexRequest>,
) -> Result<TaskAcceptedResponse, Problem> {
    task_accepted(
        state.app.search().enqueue_indexing(request.force).await,
        "The frames are being indexed.",
    )
}
