//! `GET /admin/api/session`: returns the caller.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Identity, Principal};
use crate::http::problem::Problem;
use crate::http::{HttpState, session_cookie};

/// The caller of the request.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct SessionResponse {
    /// Name of the caller in the audit log, such as `user anna`, `token 7 (scripts)` or `this machine`.
    actor: String,
    /// Name of the user; null without a session.
    username: Option<String>,
    /// When the session ends; null without a session.
    expires_at: Option<DateTime<Utc>>,
}

/// Get the caller
#[utoipa::path(get, path = "/admin/api/session", tag = "admin",
    responses((status = 200, body = SessionResponse)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
) -> Result<Json<SessionResponse>, Problem> {
    let actor = principal.to_string();
    let Identity::User { name, .. } = principal.identity else {
        return Ok(Json(SessionResponse { actor, username: None, expires_at: None }));
    };
    let cookie = session_cookie::get(&headers).unwrap_or_default();
    let session = state.app.identities().session(cookie).await;
    let session = session.map_err(|error| Problem::from_error(error, "cookie"))?;
    let expires_at = session.map(|session| session.date_expires);
    Ok(Json(SessionResponse { actor, username: Some(name), expires_at }))
}
