//! `GET /v2/clients/{client_id}/config`: what is in force for a Sparrow, and who says so.

use axum::Json;
use axum::extract::State;

use crate::app::ClientConfigView;
use crate::http::HttpState;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};

/// The resolved configuration, each value with the level that gave it; no secrets.
#[utoipa::path(get, path = "/v2/clients/{client_id}/config", tag = "devices",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    responses(
        (status = 200, body = ClientConfigView),
        (status = 403, description = "Another device's token.", body = ProblemBody),
        (status = 409, description = "The flocks go round in a loop.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
) -> Result<Json<ClientConfigView>, Problem> {
    let config = state.app.config().client_config(&client_id).await;
    config.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
