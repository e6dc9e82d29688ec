//! What every route asks of who calls it. A route that is not named here is for admins alone, so that a new one
//! cannot forget.

use axum::http::Method;

/// What a route asks for. Each asks for more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Nothing: it is open.
    Nothing,
    /// Any proof. A device may call it for itself: where the route, its query or its body names a `client_id`, that
    /// must be the device's own.
    Device,
    /// More than a device's token.
    Client,
    /// An admin.
    Admin,
}

/// What the route with this template (`/v1/story/slug/{slug}`) asks for; `None` stands for paths that lead nowhere.
pub(super) fn need(method: &Method, route: Option<&str>) -> Need {
    let Some(route) = route else { return Need::Client };
    let reads = method == Method::GET || method == Method::HEAD;
    if reads && is_open_to_read(route) || is_open(method, route) {
        return Need::Nothing;
    }
    if is_for_devices(route) {
        return Need::Device;
    }
    match route {
        "/media/{name}" | "/openapi.json" => Need::Client,
        _ => Need::Admin,
    }
}

fn is_open_to_read(route: &str) -> bool {
    let is_page = route == "/docs" || route.starts_with("/docs/");
    let is_file = route.starts_with("/media/");
    let is_named = matches!(
        route,
        "/livez" | "/readyz" | "/robots.txt" | "/favicon.ico" | "/apple-touch-icon{*rest}"
    );
    is_page || is_file || is_named
}

/// These two are throttled.
fn is_open(method: &Method, route: &str) -> bool {
    let calls = matches!(*method, Method::GET | Method::POST);
    (calls && route == "/v2/pairing") || (method == Method::POST && route == "/admin/api/login")
}

fn is_for_devices(route: &str) -> bool {
    [
        "/v1/",
        "/v2/clients/{client_id}",
        "/v2/search",
        "/v2/stories",
        "/v2/tasks",
        "/v2/events",
        "/v2/bookmark-lists",
        "/v2/signed-urls",
    ]
    .iter()
    .any(|prefix| route.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_that_is_not_named_is_for_admins() {
        for (method, route, expected) in [
            (Method::HEAD, Some("/media/{name}"), Need::Nothing),
            (Method::PUT, Some("/media/{name}"), Need::Client),
            (Method::GET, Some("/readyz"), Need::Nothing),
            (Method::POST, Some("/livez"), Need::Admin),
            (Method::GET, Some("/openapi.json"), Need::Client),
            (Method::GET, Some("/docsx"), Need::Admin),
            (Method::GET, Some("/v1/stories"), Need::Device),
            (Method::GET, Some("/v2/clients/{client_id}/config"), Need::Device),
            (Method::POST, Some("/v2/pairing"), Need::Nothing),
            (Method::POST, Some("/admin/api/login"), Need::Nothing),
            (Method::GET, Some("/admin/api/users"), Need::Admin),
            (Method::GET, Some("/metrics"), Need::Admin),
            (Method::GET, Some("/v9/anything"), Need::Admin),
            (Method::GET, None, Need::Client),
        ] {
            assert_eq!(need(&method, route), expected, "{method} {route:?}");
        }
    }
}
