//! The contract for machines at `/openapi.json`, and for people at `/docs`, without anything from elsewhere.
//!
//! The page is open, as web pages are; the contract that it shows is not. Where there is a key, the page takes it from
//! its own address: `/docs?api_key=…`.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use super::HttpState;
use super::problem::Problem;

/// Swagger UI's own page expects to be at `/docs/`; this one is the same with and without the slash.
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

const INIT_SCRIPT: &str = r##"SwaggerUIBundle({ url: "/openapi.json" + location.search, dom_id: "#contract", deepLinking: true });
"##;

/// Serves the contract as JSON.
pub(super) fn openapi_json(contract: &OpenApi) -> MethodRouter<HttpState> {
    let contract = Arc::new(contract.to_json().unwrap_or_default());
    get(move || {
        let contract = String::clone(&contract);
        async move { ([(CONTENT_TYPE, "application/json")], contract) }
    })
}

pub(super) async fn page() -> Html<&'static str> {
    Html(PAGE)
}

pub(super) async fn init_script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript")], INIT_SCRIPT)
}

/// Serves a file of Swagger UI.
pub(super) async fn asset(Path(file): Path<String>) -> Response {
    match utoipa_swagger_ui::serve(&file, Arc::new(Config::default())) {
        Ok(Some(found)) => {
            let mut response =
                ([(CONTENT_TYPE, found.content_type)], found.bytes.into_owned()).into_response();
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
