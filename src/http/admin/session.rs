//! `GET /admin/api/session`: who am I?

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Identity, Principal};
use crate::http::problem::Problem;
use crate::http::{HttpState, session_cookie};

/// Who asks.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct SessionResponse {
    /// As the audit names whoever it is: `user anna`, `token 7 (scripts)`, `this machine`.
    actor: String,
    /// The user's name, for one who has logged in.
    username: Option<String>,
    /// When the session ends, for one who has logged in.
    expires_at: Option<DateTime<Utc>>,
}

/// Who the request comes from.
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
