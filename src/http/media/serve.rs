//! Serves stored files. tower-http handles ranges, conditional requests and validators; this module finds the file and
//! sets its headers.

use std::path::Path;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::app::FileLocation;
use crate::http::HttpState;
use crate::http::problem::Problem;

/// The headers that a response carries with a file.
pub(super) struct FileHeaders {
    pub(super) media_type: HeaderValue,
    pub(super) cache_control: HeaderValue,
}

/// Serves the file of a key from the disk, or from the bucket if the disk does not have it.
pub(super) async fn serve_object(
    state: &HttpState,
    key: &str,
    parts: &Parts,
    file_headers: FileHeaders,
) -> Response {
    let mut response = match object_response(state, key, parts).await {
        Ok(Some(response)) => response,
        Ok(None) => return not_found().await,
        Err(problem) => return problem.into_response(),
    };
    let is_success = !response.status().is_client_error() && !response.status().is_server_error();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, file_headers.media_type);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_success {
        headers.insert(CACHE_CONTROL, file_headers.cache_control);
    }
    response
}

async fn object_response(
    state: &HttpState,
    key: &str,
    parts: &Parts,
) -> Result<Option<Response>, Problem> {
    // Cache eviction may remove the file between `locate` and the opening, so a missing file is located once more.
    for _ in 0..2 {
        match state
            .app
            .files()
            .locate(key)
            .await
            .map_err(|error| Problem::from_error(error, "path"))?
        {
            None => return Ok(None),
            Some(FileLocation::InMemory(bytes)) => {
                return Ok(Some(Body::from(bytes).into_response()));
            }
            Some(FileLocation::OnDisk(path)) => {
                let response = serve_file(&path, parts).await;
                if response.status() != StatusCode::NOT_FOUND {
                    return Ok(Some(response));
                }
            }
        }
    }
    Ok(None)
}

async fn serve_file(path: &Path, parts: &Parts) -> Response {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = parts.method.clone();
    *request.headers_mut() = parts.headers.clone();
    ServeFile::new(path).oneshot(request).await.into_response().map(Body::new)
}

/// Answers 404 for every path below `/media/` that names no file.
pub(in crate::http) async fn not_found() -> Response {
    let problem = Problem::new(StatusCode::NOT_FOUND, "There is no media file of this name.");
    let mut response = problem.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
