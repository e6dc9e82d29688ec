//! `POST /admin/api/login`: a password becomes a session.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::response::{AppendHeaders, IntoResponse};
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::address::ClientAddress;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{Door, session_cookie};

/// Who logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Login {
    username: String,
    password: String,
}

/// A session that has begun; its cookie is in `Set-Cookie`.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct LoggedInBody {
    /// Who has logged in.
    username: String,
    /// When the session ends.
    expires_at: DateTime<Utc>,
}

/// Log in.
#[utoipa::path(post, path = "/admin/api/login", tag = "admin", request_body = Login, responses(
    (status = 200, body = LoggedInBody),
    (status = 401, description = "The username or the password is wrong.", body = ProblemBody),
    (status = 429, description = "Too many tries; see Retry-After.", body = ProblemBody),
))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    Extension(client): Extension<ClientAddress>,
    Sent(Login { username, password }): Sent<Login>,
) -> Result<impl IntoResponse, Problem> {
    let logged_in = door.app.identities().log_in(&username, password, client.ip).await;
    let logged_in = logged_in.map_err(|error| Problem::of(error, "body"))?;
    let cookie = session_cookie::set(&logged_in.cookie, client.is_secure);
    let headers = AppendHeaders([(SET_COOKIE, cookie), (CACHE_CONTROL, "no-store".to_owned())]);
    let (username, expires_at) = (logged_in.username, logged_in.expires_at);
    Ok((headers, Json(LoggedInBody { username, expires_at })))
}
