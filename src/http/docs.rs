//! Serves the OpenAPI document at `/openapi.json`, and Swagger UI at `/docs` with all of its files.
//!
//! Both are public. Its Authorize button takes the key that the calls need; `/docs?api_key=…` fills it in.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use super::problem::Problem;
use super::{HttpState, page_headers};

/// Replaces Swagger UI's own page, which works only at `/docs/`. `{root}` and `{docs}` are the paths of the service and
/// of this page relative to the page, so that it also works at `/docs`, and below a path of a proxy.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Calliope: the HTTP contract</title>
<link rel="stylesheet" href="{docs}swagger-ui.css">
<link rel="stylesheet" href="{docs}docs.css">
<link rel="icon" href="{root}favicon.ico">
</head>
<body>
<main id="contract"></main>
<script src="{docs}swagger-ui-bundle.js"></script>
<script src="{docs}start.js"></script>
</body>
</html>
"#;

/// Changes Swagger UI's look where it cannot be read well.
const STYLE: &str = include_str!("docs.css");

/// Starts Swagger UI with the document that is beside the page, in the reader's colour scheme. A key in the page's query is
/// filled in.
const INIT_SCRIPT: &str = r##"const isDark = matchMedia("(prefers-color-scheme: dark)");
const choose = () => document.documentElement.classList.toggle("dark-mode", isDark.matches);
isDark.addEventListener("change", choose);
choose();
// Swagger UI's headings leave out a level, its buttons contain links, and a choice has no name, which not everybody can use.
const contract = document.querySelector("#contract");
const mend = () => {
  for (const heading of contract.querySelectorAll(".opblock-tag, .models > h4")) heading.setAttribute("aria-level", "2");
  for (const link of contract.querySelectorAll("button a[href]")) link.removeAttribute("href");
  for (const choice of contract.querySelectorAll("#servers")) choice.setAttribute("aria-label", "Server");
};
new MutationObserver(mend).observe(contract, { childList: true, subtree: true });
const key = new URLSearchParams(location.search).get("api_key");
const ui = SwaggerUIBundle({
  url: new URL("../openapi.json", document.currentScript.src).href,
  dom_id: "#contract",
  deepLinking: true,
  validatorUrl: null,
  onComplete: () => { if (key) ui.preauthorizeApiKey("api_key", key); },
});
"##;

/// Whether the path of a request ended with a slash before the router removed it.
#[derive(Debug, Clone, Copy)]
pub(super) struct HasTrailingSlash(bool);

/// Adds [`HasTrailingSlash`] to a request's extensions.
pub(super) fn note_trailing_slash(mut request: Request) -> Request {
    let has_slash = request.uri().path().ends_with('/');
    request.extensions_mut().insert(HasTrailingSlash(has_slash));
    request
}

/// Serves the OpenAPI document as JSON. The document is serialized once.
pub(super) fn openapi_json(openapi: &OpenApi) -> MethodRouter<HttpState> {
    // Responses share the bytes, because each client that reads slowly keeps its response in memory.
    let document = Bytes::from(openapi.to_json().unwrap_or_default());
    get(move || {
        let document = document.clone();
        async move { ([(CONTENT_TYPE, "application/json")], document) }
    })
}

/// Serves the page.
pub(super) async fn page(
    Extension(HasTrailingSlash(has_slash)): Extension<HasTrailingSlash>,
) -> Response {
    let (root, docs) = if has_slash { ("../", "") } else { ("", "docs/") };
    let page = PAGE.replace("{root}", root).replace("{docs}", docs);
    let mut response = Html(page).into_response();
    // The page's address may carry a key, which the referrer policy keeps from other sites.
    page_headers::insert(response.headers_mut(), None);
    response
}

/// Serves the script that starts Swagger UI.
pub(super) async fn init_script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript"), (X_CONTENT_TYPE_OPTIONS, "nosniff")], INIT_SCRIPT)
}

/// Serves the style that is added to Swagger UI's.
pub(super) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")], STYLE)
}

/// Serves a file of Swagger UI.
pub(super) async fn asset(Path(file): Path<String>) -> Response {
    match utoipa_swagger_ui::serve(&file, Arc::new(Config::default())) {
        Ok(Some(found)) => {
            let bytes = match found.bytes {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            };
            let mut response = ([(CONTENT_TYPE, found.content_type)], bytes).into_response();
            let headers = response.headers_mut();
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            if found.gzpipped {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        }
        Ok(None) | Err(_) => {
            Problem::new(StatusCode::NOT_FOUND, "The documentation has no such file.")
                .into_response()
        }
    }
}
