//! `POST /admin/api/logout`: ends the session.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse};

use crate::http::problem::Problem;
use crate::http::{HttpState, session_cookie};

/// Log out
///
/// Ends the session and clears its cookie. Without a session it does nothing.
#[utoipa::path(post, path = "/admin/api/logout", tag = "admin",
    responses((status = 204, description = "No session is open any more.")))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    if let Some(cookie) = session_cookie::get(&headers) {
        let result = state.app.identities().log_out(cookie).await;
        result.map_err(|error| Problem::from_error(error, "cookie"))?;
    }
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, session_cookie::clear())])))
}
