//! `/admin/api/tokens/{id}`: one token.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::act::By;
use crate::app::identity::TokenView;
use crate::http::Door;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};

/// What can be changed of a token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TokenChange {
    /// What it is for: 1-100 characters.
    name: String,
}

/// A token.
#[utoipa::path(get, path = "/admin/api/tokens/{id}", tag = "admin", params(("id" = i64, Path)),
    responses((status = 200, body = TokenView), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Path(id): Path<String>,
) -> Result<Json<TokenView>, Problem> {
    let token = door.app.identities().token(number(&id)).await;
    token.map(Json).map_err(|error| Problem::of(error, "path"))
}

/// Rename a token.
#[utoipa::path(patch, path = "/admin/api/tokens/{id}", tag = "admin", params(("id" = i64, Path)),
    request_body = TokenChange,
    responses(
        (status = 200, body = TokenView), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(door): State<Door>,
    Path(id): Path<String>,
    By(act): By,
    Sent(change): Sent<TokenChange>,
) -> Result<Json<TokenView>, Problem> {
    let renamed = door.app.identities().rename_token(number(&id), &change.name, &act).await;
    renamed.map(Json).map_err(|error| Problem::of(error, "body"))
}

/// Replace what can be changed of a token, which is its name.
#[utoipa::path(put, path = "/admin/api/tokens/{id}", tag = "admin", params(("id" = i64, Path)),
    request_body = TokenChange,
    responses(
        (status = 200, body = TokenView), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    door: State<Door>,
    id: Path<String>,
    by: By,
    change: Sent<TokenChange>,
) -> Result<Json<TokenView>, Problem> {
    patch(door, id, by, change).await
}

/// Revoke a token. It stays in the list.
#[utoipa::path(delete, path = "/admin/api/tokens/{id}", tag = "admin", params(("id" = i64, Path)),
    responses((status = 204, description = "Revoked."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(door): State<Door>,
    Path(id): Path<String>,
    By(act): By,
) -> Result<StatusCode, Problem> {
    let revoked = door.app.identities().revoke_token(number(&id), &act).await;
    revoked.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::of(error, "path"))
}

/// An id; what is no number is no token's.
fn number(id: &str) -> i64 {
    id.parse().unwrap_or(0)
}
