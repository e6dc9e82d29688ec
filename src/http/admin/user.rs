//! `/admin/api/users/{username}`: one who may log in.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::acting_admin::ActingAdmin;
use crate::app::identity::{UpdateUserRequest, UserView};
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// A user.
#[utoipa::path(get, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path)),
    responses((status = 200, body = UserView), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(username): Path<String>,
) -> Result<Json<UserView>, Problem> {
    let user = state.app.identities().user(&username).await;
    user.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Change a user; what is absent stays. Another password, or `is_active: false`, ends the user's sessions.
#[utoipa::path(patch, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path)), request_body = UpdateUserRequest,
    responses(
        (status = 200, body = UserView), (status = 404, body = ProblemBody),
        (status = 409, description = "It is the last one who may log in.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(state): State<HttpState>,
    Path(username): Path<String>,
    ActingAdmin(act): ActingAdmin,
    ValidJson(change): ValidJson<UpdateUserRequest>,
) -> Result<Json<UserView>, Problem> {
    let changed = state.app.identities().update_user(&username, change, &act).await;
    changed.map(Json).map_err(|error| Problem::from_error(error, "body"))
}

/// Replace a user; what is absent takes its default, but a password stays.
#[utoipa::path(put, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path)), request_body = UpdateUserRequest,
    responses(
        (status = 200, body = UserView), (status = 404, body = ProblemBody),
        (status = 409, description = "It is the last one who may log in.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    Path(username): Path<String>,
    ActingAdmin(act): ActingAdmin,
    ValidJson(change): ValidJson<UpdateUserRequest>,
) -> Result<Json<UserView>, Problem> {
    let changed =
        state.app.identities().update_user(&username, change.into_replacement(), &act).await;
    changed.map(Json).map_err(|error| Problem::from_error(error, "body"))
}

/// Remove a user.
#[utoipa::path(delete, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path)),
    responses(
        (status = 204, description = "Removed."), (status = 404, body = ProblemBody),
        (status = 409, description = "It is the last one who may log in.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    Path(username): Path<String>,
    ActingAdmin(act): ActingAdmin,
) -> Result<StatusCode, Problem> {
    let deleted = state.app.identities().delete_user(&username, &act).await;
    deleted.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}
