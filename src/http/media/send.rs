//! Files as answers: ranges, conditions and tags are tower-http's work; names, types and where a file is are ours.

use std::path::Path;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::app::Found;
use crate::http::Door;
use crate::http::problem::Problem;

/// How an answer bears the file.
pub(super) struct Manner {
    pub(super) media_type: HeaderValue,
    pub(super) cache: HeaderValue,
}

/// The file of this key, from wherever it is.
pub(super) async fn send(door: &Door, key: &str, asked: &Parts, manner: Manner) -> Response {
    let mut response = match answer(door, key, asked).await {
        Ok(Some(response)) => response,
        Ok(None) => return nothing().await,
        Err(problem) => return problem.into_response(),
    };
    let is_well = !response.status().is_client_error() && !response.status().is_server_error();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, manner.media_type);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_well {
        headers.insert(CACHE_CONTROL, manner.cache);
    }
    response
}

async fn answer(door: &Door, key: &str, asked: &Parts) -> Result<Option<Response>, Problem> {
    // The disk may give a file up, for what is asked for more, between our look and the opening.
    for _ in 0..2 {
        match door.app.files().find(key).await.map_err(|error| Problem::of(error, "path"))? {
            None => return Ok(None),
            Some(Found::InMemory(bytes)) => return Ok(Some(Body::from(bytes).into_response())),
            Some(Found::OnDisk(path)) => {
                let response = serve(&path, asked).await;
                if response.status() != StatusCode::NOT_FOUND {
                    return Ok(Some(response));
                }
            }
        }
    }
    Ok(None)
}

async fn serve(path: &Path, asked: &Parts) -> Response {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = asked.method.clone();
    *request.headers_mut() = asked.headers.clone();
    ServeFile::new(path).oneshot(request).await.into_response().map(Body::new)
}

/// What every path below `/media/` that is no name answers.
pub(in crate::http) async fn nothing() -> Response {
    let problem = Problem::new(StatusCode::NOT_FOUND, "There is no media file of this name.");
    let mut response = problem.into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
