//! `GET` and `HEAD /media/{name}`: the media of frames, and uploads.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::serve::{FileHeaders, not_found, serve_object};
use crate::app::MediaFormat;
use crate::domain::{MediaName, ObjectKey};
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};

/// Download a media file
///
/// Serves the pictures, sounds and videos of frames, and uploads. No key is needed. Answers also to `HEAD`. A file of a
/// frame never changes, so clients may cache it for a year. Send `Range` for a part of the file.
#[utoipa::path(get, path = "/media/{name}", tag = "media",
    params(("name" = String, Path, example = "photo.png",
        description = "The file's name: the last segment of `url` in a frame's `image`, `source_image`, `audio` or \
                       `video`, or the `name` of an upload with `PUT /media/{name}`. At most 128 characters of \
                       `[A-Za-z0-9._-]`, with an extension.")),
    responses(
        (status = 200, description = "The file."),
        (status = 206, description = "The requested range of the file."),
        (status = 304, description = "The file has not changed since the client fetched it."),
        (status = 307,
            description = "The bucket serves the file: follow `Location`. Only if `storage.delivery` is `redirect`."),
        (status = 404, description = "No file of this name exists.", body = ProblemBody),
        (status = 412, description = "The file is not the version that `If-Match` names.", body = ProblemBody),
        (status = 416, description = "The file has no such range; `Content-Range` holds its size.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let key = MediaName::new(&name).ok().map(ObjectKey::Media);
    let file = key.and_then(|key| Some((MediaFormat::from_key(&key)?, key.to_string())));
    let Some((format, key)) = file else { return not_found().await };
    match state.app.files().redirect_url(parts.method.clone(), &key).await {
        Ok(None) => {}
        Ok(Some((url, valid_for))) => return redirect_to(&url, valid_for.as_secs() / 2),
        Err(error) => return Problem::from_error(error, "path").into_response(),
    }
    let file_headers = FileHeaders {
        media_type: HeaderValue::from_static(format.media_type),
        cache_control: HeaderValue::from_static("public, max-age=31536000, immutable"),
    };
    serve_object(&state, &key, &parts, file_headers).await
}

/// Redirects to a presigned URL. Clients may cache the redirect for `max_age_seconds`, while the URL is valid.
fn redirect_to(url: &str, max_age_seconds: u64) -> Response {
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    let headers = response.headers_mut();
    if let Ok(url) = HeaderValue::from_str(url) {
        headers.insert(LOCATION, url);
    }
    if let Ok(cache) = HeaderValue::from_str(&format!("private, max-age={max_age_seconds}")) {
        headers.insert(CACHE_CONTROL, cache);
    }
    response
}
