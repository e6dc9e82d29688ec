//! Who may come in. Every route is refused unless [`is_open`] names it, so that a new one cannot forget.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use super::{Door, Entry};

pub(super) async fn layer(State(door): State<Door>, request: Request, next: Next) -> Response {
    match refusal(&door.entry, &request) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

fn refusal(entry: &Entry, request: &Request) -> Option<Problem> {
    let path = request.uri().path();
    if is_open(request.method(), path) {
        return None;
    }
    let Some(key) = &entry.api_key else { return stranger(entry, request.headers()) };
    let given = given_keys(request.headers(), request.uri());
    if given.iter().any(|given| is_equal(given, key.expose_secret())) {
        return None;
    }
    // v1's clients know 403.
    let status =
        if path.starts_with("/v1/") { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
    let detail = if given.is_empty() {
        "An API key is needed: send it as X-Api-Key, as Authorization: Bearer, as api_key in the query, or as a cookie."
    } else {
        "The API key is wrong."
    };
    Some(Problem::new(status, detail))
}

/// What anyone may call.
fn is_open(method: &Method, path: &str) -> bool {
    let reads = method == Method::GET || method == Method::HEAD;
    let path = path.trim_end_matches('/');
    let is_icon = path.starts_with("/apple-touch-icon");
    let is_page = path == "/docs" || path.starts_with("/docs/");
    let is_file = path.starts_with("/media/");
    let is_named = matches!(path, "/livez" | "/readyz" | "/robots.txt" | "/favicon.ico");
    reads && (is_icon || is_page || is_file || is_named)
}

/// Without a key only programs of this machine are served. A web page from elsewhere, opened in a browser on this
/// machine, is none of them: it shows by the host it asked for or the origin it came from.
fn stranger(entry: &Entry, headers: &HeaderMap) -> Option<Problem> {
    // What cannot be read is from elsewhere.
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host_is_here = text(HOST.as_str()).is_none_or(is_this_machine);
    let origin = text(ORIGIN.as_str());
    let is_allowed =
        origin.is_some_and(|o| entry.allowed_origins.iter().any(|allowed| allowed == o));
    let origin_is_here = origin.is_none_or(|origin| {
        is_this_machine(origin.split_once("://").map_or(origin, |(_, host)| host))
    });
    // A picture or a link on a page elsewhere sends no origin, but browsers say that it crosses sites.
    let crosses_sites = text("sec-fetch-site") == Some("cross-site");
    if host_is_here && (is_allowed || (origin_is_here && !crosses_sites)) {
        return None;
    }
    let detail = "Without an API key only programs of this machine are served; set CALLIOPE_API_KEY to serve others.";
    Some(Problem::new(StatusCode::FORBIDDEN, detail))
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Every key that a request carries: clients send it in the one of four places that they can.
fn given_keys(headers: &HeaderMap, uri: &Uri) -> Vec<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut keys = Vec::new();
    keys.extend(text("x-api-key").map(str::to_owned));
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| value.split_once(' '));
    keys.extend(
        bearer
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, key)| key.trim().to_owned()),
    );
    let query = uri.query().unwrap_or_default().as_bytes();
    let pairs = form_urlencoded::parse(query);
    keys.extend(pairs.filter(|(name, _)| name == "api_key").map(|(_, key)| key.into_owned()));
    let cookies = text(COOKIE.as_str()).unwrap_or_default().split(';');
    keys.extend(
        cookies
            .filter_map(|cookie| cookie.trim().split_once('='))
            .filter(|(name, _)| *name == "api_key")
            .map(|(_, key)| key.to_owned()),
    );
    keys
}

/// Takes the same time wherever two keys differ, and whatever their lengths.
fn is_equal(given: &str, key: &str) -> bool {
    Sha256::digest(given).ct_eq(&Sha256::digest(key)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_name_and_address() {
        for here in ["localhost", "LOCALHOST:8008", "127.0.0.1:1", "127.8.9.1", "[::1]:8008"] {
            assert!(is_this_machine(here), "{here}");
        }
        for elsewhere in ["", "example.org", "localhost.example.org:80", "10.0.0.1", "[fe80::1]:80"]
        {
            assert!(!is_this_machine(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn only_reading_media_and_health_is_open() {
        assert!(is_open(&Method::HEAD, "/media/a.png"));
        assert!(is_open(&Method::GET, "/readyz/"));
        for (method, path) in [
            (Method::PUT, "/media/a.png"),
            (Method::GET, "/media"),
            (Method::GET, "/v1/stories"),
            (Method::GET, "/openapi.json"),
            (Method::GET, "/docsx"),
            (Method::POST, "/livez"),
        ] {
            assert!(!is_open(&method, path), "{method} {path}");
        }
    }
}
