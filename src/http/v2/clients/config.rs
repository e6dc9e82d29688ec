//! `GET /v2/clients/{client_id}/config`: what is in force for a Sparrow, and who says so.

use axum::Json;
use axum::extract::State;

use crate::app::ClientConfigView;
use crate::http::Door;
use crate::http::path_client::PathClient;
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
    State(door): State<Door>,
    PathClient(client_id): PathClient,
) -> Result<Json<ClientConfigView>, Problem> {
    let config = door.app.config().client_config(&client_id).await;
    config.map(Json).map_err(|error| Problem::of(error, "path"))
}
