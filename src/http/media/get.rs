//! `GET` and `HEAD /media/{name}`: what frames show, and what people keep beside it.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::serve::{FileHeaders, not_found, serve_object};
use crate::app::MediaFormat;
use crate::domain::{MediaName, ObjectKey};
use crate::http::HttpState;
use crate::http::problem::Problem;

/// A file, or a part of one.
#[utoipa::path(get, path = "/media/{name}", tag = "media",
    params(("name" = String, Path, description = "A name of `[A-Za-z0-9._-]` with an extension.")),
    responses(
        (status = 200, description = "The bytes."), (status = 206, description = "The asked range."),
        (status = 304, description = "Unchanged."), (status = 404, description = "No such file."),
        (status = 307, description = "In the bucket, where the settings have clients fetch it there."),
        (status = 416, description = "No such range."),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let key = MediaName::new(&name).ok().map(ObjectKey::Media);
    let known = key.and_then(|key| Some((MediaFormat::from_key(&key)?, key.to_string())));
    let Some((kind, key)) = known else { return not_found().await };
    match state.app.files().redirect_url(parts.method.clone(), &key).await {
        Ok(None) => {}
        Ok(Some((url, lasts))) => return redirect_to(&url, lasts.as_secs() / 2),
        Err(error) => return Problem::from_error(error, "path").into_response(),
    }
    let file_headers = FileHeaders {
        media_type: HeaderValue::from_static(kind.media_type),
        cache_control: HeaderValue::from_static("public, max-age=31536000, immutable"),
    };
    serve_object(&state, &key, &parts, file_headers).await
}

/// The way there may be kept for as long as it is sure to lead somewhere.
fn redirect_to(url: &str, seconds: u64) -> Response {
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    let headers = response.headers_mut();
    if let Ok(url) = HeaderValue::from_str(url) {
        headers.insert(LOCATION, url);
    }
    if let Ok(cache) = HeaderValue::from_str(&format!("private, max-age={seconds}")) {
        headers.insert(CACHE_CONTROL, cache);
    }
    response
}
