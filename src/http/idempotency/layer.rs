//! Runs each POST with an `Idempotency-Key` once and replays its response when it is sent again. Frames are exempt:
//! their keys are stored with their tasks.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::REPLAYED;
use crate::app::{IdempotencyOutcome, StoredResponse};
use crate::domain::Principal;
use crate::http::body::BodyReserved;
use crate::http::problem::Problem;
use crate::http::{HttpState, body};
use crate::store::IdempotencyKey;

/// The largest response that is stored, in bytes.
const MAX_RESPONSE: usize = 4 << 20;

/// The headers that are stored with a response.
const STORED_HEADERS: [HeaderName; 2] = [CONTENT_TYPE, LOCATION];

/// Routes that this layer skips. The tasks of frames store the keys of the first four; the last two authenticate the
/// caller and change nothing.
const EXEMPT_ROUTES: [&str; 6] = [
    "/v1/frames",
    "/v2/stories",
    "/v2/stories/{id}/frames",
    "/",
    "/admin/api/login",
    "/v2/pairing",
];

/// Routes whose responses contain a secret that is shown once, so that the response is not stored.
const SECRET_ROUTES: [&str; 2] = ["/admin/api/tokens", "/v2/shares"];

/// Runs a POST with an idempotency key once. Other requests pass through.
pub(in crate::http) async fn layer(
    State(state): State<HttpState>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let is_keyed = request.headers().contains_key("idempotency-key");
    if request.method() != Method::POST || !is_keyed || is_exempt(route) {
        return next.run(request).await;
    }
    let is_secret = SECRET_ROUTES.contains(&route);
    run_once(state, request, next, is_secret).await.unwrap_or_else(IntoResponse::into_response)
}

/// Returns whether this layer stores nothing of a route. The addresses of shares contain their tokens, and the form of the
/// first start contains a password.
fn is_exempt(route: &str) -> bool {
    EXEMPT_ROUTES.contains(&route) || route.starts_with("/x/") || route.starts_with("/setup")
}

async fn run_once(
    state: HttpState,
    request: Request,
    next: Next,
    is_secret: bool,
) -> Result<Response, Problem> {
    let (mut parts, content) = request.into_parts();
    let (content, reservation) = state.body_budget.read(&parts, content).await?;
    // The endpoint gets the body as it was before its compression, and its memory is reserved already.
    parts.headers.remove(CONTENT_ENCODING);
    parts.extensions.insert(BodyReserved);
    let principal = parts.extensions.get::<Principal>().map(ToString::to_string);
    let principal = principal.unwrap_or_default();
    let scope = format!("{} {} {principal}", parts.method, parts.uri.path());
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let Some(key) = super::parse_key(&parts.headers, scope, &[query, &content])? else {
        let request = Request::from_parts(parts, Body::from(content));
        return Ok(next.run(request).await);
    };
    let failed = |error| Problem::from_error(error, "header");
    match state.app.idempotency().begin(&key).await.map_err(failed)? {
        IdempotencyOutcome::Replay(stored) => Ok(replay_response(stored)),
        IdempotencyOutcome::Fresh => {
            let request = Request::from_parts(parts, Body::from(content));
            // The request runs even if the client disconnects, because the client may send it again to see the outcome.
            let work = async move {
                let response = next.run(request).await;
                drop(reservation);
                store_response(&state, &key, response, is_secret).await
            };
            body::run_to_completion(work).await
        }
    }
}

/// Stores a successful response. A request that was refused or failed has changed nothing, so its key is released and
/// may be used again.
async fn store_response(
    state: &HttpState,
    key: &IdempotencyKey,
    response: Response,
    is_secret: bool,
) -> Result<Response, Problem> {
    let failed = |error| Problem::from_error(error, "header");
    if !response.status().is_success() {
        state.app.idempotency().release(key).await.map_err(failed)?;
        return Ok(response);
    }
    let (parts, content) = response.into_parts();
    let content = axum::body::to_bytes(content, MAX_RESPONSE).await.map_err(|_| {
        let detail = "The request was carried out, but its response is too large to store.";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    })?;
    let status = parts.status.as_u16();
    let stored =
        StoredResponse { status, headers: stored_headers(&parts.headers), body: content.to_vec() };
    state.app.idempotency().complete(key, &stored, is_secret).await.map_err(failed)?;
    Ok(Response::from_parts(parts, Body::from(content)))
}

fn stored_headers(headers: &HeaderMap) -> Value {
    let mut stored = Map::new();
    for name in STORED_HEADERS {
        if let Some(value) = headers.get(&name).and_then(|value| value.to_str().ok()) {
            stored.insert(name.to_string(), Value::from(value));
        }
    }
    Value::Object(stored)
}

fn replay_response(stored: StoredResponse) -> Response {
    let mut response = Response::new(Body::from(stored.body));
    *response.status_mut() = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    for name in STORED_HEADERS {
        let value = stored.headers.get(name.as_str()).and_then(Value::as_str);
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
