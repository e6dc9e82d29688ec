//! Answers that are pages, and redirects to pages.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, VARY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use calliope_web::Template;

use crate::app::AppError;
use crate::http::problem::Problem;
use crate::http::{HttpState, page_headers};

/// What an endpoint of a page returns: the page, or a refusal.
pub(super) type PageResult = Result<Response, Response>;

/// Renders a template.
pub(super) fn render(view: &impl Template) -> Result<String, Response> {
    view.render().map_err(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "a page cannot be rendered");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

/// Renders a page.
pub(super) async fn page(state: &HttpState, view: &impl Template) -> Response {
    let html = match render(view) {
        Ok(html) => html,
        Err(response) => return response,
    };
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    page_headers::insert(headers, media_origin(state).await);
    // What a page shows depends on who asks. A browser may keep it, but asks whether it still holds.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(VARY, HeaderValue::from_static("Accept, Cookie"));
    response
}

/// Renders a page with a status other than 200.
pub(super) async fn page_with_status(
    state: &HttpState,
    view: &impl Template,
    status: StatusCode,
) -> Response {
    let mut response = page(state, view).await;
    *response.status_mut() = status;
    response
}

/// Returns the origin from which the bucket serves media. It is found once, because it never changes.
async fn media_origin(state: &HttpState) -> Option<&str> {
    let find = || async { state.app.files().media_origin().await };
    let found: Result<&Option<String>, AppError> = state.media_origin.get_or_try_init(find).await;
    found.ok().and_then(|origin| origin.as_deref())
}

/// Redirects to a path below the service's root, with GET.
pub(super) fn see_other(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, location);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Turns a refusal of a service into a refusal of a page.
pub(super) fn refuse(error: AppError) -> Response {
    Problem::from_error(error, "path").into_response()
}

/// Returns a text as the answer, of a media type, that may be kept for `max_age` seconds.
pub(super) fn file(media_type: &'static str, text: String, max_age: u32) -> Response {
    bytes(media_type, Bytes::from(text), max_age)
}

/// Returns bytes as the answer, of a media type, that may be kept for `max_age` seconds.
pub(super) fn bytes(media_type: &'static str, bytes: Bytes, max_age: u32) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    page_headers::insert(headers, None);
    if let Ok(cache) = HeaderValue::from_str(&format!("private, max-age={max_age}")) {
        headers.insert(CACHE_CONTROL, cache);
    }
    response
}

/// Returns the script of a service worker. Browsers ask for it again after a day, or when the page is opened.
pub(super) async fn worker(state: &HttpState, script: &'static [u8]) -> Response {
    let mut response = Bytes::from_static(script).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, no-cache"));
    page_headers::insert_for_worker(headers, media_origin(state).await);
    response
}

/// Returns a path to go to after a form if it is one of this service, else `/`.
pub(super) fn safe_next(next: Option<&str>) -> String {
    let is_ours = |next: &str| {
        let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        next.starts_with('/') && !next.starts_with("//") && next.len() <= 2000 && plain
    };
    next.filter(|next| is_ours(next)).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_leads_to_another_site() {
        for (next, safe) in [
            (Some("/s/a/1?x=1"), "/s/a/1?x=1"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("/a\r\nSet-Cookie: b=c"), "/"),
            (Some(""), "/"),
            (None, "/"),
        ] {
            assert_eq!(safe_next(next), safe, "{next:?}");
        }
    }
}
