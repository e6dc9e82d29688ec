//! The headers of pages, and which requests are for pages.

use axum::extract::Request;
use axum::http::header::{
    ACCEPT, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri};

use super::address::ForwardedPrefix;

/// What a page may load: files of this service, and pictures that its styles embed.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The start of paths whose answers are for programs.
const PROGRAM_PATHS: [&str; 9] = [
    "/v1/",
    "/v2/",
    "/admin/api/",
    "/api/",
    "/media/",
    "/metrics",
    "/openapi.json",
    "/livez",
    "/readyz",
];

/// Inserts the security headers of a page. `media_origin` is where the bucket serves media, if it does.
pub(super) fn insert(headers: &mut HeaderMap, media_origin: Option<&str>) {
    let policy = match media_origin {
        None => HeaderValue::from_static(POLICY),
        Some(origin) => {
            let with_origin = POLICY
                .replace("img-src 'self'", &format!("img-src 'self' {origin}"))
                .replace("media-src 'self'", &format!("media-src 'self' {origin}"));
            HeaderValue::try_from(with_origin).unwrap_or(HeaderValue::from_static(POLICY))
        }
    };
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(self), microphone=(self)"),
    );
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// Inserts the security headers of a service worker, which fetches media for pages.
pub(super) fn insert_for_worker(headers: &mut HeaderMap, media_origin: Option<&str>) {
    insert(headers, media_origin);
    let Some(origin) = media_origin else { return };
    let policy = headers.get(CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy = policy.unwrap_or(POLICY);
    let policy = policy.replace("connect-src 'self'", &format!("connect-src 'self' {origin}"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}

/// Returns whether a request's sender shows pages: a browser names HTML when it opens an address.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types =
        lines.flat_map(|line| line.split(',')).filter_map(|item| item.split(';').next());
    types.any(|kind| {
        let kind = kind.trim();
        kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("application/xhtml+xml")
    })
}

/// Returns whether a browser asks for a page, as opposed to an answer for programs.
pub(super) fn is_page_request(parts: &Parts) -> bool {
    is_page(&parts.uri, &parts.headers)
}

fn is_page(uri: &Uri, headers: &HeaderMap) -> bool {
    let path = uri.path();
    let is_for_programs = PROGRAM_PATHS.iter().any(|start| path.starts_with(start));
    !is_for_programs && accepts_html(headers)
}

/// Returns the root of the service's pages if a browser asks for a page.
pub(super) fn page_root(request: &Request) -> Option<String> {
    let prefix = request.extensions().get::<ForwardedPrefix>();
    let root = prefix.map(|ForwardedPrefix(path)| path.clone()).unwrap_or_default();
    is_page(request.uri(), request.headers()).then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_pages_and_programs_do_not() {
        let asks = |path: &'static str, accept: &'static str| {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            is_page(&Uri::from_static(path), &headers)
        };
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(asks("/", browser) && asks("/s/a/1", "TEXT/HTML;q=0.5") && asks("/none", browser));
        assert!(!asks("/v1/stories", browser) && !asks("/admin/api/stats", browser));
        assert!(!asks("/", "*/*") && !asks("/", "application/json") && !asks("/", ""));
    }

    #[test]
    fn the_bucket_joins_what_shows_media_alone() {
        let mut headers = HeaderMap::new();
        insert(&mut headers, Some("https://bucket.example"));
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
        assert!(policy.contains("img-src 'self' https://bucket.example data: blob:;"), "{policy}");
        assert!(policy.contains("media-src 'self' https://bucket.example blob:;"), "{policy}");
        assert_eq!(policy.matches("bucket.example").count(), 2, "{policy}");
        insert_for_worker(&mut headers, Some("https://bucket.example"));
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
        assert!(policy.contains("connect-src 'self' https://bucket.example;"), "{policy}");
        insert(&mut headers, Some("https://\nevil"));
        assert_eq!(headers[CONTENT_SECURITY_POLICY], POLICY);
    }
}
