//! `/admin/api/pairing/{code}`: approves or rejects the device that shows the code.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::acting_admin::ActingAdmin;
use crate::app::identity::PairingView;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};

/// Approve a pairing
///
/// The device gets its token with its next poll.
#[utoipa::path(post, path = "/admin/api/pairing/{code}/approve", tag = "admin",
    params(("code" = String, Path, example = "K7QM-2HXD",
            description = "The code that the device shows, in any case, with or without its dash.")),
    responses(
        (status = 200, body = PairingView),
        (status = 404, description = "No pending pairing has this code.", body = ProblemBody),
        (status = 409, description = "The pairing was approved before.", body = ProblemBody),
    ))]
pub(in crate::http) async fn approve(
    State(state): State<HttpState>,
    Path(code): Path<String>,
    ActingAdmin(audit): ActingAdmin,
) -> Result<Json<PairingView>, Problem> {
    let approved = state.app.identities().approve_pairing(&code, &audit).await;
    approved.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Reject a pairing
#[utoipa::path(delete, path = "/admin/api/pairing/{code}", tag = "admin",
    params(("code" = String, Path, example = "K7QM-2HXD",
            description = "The code that the device shows, in any case, with or without its dash.")),
    responses((status = 204, description = "The pairing was rejected."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(code): Path<String>,
    ActingAdmin(audit): ActingAdmin,
) -> Result<StatusCode, Problem> {
    let refused = state.app.identities().reject_pairing(&code, &audit).await;
    refused.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
