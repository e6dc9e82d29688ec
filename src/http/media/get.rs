//! `GET` and `HEAD /media/{name}`: the media of frames, and uploads.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::serve::{FileHeaders, not_found, serve_object};
use crate::app::{AppError, MediaFormat, SmallWidth};
use crate::domain::{MediaName, ObjectKey};
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};

/// The widths of small pictures, in the OpenAPI document.
struct PictureWidth;

impl PartialSchema for PictureWidth {
    fn schema() -> RefOr<Schema> {
        let width = ObjectBuilder::new().schema_type(Type::Integer);
        width.enum_values(Some(SmallWidth::ALL)).into()
    }
}

impl ToSchema for PictureWidth {}

/// Download a media file
///
/// Serves the pictures, sounds and videos of frames, and uploads. No key is needed. Answers also to `HEAD`. A file of a
/// frame never changes, so clients may cache it for a year. Send `Range` for a part of the file.
#[utoipa::path(get, path = "/media/{name}", tag = "media",
    params(("name" = String, Path, example = "photo.png",
        description = "The file's name: the last segment of `url` in a frame's `image`, `source_image`, `audio` or \
                       `video`, or the `name` of an upload with `PUT /media/{name}`. At most 128 characters of \
                       `[A-Za-z0-9._-]`, with an extension."),
        ("width" = inline(Option<PictureWidth>), Query, example = 320,
            description = "For the illustration of a frame: a JPEG of this width in pixels, with the same proportions. A file that is no illustration, or not wider, is sent as it is.")),
    responses(
        (status = 200, description = "The file."),
        (status = 206, description = "The requested range of the file."),
        (status = 304, description = "The file has not changed since the client fetched it."),
        (status = 307,
            description = "The bucket serves the file: follow `Location`. Only if `storage.delivery` is `redirect`."),
        (status = 404, description = "No file of this name exists.", body = ProblemBody),
        (status = 412, description = "The file is not the version that `If-Match` names.", body = ProblemBody),
        (status = 416, description = "The file has no such range; `Content-Range` holds its size.", body = ProblemBody),
        (status = 422, description = "There are no pictures of this `width`.", body = ProblemBody),
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
    let (format, key) = match requested_width(&parts) {
        Ok(None) => (format, key),
        Ok(Some(width)) => small_picture(&state, width, (format, key)).await,
        Err(problem) => return problem.into_response(),
    };
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

/// Returns the width in the query.
fn requested_width(parts: &Parts) -> Result<Option<SmallWidth>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let mut fields = form_urlencoded::parse(query.as_bytes());
    let Some((_, value)) = fields.find(|(name, _)| name == "width") else { return Ok(None) };
    let width = value.parse().ok().and_then(SmallWidth::new);
    let known = SmallWidth::ALL.map(|width| width.to_string()).join(", ");
    let refuse = || AppError::invalid("width", format!("must be one of {known}"));
    width.map(Some).ok_or_else(|| Problem::from_error(refuse(), "query"))
}

/// Returns format and key of the small picture of a file, or those of the file itself if there is none. A small picture
/// that cannot be made is no reason to show none.
async fn small_picture(
    state: &HttpState,
    width: SmallWidth,
    (format, key): (MediaFormat, String),
) -> (MediaFormat, String) {
    let found = state.app.frames().small_picture(&key, width).await.unwrap_or_else(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, key, "small picture cannot be made; serving the original");
        None
    });
    let small = found.and_then(|small| {
        let name = small.strip_prefix("media/")?;
        let format = MediaFormat::from_key(&ObjectKey::Media(MediaName::new(name).ok()?))?;
        Some((format, small))
    });
    small.unwrap_or((format, key))
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
