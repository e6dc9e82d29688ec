//! The session cookie of a user who has logged in. Browsers attach it to requests from any page, so a request that
//! changes something and is authenticated by it must come from one of Calliope's own pages.

use axum::http::header::{COOKIE, HOST, ORIGIN, REFERER};
use axum::http::{HeaderMap, StatusCode};

use super::problem::Problem;
use crate::app::identity::SESSION_LIFETIME;

const NAME: &str = "calliope_session";

/// Returns the `Set-Cookie` value that starts a session. `secure` restricts the cookie to HTTPS.
pub(super) fn set(value: &str, secure: bool) -> String {
    build(value, SESSION_LIFETIME.num_seconds(), secure)
}

/// Returns the `Set-Cookie` value that ends a session.
pub(super) fn clear() -> String {
    build("", 0, false)
}

fn build(value: &str, max_age_seconds: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{NAME}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={max_age_seconds}{secure}")
}

/// Returns the session cookie of a request.
pub(super) fn get(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?.split(';');
    let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).map(|(_, value)| value)
}

/// Returns an error if a request with a session, which changes something, does not come from a page of the same host.
pub(super) fn check_origin(headers: &HeaderMap) -> Result<(), Problem> {
    if origin(headers) == RequestOrigin::OwnPage {
        return Ok(());
    }
    let detail = "A session can change things only from Calliope's own pages; in a script, send a token instead.";
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

/// Where a request comes from, as far as its headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestOrigin {
    /// A page of the same host.
    OwnPage,
    /// A page of another host, or a browser's address bar, bookmark or link in another program.
    Foreign,
    /// A program that is not a browser, or a browser that sends neither header.
    Unknown,
}

/// Returns where a request comes from.
///
/// The browser's `Sec-Fetch-Site` header decides. If it is missing, the host in `Origin`, or else in `Referer`, is
/// compared with `Host`.
pub(super) fn origin(headers: &HeaderMap) -> RequestOrigin {
    // A header that cannot be read counts as one from another site.
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_own = if let Some(site) = text("sec-fetch-site") {
        site == "same-origin"
    } else if let Some(from) = text(ORIGIN.as_str()).or_else(|| text(REFERER.as_str())) {
        let host = from.split_once("://").and_then(|(_, rest)| rest.split('/').next());
        let own = text(HOST.as_str());
        host.zip(own).is_some_and(|(host, own)| own.eq_ignore_ascii_case(host))
    } else {
        return RequestOrigin::Unknown;
    };
    if is_own { RequestOrigin::OwnPage } else { RequestOrigin::Foreign }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_change_must_come_from_a_page_of_the_same_host() {
        let host = ("host", "calliope.example:8008");
        for (sent, is_allowed) in [
            (vec![], false),
            (vec![("origin", "http://calliope.example:8008")], true),
            (vec![("origin", "https://CALLIOPE.example:8008")], true),
            (vec![("origin", "http://calliope.example")], false),
            (vec![("origin", "http://calliope.example:8008.evil.example")], false),
            (vec![("origin", "null")], false),
            (vec![("referer", "http://calliope.example:8008/admin/")], true),
            (vec![("referer", "http://evil.example/calliope.example:8008")], false),
            (
                vec![
                    ("origin", "http://evil.example"),
                    ("referer", "http://calliope.example:8008/"),
                ],
                false,
            ),
            (vec![("sec-fetch-site", "same-origin")], true),
            (
                vec![("sec-fetch-site", "same-site"), ("origin", "http://calliope.example:8008")],
                false,
            ),
        ] {
            let headers = headers(&[&sent[..], &[host]].concat());
            assert_eq!(check_origin(&headers).is_ok(), is_allowed, "{sent:?}");
            let is_unknown = origin(&headers) == RequestOrigin::Unknown;
            assert_eq!(is_unknown, sent.is_empty(), "{sent:?}");
        }
        assert!(check_origin(&HeaderMap::new()).is_err(), "neither host nor origin");
    }

    #[test]
    fn the_cookie_is_for_our_own_pages_alone() {
        assert_eq!(
            set("v", true),
            "calliope_session=v; HttpOnly; SameSite=Lax; Path=/; Max-Age=43200; Secure"
        );
        assert!(!set("v", false).contains("Secure") && clear().contains("Max-Age=0"));
        let sent = headers(&[("cookie", "theme=dark; calliope_session=abc; xcalliope_session=no")]);
        assert_eq!(get(&sent), Some("abc"));
        assert_eq!(get(&headers(&[("cookie", "xcalliope_session=no")])), None);
    }
}
