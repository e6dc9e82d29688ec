//! `/admin/api/pairing/{code}`: an admin lets the device in that shows the code, or turns it away.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::acting_admin::ActingAdmin;
use crate::app::identity::PairingView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};

/// Let a device in. Its next poll gets its token.
#[utoipa::path(post, path = "/admin/api/pairing/{code}/approve", tag = "admin",
    params(("code" = String, Path, description = "In any case, with or without its dash.")),
    responses(
        (status = 200, body = PairingView),
        (status = 404, description = "No device shows it, or no longer.", body = ProblemBody),
        (status = 409, description = "It was approved before.", body = ProblemBody),
    ))]
pub(in crate::http) async fn approve(
    State(state): State<HttpState>,
    Path(code): Path<String>,
    ActingAdmin(act): ActingAdmin,
) -> Result<Json<PairingView>, Problem> {
    let approved = state.app.identities().approve_pairing(&code, &act).await;
    approved.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Turn a device away.
#[utoipa::path(delete, path = "/admin/api/pairing/{code}", tag = "admin",
    params(("code" = String, Path, description = "In any case, with or without its dash.")),
    responses((status = 204, description = "Turned away."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(code): Path<String>,
    ActingAdmin(act): ActingAdmin,
) -> Result<StatusCode, Problem> {
    let refused = state.app.identities().refuse_pairing(&code, &act).await;
    refused.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
