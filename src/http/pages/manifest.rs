//! `/manifest.webmanifest`: what a browser needs to put the page on a home screen.

use axum::Extension;
use axum::response::Response;

use super::answer;
use crate::http::address::ForwardedPrefix;

/// Shows the manifest.
pub(super) async fn get(Extension(ForwardedPrefix(root)): Extension<ForwardedPrefix>) -> Response {
    answer::file("application/manifest+json", calliope_web::manifest(&root), 3600)
}
