//! `GET /media/signed/{key}`: one object, for every caller who has a presigned URL that has not expired.

use axum::extract::{Path, Request, State};
use axum::http::HeaderValue;
use axum::response::Response;

use super::serve::{FileHeaders, StoredFile, serve_object};
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};

/// Download an object by presigned URL
///
/// `POST /v2/signed-urls`, recordings and voice profiles return such URLs. The signature replaces a key. Use the URL
/// unchanged, with `GET`, or with `HEAD` for the headers alone. Send `Range` for a part of the object.
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
        (status = 304, description = "The object has not changed since the client fetched it."),
        (status = 403, description = "The signature is wrong, or the URL has expired.", body = ProblemBody),
        (status = 404, description = "The object no longer exists.", body = ProblemBody),
        (status = 412, description = "The object is not the version that `If-Match` names.", body = ProblemBody),
        (status = 416, description = "The object has no such range; `Content-Range` holds its size.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    // axum routes HEAD here as well. It reveals less than the GET that was signed, and players ask it first.
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
    Ok(StoredFile::in_memory(bytes, &object).respond(&parts, file_headers).await)
}
