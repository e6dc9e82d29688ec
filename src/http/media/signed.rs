//! `GET /media/signed/{key}`: one object, for whoever has an address of it that was signed here and is still good.

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::serve::{FileHeaders, serve_object};
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};

/// An object by a signed address, as `POST /v2/signed-urls` gives them.
#[utoipa::path(get, path = "/media/signed/{*key}", tag = "media",
    params(
        ("key" = String, Path, description = "The object's key."),
        ("expires" = i64, Query, description = "Until when the address is good, in seconds since 1970."),
        ("signature" = String, Query, description = "What it was signed with."),
    ),
    responses(
        (status = 200, description = "The bytes, as they came."),
        (status = 206, description = "The asked range."),
        (status = 403, description = "Not signed here, or expired.", body = ProblemBody),
        (status = 404, description = "The object is gone.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    // HEAD comes here too; an address is signed for one method.
    if parts.method != Method::GET {
        let detail = "This address was signed for GET; use that.";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let (mut expires, mut signature) = (String::new(), String::new());
    for (name, value) in form_urlencoded::parse(query) {
        match &*name {
            "expires" => expires = value.into_owned(),
            "signature" => signature = value.into_owned(),
            _ => {}
        }
    }
    let refused = |error| Problem::from_error(error, "path");
    let object =
        state.app.files().resolve_presigned(&key, &expires, &signature).await.map_err(refused)?;
    let came_as = object.original_type.as_ref().unwrap_or(&object.content_type);
    let file_headers = FileHeaders {
        media_type: HeaderValue::from_str(came_as)
            .unwrap_or(HeaderValue::from_static("application/octet-stream")),
        cache_control: HeaderValue::from_static("private, no-store"),
    };
    if object.original_type.is_none() {
        return Ok(serve_object(&state, &key, &parts, file_headers).await);
    }
    let bytes = state.app.files().restore_original(&object).await.map_err(refused)?;
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(axum::http::header::CONTENT_TYPE, file_headers.media_type);
    headers.insert(axum::http::header::CACHE_CONTROL, file_headers.cache_control);
    headers.insert(axum::http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}
