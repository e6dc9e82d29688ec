//! `GET /v2/clients/{client_id}/config`: a client's resolved configuration.

use axum::Json;
use axum::extract::State;

use crate::app::ClientConfigView;
use crate::http::HttpState;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};

/// Read a client's configuration
///
/// Returns every parameter that applies to the client's next frame, with the level that sets it: a schedule, the
/// Sparrow, a Flock, the client type or the strategy. Provider keys are named but never shown. Works for unknown
/// clients too.
#[utoipa::path(get, path = "/v2/clients/{client_id}/config", tag = "devices",
    params(("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen")),
    responses(
        (status = 200, description = "The resolved configuration.", body = ClientConfigView),
        (status = 403, description = "The token belongs to another device.", body = ProblemBody),
        (status = 409, description = "The client's Flocks contain each other in a loop.", body = ProblemBody),
        (status = 422, description = "`client_id` is invalid.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
) -> Result<Json<ClientConfigView>, Problem> {
    let config = state.app.config().client_config(&client_id).await;
    config.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
