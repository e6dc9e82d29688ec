//! `/assets/{file}`: what pages load. A file's name contains a hash of its content, so it never changes.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::http::problem::Problem;

/// Serves an asset.
pub(super) async fn get(Path(file): Path<String>) -> Response {
    let Some(asset) = calliope_web::assets::find(&file) else {
        let detail = "There is no such file; load the page again.";
        return Problem::new(StatusCode::NOT_FOUND, detail).into_response();
    };
    let headers = [
        (CONTENT_TYPE, asset.media_type),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Bytes::from_static(&asset.content)).into_response()
}
