//! `GET /media/signed/{key}`: one object, for every caller who has a presigned URL that has not expired.

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::serve::{FileHeaders, serve_object};
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};

/// Download an object by presigned URL
///
/// `POST /v2/signed-urls`, recordings and voice profiles return such URLs. The signature replaces a key. Use the URL
/// unchanged, and only with `GET`.
#[utoipa::path(get, path = "/media/signed/{*key}", tag = "media",
    params(
        ("key" = String, Path,
            description = "The object's key: `key` in the response of `POST /v2/signed-urls`.",
            example = "media/0197f2c4-5b1e-7c3a-9d1e-000000000000.png"),
        ("expires" = i64, Query, description = "When the URL expires, in seconds since 1970-01-01 UTC, as in `url`.",
            example = 1_764_514_800),
        ("signature" = String, Query, description = "The signature of method, key and expiry, as in `url`.",
            example = "9lSQ9nKYJkz4dI6inyZ8hXVwZoSOMu8-Xg6-a0I-8dg"),
    ),
    responses(
        (status = 200, description = "The object, with the bytes and the media type that were uploaded."),
        (status = 206, description = "The requested range of the object."),
        (status = 403, body = ProblemBody,
            description = "The signature is wrong, the URL has expired, or the method is not `GET`."),
        (status = 404, description = "The object no longer exists.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    // axum routes HEAD here as well, but a URL is signed for one method.
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
    let to_problem = |error| Problem::from_error(error, "path");
    let object = state
        .app
        .files()
        .resolve_presigned(&key, &expires, &signature)
        .await
        .map_err(to_problem)?;
    let media_type = object.original_type.as_ref().unwrap_or(&object.content_type);
    let file_headers = FileHeaders {
        media_type: HeaderValue::from_str(media_type)
            .unwrap_or(HeaderValue::from_static("application/octet-stream")),
        cache_control: HeaderValue::from_static("private, no-store"),
    };
    if object.original_type.is_none() {
        return Ok(serve_object(&state, &key, &parts, file_headers).await);
    }
    let bytes = state.app.files().restore_original(&object).await.map_err(to_problem)?;
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(axum::http::header::CONTENT_TYPE, file_headers.media_type);
    headers.insert(axum::http::header::CACHE_CONTROL, file_headers.cache_control);
    headers.insert(axum::http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}
