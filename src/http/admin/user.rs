//! `/admin/api/users/{username}`: one user.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::acting_admin::ActingAdmin;
use crate::app::identity::{UpdateUserRequest, UserView};
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// Get a user
#[utoipa::path(get, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path, example = "ada",
            description = "Name of the user: `username` in `GET /admin/api/users`.")),
    responses((status = 200, body = UserView), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(username): Path<String>,
) -> Result<Json<UserView>, Problem> {
    let user = state.app.identities().user(&username).await;
    user.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Update a user
///
/// Omitted fields keep their values. A new password or `is_active: false` ends the user's sessions.
#[utoipa::path(patch, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path, example = "ada",
            description = "Name of the user: `username` in `GET /admin/api/users`.")),
    request_body = UpdateUserRequest,
    responses(
        (status = 200, body = UserView), (status = 404, body = ProblemBody),
        (status = 409, description = "This is the last user who may log in.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(state): State<HttpState>,
    Path(username): Path<String>,
    ActingAdmin(audit): ActingAdmin,
    ValidJson(change): ValidJson<UpdateUserRequest>,
) -> Result<Json<UserView>, Problem> {
    let changed = state.app.identities().update_user(&username, change, &audit).await;
    changed.map(Json).map_err(|error| Problem::from_error(error, "body"))
}

/// Replace a user
///
/// Omitted fields get their defaults, except the password, which stays. A new password or `is_active: false` ends the
/// user's sessions.
#[utoipa::path(put, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path, example = "ada",
            description = "Name of the user: `username` in `GET /admin/api/users`.")),
    request_body = UpdateUserRequest,
    responses(
        (status = 200, body = UserView), (status = 404, body = ProblemBody),
        (status = 409, description = "This is the last user who may log in.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    Path(username): Path<String>,
    ActingAdmin(audit): ActingAdmin,
    ValidJson(change): ValidJson<UpdateUserRequest>,
) -> Result<Json<UserView>, Problem> {
    let changed =
        state.app.identities().update_user(&username, change.into_replacement(), &audit).await;
    changed.map(Json).map_err(|error| Problem::from_error(error, "body"))
}

/// Delete a user
///
/// This ends the user's sessions.
#[utoipa::path(delete, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path, example = "ada",
            description = "Name of the user: `username` in `GET /admin/api/users`.")),
    responses(
        (status = 204, description = "The user was deleted."), (status = 404, body = ProblemBody),
        (status = 409, description = "This is the last user who may log in.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(username): Path<String>,
    ActingAdmin(audit): ActingAdmin,
) -> Result<StatusCode, Problem> {
    let deleted = state.app.identities().delete_user(&username, &audit).await;
    deleted.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
