//! Serves the OpenAPI document at `/openapi.json`, and Swagger UI at `/docs` with all of its files.
//!
//! The page is public, but the document that it shows is not. If the service has an API key, open the page with it:
//! `/docs?api_key=…`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use super::HttpState;
use super::problem::Problem;

/// Replaces Swagger UI's own page, which works only at `/docs/`; this one also works at `/docs`.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Calliope: the HTTP contract</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="contract"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"#;

/// Passes the page's query, which may carry the API key, on to the request for the OpenAPI document.
const INIT_SCRIPT: &str = r##"SwaggerUIBundle({ url: "/openapi.json" + location.search, dom_id: "#contract", deepLinking: true });
"##;

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
pub(super) async fn page() -> Html<&'static str> {
    Html(PAGE)
}

/// Serves the script that starts Swagger UI.
pub(super) async fn init_script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript")], INIT_SCRIPT)
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
            if found.gzpipped {
                let gzip = axum::http::HeaderValue::from_static("gzip");
                response.headers_mut().insert(CONTENT_ENCODING, gzip);
            }
            response
        }
        Ok(None) | Err(_) => {
            Problem::new(StatusCode::NOT_FOUND, "The documentation has no such file.")
                .into_response()
        }
    }
}
