//! `POST /admin/api/login`: checks a password and starts a session.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::response::{AppendHeaders, IntoResponse};
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::address::ClientAddress;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, session_cookie};

/// Credentials of a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LoginRequest {
    /// Name of the user.
    username: String,
    /// Password of the user.
    password: String,
}

/// A new session. Its cookie is in `Set-Cookie`.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct LoginResponse {
    /// Name of the user.
    username: String,
    /// When the session ends.
    expires_at: DateTime<Utc>,
}

/// Log in
///
/// Starts a session and sets its cookie.
#[utoipa::path(post, path = "/admin/api/login", tag = "admin", request_body = LoginRequest, responses(
    (status = 200, body = LoginResponse),
    (status = 401, description = "The username or the password is wrong.", body = ProblemBody),
    (status = 429, description = "Too many attempts; see `Retry-After`.", body = ProblemBody),
))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Extension(client): Extension<ClientAddress>,
    ValidJson(LoginRequest { username, password }): ValidJson<LoginRequest>,
) -> Result<impl IntoResponse, Problem> {
    let logged_in = state.app.identities().log_in(&username, password, client.ip).await;
    let logged_in = logged_in.map_err(|error| Problem::from_error(error, "body"))?;
    let cookie = session_cookie::set(&logged_in.cookie, client.is_secure);
    let headers = AppendHeaders([(SET_COOKIE, cookie), (CACHE_CONTROL, "no-store".to_owned())]);
    let (username, expires_at) = (logged_in.username, logged_in.expires_at);
    Ok((headers, Json(LoginResponse { username, expires_at })))
}
