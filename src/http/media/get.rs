//! `GET` and `HEAD /media/{name}`: ranges, conditions and tags are tower-http's work; names and types are ours.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::app::MediaKind;
use crate::domain::MediaName;
use crate::http::Door;
use crate::http::problem::Problem;

/// A file, or a part of one.
#[utoipa::path(get, path = "/media/{name}", tag = "media",
    params(("name" = String, Path, description = "A name of `[A-Za-z0-9._-]` with an extension.")),
    responses(
        (status = 200, description = "The bytes."), (status = 206, description = "The asked range."),
        (status = 304, description = "Unchanged."), (status = 404, description = "No such file."),
        (status = 416, description = "No such range."),
    ))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let name = name.map(|Path(name)| name).unwrap_or_default();
    let known = MediaName::new(&name).ok().and_then(|name| Some((MediaKind::of(&name)?, name)));
    let Some((kind, name)) = known else { return nothing().await };
    let path = door.app.media_path(&name);
    let mut again = Request::new(Body::empty());
    *again.method_mut() = request.method().clone();
    *again.headers_mut() = request.headers().clone();
    let mut response = serve(&path, request).await;
    if response.status() == StatusCode::NOT_FOUND {
        // The disk may have given it up for what was asked for more lately; then the bucket has it.
        match door.app.fetch_media(&name).await {
            Ok(true) => response = serve(&path, again).await,
            Ok(false) => return nothing().await,
            Err(error) => return Problem::of(error, "path").into_response(),
        }
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind.media_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !response.status().is_client_error() && !response.status().is_server_error() {
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(CACHE_CONTROL, forever);
    }
    response
}

async fn serve(path: &std::path::Path, request: Request) -> Response {
    ServeFile::new(path).oneshot(request).await.into_response().map(Body::new)
}

/// What every path below `/media/` that is no name answers.
pub(in crate::http) async fn nothing() -> Response {
    let problem = Problem::new(StatusCode::NOT_FOUND, "There is no media file of this name.");
    let mut response = problem.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
