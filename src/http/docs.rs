//! The contract for machines at `/openapi.json`, and for people at `/docs`, without anything from elsewhere.
//!
//! The page is open, as web pages are; the contract that it shows is not. Where there is a key, the page takes it from
//! its own address: `/docs?api_key=…`.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use super::Door;
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

const START: &str = r##"SwaggerUIBundle({ url: "/openapi.json" + location.search, dom_id: "#contract", deepLinking: true });
"##;

pub(super) fn router(contract: &OpenApi) -> Router<Door> {
    let contract = Arc::new(contract.to_json().unwrap_or_default());
    let json = move || {
        let contract = String::clone(&contract);
        async move { ([(CONTENT_TYPE, "application/json")], contract) }
    };
    Router::new()
        .route("/openapi.json", get(json))
        .route("/docs", get(|| async { Html(PAGE) }))
        .route("/docs/start.js", get(|| async { ([(CONTENT_TYPE, "text/javascript")], START) }))
        .route("/docs/{file}", get(asset))
}

async fn asset(Path(file): Path<String>) -> Response {
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
