//! Problems as pages, for browsers.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use calliope_web::{ErrorPage, Shell, Template};

use crate::http::page_headers;

/// Replaces the body of an answer that is a problem by a page that says the same.
pub(in crate::http) fn write_page(
    response: &mut Response,
    root: &str,
    detail: &str,
    request_id: &str,
) {
    let page = ErrorPage {
        shell: Shell { root: root.to_owned(), ..Shell::default() },
        status: response.status().as_u16(),
        detail: detail.to_owned(),
        request_id: request_id.to_owned(),
    };
    let Ok(html) = page.render() else { return };
    *response.body_mut() = Body::from(html);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    page_headers::insert(headers, None);
}
