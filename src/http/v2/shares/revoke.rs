//! `DELETE /v2/shares/{id}`: revoke a share.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::app::AuditContext;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};
use crate::http::request_id::RequestId;
use crate::http::{HttpState, path_id};

/// Revoke a share
///
/// The link stops working at once, and pages and streams that are open end. Pictures whose own address somebody has kept
/// stay readable.
#[utoipa::path(delete, path = "/v2/shares/{id}", tag = "shares",
    params(
        ("id" = i64, Path, description = "The share's id: `id` in the response of `POST /v2/shares`.", example = 1),
        OptionalClientQuery,
    ),
    responses(
        (status = 204, description = "The share is revoked."),
        (status = 404, description = "No share has this id, or it is about another client.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    actor: RequestActor,
) -> Result<StatusCode, Problem> {
    let audit = AuditContext::new(&actor.principal, Some(request_id));
    let id = path_id::parse(&id);
    let revoked = state.app.shares().revoke(actor.as_actor(), id, &audit).await;
    revoked.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
