//! Request ids. A request keeps the `X-Request-Id` that its client sent if that is a safe token, else it gets a new
//! one. The id is in every log line, response and problem of the request.
//!
//! Only the layer that resolves the client's address is further out. So this layer also writes problems, catches
//! panics, counts requests and starts their traces.

use std::panic::AssertUnwindSafe;

use axum::extract::{MatchedPath, Request};
use axum::http::header::CONNECTION;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::address::ClientAddress;
use super::page_headers;
use super::problem::{Problem, write_problem};
use crate::domain::TraceParent;
use crate::telemetry;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The client's own trace, as in W3C Trace Context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The id of the current request, in the request's extensions.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

/// Identifies, traces, counts and logs a request, and completes its response.
pub(super) async fn layer(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(&HEADER).and_then(|id| id.to_str().ok());
    let id = given
        .filter(|id| is_valid_id(id))
        .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    // The query may carry a key, so it is not logged.
    let (method, path) = (request.method().clone(), page_headers::loggable_path(request.uri()));
    let is_shared = page_headers::is_shared(request.uri());
    let may_have_body = !matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
    let address = request.extensions().get::<ClientAddress>().map(|client| client.ip.to_string());
    let span = tracing::info_span!("request", request_id = %id, %method, path, address,
        trace_id = Empty, otel.kind = "server");
    let trace = telemetry::start_or_join_trace(&span, parse_traceparent(&request));
    request.extensions_mut().insert(trace);
    let page_root = page_headers::page_root(&request);
    let timer = observe(&request, &span);
    async {
        let result = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let mut response = result.unwrap_or_else(|_| {
            let detail =
                "Something went wrong here; the log has the details under this request id.";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail).into_response()
        });
        write_problem(&mut response, &id, page_root.as_deref());
        if is_shared {
            page_headers::hide(response.headers_mut());
        }
        if may_have_body && response.status().is_client_error() {
            // The body of a refused request may be unread, so the connection cannot carry another request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let status = response.status().as_u16();
        tracing::debug!(status, "answered");
        let span = Span::current();
        telemetry::set_attribute(&span, "http.response.status_code", i64::from(status));
        if response.status().is_server_error() {
            telemetry::mark_failed(&span, status.to_string());
        }
        timer.finish(status);
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(HEADER, value);
        }
        response
    }
    .instrument(span)
    .await
}

/// Returns the trace that the client names. A repeated header is ignored, as Trace Context requires.
fn parse_traceparent(request: &Request) -> Option<TraceParent> {
    let mut given = request.headers().get_all(&TRACEPARENT).iter();
    let first = given.next().filter(|_| given.next().is_none())?;
    TraceParent::parse(first.to_str().ok()?)
}

/// Starts timing a request and names its span, by its route: arbitrary paths and methods of clients must not become
/// labels.
fn observe(request: &Request, span: &Span) -> telemetry::RequestTimer {
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    };
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str);
    telemetry::set_span_name(span, format!("{method} {route}"));
    telemetry::set_attribute(span, "http.request.method", method);
    telemetry::set_attribute(span, "http.route", route.to_owned());
    telemetry::RequestTimer::start(method, route.to_owned())
}

/// Returns whether an id is safe in headers and logs: 1-128 ASCII letters, digits and `-_.:`.
fn is_valid_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    (1..=128).contains(&id.len()) && id.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_forge_a_log_line_is_not_taken() {
        assert!(is_valid_id("01J-abc_2.3:4"));
        for bad in ["", "a b", "a\nb", "ä", &"x".repeat(129)] {
            assert!(!is_valid_id(bad), "{bad:?}");
        }
    }
}
