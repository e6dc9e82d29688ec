//! The files that browsers and crawlers request from every site: `/robots.txt` and the icons.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};

use super::HttpState;

/// Asks crawlers to stay away: stories are shared by link, not by search engines.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// An icon of 32 pixels.
const FAVICON: &[u8] = include_bytes!("assets/favicon.ico");

/// A PNG of 180 pixels. Devices that want another size scale it.
const TOUCH_ICON: &[u8] = include_bytes!("assets/apple-touch-icon.png");

/// The names under which Apple's devices look for an icon.
const TOUCH_ICON_PATHS: [&str; 22] = [
    "/apple-touch-icon.png",
    "/apple-touch-icon-precomposed.png",
    "/apple-touch-icon-57x57.png",
    "/apple-touch-icon-57x57-precomposed.png",
    "/apple-touch-icon-60x60.png",
    "/apple-touch-icon-60x60-precomposed.png",
    "/apple-touch-icon-72x72.png",
    "/apple-touch-icon-72x72-precomposed.png",
    "/apple-touch-icon-76x76.png",
    "/apple-touch-icon-76x76-precomposed.png",
    "/apple-touch-icon-114x114.png",
    "/apple-touch-icon-114x114-precomposed.png",
    "/apple-touch-icon-120x120.png",
    "/apple-touch-icon-120x120-precomposed.png",
    "/apple-touch-icon-144x144.png",
    "/apple-touch-icon-144x144-precomposed.png",
    "/apple-touch-icon-152x152.png",
    "/apple-touch-icon-152x152-precomposed.png",
    "/apple-touch-icon-167x167.png",
    "/apple-touch-icon-167x167-precomposed.png",
    "/apple-touch-icon-180x180.png",
    "/apple-touch-icon-180x180-precomposed.png",
];

/// Returns the routes, each with its path.
pub(super) fn routes() -> impl Iterator<Item = (&'static str, MethodRouter<HttpState>)> {
    let named = [
        ("/robots.txt", get(async || file("text/plain; charset=utf-8", ROBOTS.as_bytes()))),
        ("/favicon.ico", get(async || file("image/x-icon", FAVICON))),
    ];
    let touch_icon = || get(async || file("image/png", TOUCH_ICON));
    named.into_iter().chain(TOUCH_ICON_PATHS.into_iter().map(move |path| (path, touch_icon())))
}

fn file(media_type: &'static str, bytes: &'static [u8]) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, "public, max-age=86400"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes)
}
