//! `GET /admin/api/sparrow-states/{client_id}`: returns the state of one Sparrow.

use axum::Json;
use axum::extract::State;

use crate::app::SparrowState;
use crate::http::HttpState;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};

/// Get a Sparrow state
#[utoipa::path(get, path = "/admin/api/sparrow-states/{client_id}", tag = "admin",
    params(("client_id" = String, Path, example = "kitchen",
            description = "Client id of the Sparrow: 1-255 printable characters.")),
    responses((status = 200, body = SparrowState), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
) -> Result<Json<SparrowState>, Problem> {
    let state = state.app.clients().sparrow_state(&client_id).await;
    state.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
