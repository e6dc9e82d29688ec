//! `POST /admin/api/login`: a password becomes a session.

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

/// Who logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct LoginRequest {
    username: String,
    password: String,
}

/// A session that has begun; its cookie is in `Set-Cookie`.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct LoginResponse {
    /// Who has logged in.
    username: String,
    /// When the session ends.
    expires_at: DateTime<Utc>,
}

/// Log in.
#[utoipa::path(post, path = "/admin/api/login", tag = "admin", request_body = LoginRequest, responses(
    (status = 200, body = LoginResponse),
    (status = 401, description = "The username or the password is wrong.", body = ProblemBody),
    (status = 429, description = "Too many tries; see Retry-After.", body = ProblemBody),
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
