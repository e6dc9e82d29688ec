//! Addresses of earlier pages, which links and bookmarks still hold.

use std::fmt::Write;

use axum::extract::Path;
use axum::response::Response;

use super::answer::see_other;

/// Redirects to the first page.
pub(super) async fn home() -> Response {
    see_other("/")
}

/// Redirects to the library.
pub(super) async fn library() -> Response {
    see_other("/library")
}

/// Redirects to a story.
pub(super) async fn story(Path(slug): Path<String>) -> Response {
    see_other(&format!("/s/{}", encode(&slug)))
}

/// Redirects to a frame.
pub(super) async fn frame(Path((slug, number)): Path<(String, String)>) -> Response {
    see_other(&format!("/s/{}/{}", encode(&slug), encode(&number)))
}

/// Encodes a segment of a path: everything but letters, digits, `-`, `.` and `_`.
pub(super) fn encode(segment: &str) -> String {
    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
