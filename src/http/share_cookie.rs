//! The cookies of those who opened a share. Browsers send them only below the share's own address.
//!
//! The first says that the share was opened, so that turning its pages is not counted again. The second holds the secret of
//! a visitor who agreed to give photos; it opens nothing but the visitor's own frames below the share's address.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, ORIGIN};
use axum::http::request::Parts;

const VISIT: &str = "calliope_visit";
const VISITOR: &str = "calliope_visitor";

/// How long a browser that opened a share counts as the same visit, in seconds.
const VISIT_SECONDS: i64 = 4 * 3600;

/// Returns the `Set-Cookie` value that says that the share at `path` was opened. `secure` restricts the cookie to HTTPS.
pub(super) fn visit(path: &str, secure: bool) -> String {
    build(VISIT, "1", path, VISIT_SECONDS, secure)
}

/// Returns the `Set-Cookie` value that keeps a visitor's secret for the share at `path`.
pub(super) fn keep_visitor(secret: &str, path: &str, seconds: i64, secure: bool) -> String {
    build(VISITOR, secret, path, seconds, secure)
}

/// Returns the `Set-Cookie` value that forgets a visitor's secret.
pub(super) fn forget_visitor(path: &str) -> String {
    build(VISITOR, "", path, 0, false)
}

fn build(name: &str, value: &str, path: &str, seconds: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; HttpOnly; SameSite=Lax; Path={path}; Max-Age={seconds}{secure}")
}

/// Returns whether the browser has opened the share before.
pub(super) fn has_visit(headers: &HeaderMap) -> bool {
    find(headers, VISIT).is_some()
}

/// Returns the secret of a visitor.
pub(super) fn visitor(headers: &HeaderMap) -> Option<&str> {
    find(headers, VISITOR)
}

fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?.split(';');
    let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
    pairs.find(|(own, _)| *own == name).map(|(_, value)| value)
}

/// Returns whether the cookies of a share prove that a form comes from one of its own pages.
///
/// These pages have `Referrer-Policy: no-referrer`, so browsers send `Origin: null` with their forms, and over plain HTTP
/// no `Sec-Fetch-Site` either. A page of another site cannot have these cookies sent with a form, because they are
/// `SameSite=Lax`.
pub(super) fn prove_own_page(parts: &Parts) -> bool {
    let has_null_origin = parts.headers.get(ORIGIN).is_some_and(|origin| origin == "null");
    parts.uri.path().starts_with("/x/")
        && has_null_origin
        && !parts.headers.contains_key("sec-fetch-site")
        && (has_visit(&parts.headers) || visitor(&parts.headers).is_some())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(path: &str, headers: &[(&str, &str)]) -> Parts {
        let request = headers
            .iter()
            .fold(Request::post(path), |request, (name, value)| request.header(*name, *value));
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn a_visitors_secret_comes_back_as_it_was_kept() {
        let kept = keep_visitor("secret", "/stories/x/token", 60, true);
        assert_eq!(
            kept,
            "calliope_visitor=secret; HttpOnly; SameSite=Lax; Path=/stories/x/token; Max-Age=60; Secure"
        );
        let sent = parts("/x/token", &[("cookie", "a=b; calliope_visitor=secret")]);
        assert_eq!(visitor(&sent.headers), Some("secret"));
        assert!(!has_visit(&sent.headers) && forget_visitor("/x/token").contains("Max-Age=0"));
    }

    #[test]
    fn only_a_form_of_a_shares_own_page_has_its_cookie_and_no_other_mark() {
        let cookie = ("cookie", "calliope_visit=1");
        let null = ("origin", "null");
        assert!(prove_own_page(&parts("/x/token/consent", &[cookie, null])));
        for (path, headers) in [
            ("/x/token", vec![null]),
            ("/x/token", vec![cookie]),
            ("/x/token", vec![cookie, ("origin", "https://evil.example")]),
            ("/x/token", vec![cookie, null, ("sec-fetch-site", "cross-site")]),
            ("/login", vec![cookie, null]),
        ] {
            assert!(!prove_own_page(&parts(path, &headers)), "{path} {headers:?}");
        }
    }
}
