//! `/admin/api/users/{username}`: one who may log in.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::act::By;
use crate::app::identity::{UserChange, UserView};
use crate::http::Door;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};

/// A user.
#[utoipa::path(get, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path)),
    responses((status = 200, body = UserView), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Path(username): Path<String>,
) -> Result<Json<UserView>, Problem> {
    let user = door.app.identities().user(&username).await;
    user.map(Json).map_err(|error| Problem::of(error, "path"))
}

/// Change a user; what is absent stays. Another password, or `is_active: false`, ends the user's sessions.
#[utoipa::path(patch, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path)), request_body = UserChange,
    responses(
        (status = 200, body = UserView), (status = 404, body = ProblemBody),
        (status = 409, description = "It is the last one who may log in.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(door): State<Door>,
    Path(username): Path<String>,
    By(act): By,
    Sent(change): Sent<UserChange>,
) -> Result<Json<UserView>, Problem> {
    let changed = door.app.identities().change_user(&username, change, &act).await;
    changed.map(Json).map_err(|error| Problem::of(error, "body"))
}

/// Replace a user; what is absent takes its default, but a password stays.
#[utoipa::path(put, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path)), request_body = UserChange,
    responses(
        (status = 200, body = UserView), (status = 404, body = ProblemBody),
        (status = 409, description = "It is the last one who may log in.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(door): State<Door>,
    Path(username): Path<String>,
    By(act): By,
    Sent(change): Sent<UserChange>,
) -> Result<Json<UserView>, Problem> {
    let changed = door.app.identities().change_user(&username, change.whole(), &act).await;
    changed.map(Json).map_err(|error| Problem::of(error, "body"))
}

/// Remove a user.
#[utoipa::path(delete, path = "/admin/api/users/{username}", tag = "admin",
    params(("username" = String, Path)),
    responses(
        (status = 204, description = "Removed."), (status = 404, body = ProblemBody),
        (status = 409, description = "It is the last one who may log in.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(door): State<Door>,
    Path(username): Path<String>,
    By(act): By,
) -> Result<StatusCode, Problem> {
    let deleted = door.app.identities().delete_user(&username, &act).await;
    deleted.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::of(error, "path"))
}
