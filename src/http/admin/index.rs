//! `GET` and `POST /admin/api/index`: the index for semantic search.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::media::{TaskAccepted, TaskAcceptedResponse, task_accepted};
use crate::app::IndexStatus;
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// How to go about it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct IndexRequest {
    /// Whether to make the index anew, with what is configured now.
    #[serde(default)]
    force: bool,
}

/// How the index is.
#[utoipa::path(get, path = "/admin/api/index", tag = "admin",
    responses((status = 200, body = IndexStatus)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
) -> Result<Json<IndexStatus>, Problem> {
    let status = state.app.search().index_status().await;
    status.map(Json).map_err(|error| Problem::from_error(error, "query"))
}

/// Put every frame into the index that is not there.
#[utoipa::path(post, path = "/admin/api/index", tag = "admin", request_body = IndexRequest,
    responses(
        (status = 202, description = "A task does it; `Location` leads to it.", body = TaskAccepted),
        (status = 409, description = "No model for vectors is configured.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    ValidJson(order): ValidJson<IndexRequest>,
) -> Result<TaskAcceptedResponse, Problem> {
    task_accepted(
        state.app.search().enqueue_indexing(order.force).await,
        "Frames are put into the index.",
    )
}
