//! `POST /admin/api/sparrow-states/{client_id}/commands` and `POST /admin/api/flock-configs/{flock_id}/commands`: send a
//! command to a Sparrow, or to all Sparrows of a flock.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::acting_admin::ActingAdmin;
use crate::app::SentCommandView;
use crate::domain::DeviceCommand;
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};

/// A command to send.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"command": "blackout"}))]
pub(in crate::http) struct CommandRequest {
    /// `next`: ask for the next frame now. `identify`: show which device this is. `blackout`: be black. `resume`: end the
    /// blackout.
    command: DeviceCommand,
}

/// Send a command to a Sparrow
///
/// The Sparrow's device gets it once, in `X-Command` and `command` of its next poll, within a day. A blackout holds from now
/// on: walls and pictures are black and no frame is told, until `resume`. A `resume` of a Sparrow does not end the blackout
/// of its flock; `blackouts` in the response says what keeps the Sparrow black.
#[utoipa::path(post, path = "/admin/api/sparrow-states/{client_id}/commands", tag = "admin",
    request_body = CommandRequest,
    params(("client_id" = String, Path, example = "kitchen",
            description = "Client id of the Sparrow: 1-255 printable characters.")),
    responses(
        (status = 200, description = "The command was sent.", body = SentCommandView),
        (status = 404, description = "The Sparrow was never seen and is not configured.", body = ProblemBody),
        (status = 422, description = "There is no such command.", body = ProblemBody),
    ))]
pub(in crate::http) async fn to_sparrow(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ActingAdmin(audit): ActingAdmin,
    ValidJson(CommandRequest { command }): ValidJson<CommandRequest>,
) -> Result<Json<SentCommandView>, Problem> {
    let sent = state.app.device_commands().send_to_sparrow(&client_id, command, &audit).await;
    sent.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Send a command to a flock
///
/// Does the same as `POST /admin/api/sparrow-states/{client_id}/commands` for every Sparrow of the flock and of the flocks in
/// it, and for their walls. The flock `default` has every Sparrow. A blackout also holds for Sparrows that join the flock
/// later.
#[utoipa::path(post, path = "/admin/api/flock-configs/{flock_id}/commands", tag = "admin",
    request_body = CommandRequest,
    params(("flock_id" = String, Path, example = "museum", description = "Id of the flock.")),
    responses(
        (status = 200, description = "The command was sent.", body = SentCommandView),
        (status = 404, description = "No flock has this id.", body = ProblemBody),
        (status = 422, description = "There is no such command.", body = ProblemBody),
    ))]
pub(in crate::http) async fn to_flock(
    State(state): State<HttpState>,
    Path(flock_id): Path<String>,
    ActingAdmin(audit): ActingAdmin,
    ValidJson(CommandRequest { command }): ValidJson<CommandRequest>,
) -> Result<Json<SentCommandView>, Problem> {
    let sent = state.app.device_commands().send_to_flock(&flock_id, command, &audit).await;
    sent.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
