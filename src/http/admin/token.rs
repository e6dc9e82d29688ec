//! `/admin/api/tokens/{id}`: one token.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::acting_admin::ActingAdmin;
use crate::app::identity::TokenView;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// The properties of a token that can change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TokenUpdate {
    /// What the token is for: 1-100 characters.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    name: String,
}

/// Get a token
///
/// The response does not contain the secret.
#[utoipa::path(get, path = "/admin/api/tokens/{id}", tag = "admin",
    params(("id" = i64, Path, description = "Id of the token: `id` in `GET /admin/api/tokens`.", example = 1)),
    responses((status = 200, body = TokenView), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(id): Path<String>,
) -> Result<Json<TokenView>, Problem> {
    let token = state.app.identities().token(path_id::parse(&id)).await;
    token.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Rename a token
#[utoipa::path(patch, path = "/admin/api/tokens/{id}", tag = "admin",
    params(("id" = i64, Path, example = 1,
            description = "Id of the token: `id` in `GET /admin/api/tokens`.")),
    request_body = TokenUpdate,
    responses(
        (status = 200, body = TokenView), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    ActingAdmin(audit): ActingAdmin,
    ValidJson(change): ValidJson<TokenUpdate>,
) -> Result<Json<TokenView>, Problem> {
    let renamed =
        state.app.identities().rename_token(path_id::parse(&id), &change.name, &audit).await;
    renamed.map(Json).map_err(|error| Problem::from_error(error, "body"))
}

/// Replace a token
///
/// Only the name can change, so this is the same as renaming the token.
#[utoipa::path(put, path = "/admin/api/tokens/{id}", tag = "admin",
    params(("id" = i64, Path, example = 1,
            description = "Id of the token: `id` in `GET /admin/api/tokens`.")),
    request_body = TokenUpdate,
    responses(
        (status = 200, body = TokenView), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    state: State<HttpState>,
    id: Path<String>,
    admin: ActingAdmin,
    change: ValidJson<TokenUpdate>,
) -> Result<Json<TokenView>, Problem> {
    patch(state, id, admin, change).await
}

/// Revoke a token
///
/// The token stays in the list of tokens.
#[utoipa::path(delete, path = "/admin/api/tokens/{id}", tag = "admin",
    params(("id" = i64, Path, description = "Id of the token: `id` in `GET /admin/api/tokens`.", example = 1)),
    responses((status = 204, description = "The token was revoked."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    ActingAdmin(audit): ActingAdmin,
) -> Result<StatusCode, Problem> {
    let revoked = state.app.identities().revoke_token(path_id::parse(&id), &audit).await;
    revoked.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
