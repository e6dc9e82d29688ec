//! `GET` and `POST /admin/api/index`: the index for semantic search.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::media::{Accepted, Ordered, accepted};
use crate::app::IndexStatus;
use crate::http::Door;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};

/// How to go about it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct IndexOrder {
    /// Whether to make the index anew, with what is configured now.
    #[serde(default)]
    force: bool,
}

/// How the index is.
#[utoipa::path(get, path = "/admin/api/index", tag = "admin",
    responses((status = 200, body = IndexStatus)))]
pub(in crate::http) async fn get(State(door): State<Door>) -> Result<Json<IndexStatus>, Problem> {
    let status = door.app.search().index_status().await;
    status.map(Json).map_err(|error| Problem::of(error, "query"))
}

/// Put every frame into the index that is not there.
#[utoipa::path(post, path = "/admin/api/index", tag = "admin", request_body = IndexOrder,
    responses(
        (status = 202, description = "A task does it; `Location` leads to it.", body = Ordered),
        (status = 409, description = "No model for vectors is configured.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    Sent(order): Sent<IndexOrder>,
) -> Result<Accepted, Problem> {
    accepted(door.app.search().order_indexing(order.force).await, "Frames are put into the index.")
}
