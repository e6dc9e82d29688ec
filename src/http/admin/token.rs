//! `/admin/api/tokens/{id}`: one token.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::acting_admin::ActingAdmin;
use crate::app::identity::TokenView;
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// What can be changed of a token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TokenUpdate {
    /// What it is for: 1-100 characters.
    name: String,
}

/// A token.
#[utoipa::path(get, path = "/admin/api/tokens/{id}", tag = "admin", params(("id" = i64, Path)),
    responses((status = 200, body = TokenView), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(id): Path<String>,
) -> Result<Json<TokenView>, Problem> {
    let token = state.app.identities().token(parse_id(&id)).await;
    token.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Rename a token.
#[utoipa::path(patch, path = "/admin/api/tokens/{id}", tag = "admin", params(("id" = i64, Path)),
    request_body = TokenUpdate,
    responses(
        (status = 200, body = TokenView), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    ActingAdmin(act): ActingAdmin,
    ValidJson(change): ValidJson<TokenUpdate>,
) -> Result<Json<TokenView>, Problem> {
    let renamed = state.app.identities().rename_token(parse_id(&id), &change.name, &act).await;
    renamed.map(Json).map_err(|error| Problem::from_error(error, "body"))
}

/// Replace what can be changed of a token, which is its name.
#[utoipa::path(put, path = "/admin/api/tokens/{id}", tag = "admin", params(("id" = i64, Path)),
    request_body = TokenUpdate,
    responses(
        (status = 200, body = TokenView), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    state: State<HttpState>,
    id: Path<String>,
    by: ActingAdmin,
    change: ValidJson<TokenUpdate>,
) -> Result<Json<TokenView>, Problem> {
    patch(state, id, by, change).await
}

/// Revoke a token. It stays in the list.
#[utoipa::path(delete, path = "/admin/api/tokens/{id}", tag = "admin", params(("id" = i64, Path)),
    responses((status = 204, description = "Revoked."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    ActingAdmin(act): ActingAdmin,
) -> Result<StatusCode, Problem> {
    let revoked = state.app.identities().revoke_token(parse_id(&id), &act).await;
    revoked.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}

/// An id; what is no number is no token's.
fn parse_id(id: &str) -> i64 {
    id.parse().unwrap_or(0)
}
