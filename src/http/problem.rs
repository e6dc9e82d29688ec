//! Problems: every refusal and failure as RFC 9457 `application/problem+json`.
//!
//! An endpoint returns a [`Problem`]; the outermost layer ([`finish`]) writes it with the request's id, and does
//! the same for what the framework refuses by itself, so that no client ever meets another shape.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{AppError, ErrorKind};

/// Something that went wrong, on its way to the client.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    fields: Vec<InvalidField>,
    retry_after_seconds: Option<u64>,
    /// For the log alone.
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// A problem as clients read it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemBody {
    /// Always `about:blank`: the status says what kind of problem it is.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// One plain sentence that says what to change.
    detail: String,
    /// The request's id.
    instance: String,
    /// What is wrong with the input, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<InvalidField>,
}

/// One part of the input that cannot be used.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct InvalidField {
    /// Where it is, from the outside in: `["body", "client_id"]`.
    loc: Vec<String>,
    /// What it must be.
    msg: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after_seconds: None,
            cause: None,
        }
    }

    /// A failed use case; `place` is where its parameters came from: `body`, `query` or `path`.
    pub(super) fn from_error(error: AppError, location: &str) -> Self {
        let status = match error.kind {
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::Conflict | ErrorKind::LeaseLost => StatusCode::CONFLICT,
            ErrorKind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorKind::Busy => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Provider => StatusCode::BAD_GATEWAY,
            ErrorKind::Deadline => StatusCode::GATEWAY_TIMEOUT,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let field = |(name, msg)| InvalidField { loc: vec![location.to_owned(), name], msg };
        Self {
            status,
            detail: error.detail.into(),
            fields: error.fields.into_iter().map(field).collect(),
            retry_after_seconds: error.retry_after_seconds,
            cause: error.cause.map(Arc::from),
        }
    }

    /// The one place where a failed request is logged.
    fn log(&self) {
        let (status, detail) = (self.status.as_u16(), &*self.detail);
        let error = self.cause.as_deref().map(|cause| cause as &dyn Error);
        if self.status.is_server_error() {
            tracing::error!(status, error, "the request failed: {detail}");
        } else {
            tracing::debug!(status, error, "the request was refused: {detail}");
        }
    }

    /// Puts the problem in the place of a response's body; its other headers stay.
    fn write_into(self, response: &mut Response, request_id: &str) {
        self.log();
        let status = self.status;
        let body = ProblemBody {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            detail: self.detail.into_owned(),
            instance: request_id.to_owned(),
            errors: self.fields,
        };
        *response.status_mut() = status;
        *response.body_mut() = serde_json::to_vec(&body).unwrap_or_default().into();
        let headers = response.headers_mut();
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let seconds = self.retry_after_seconds.unwrap_or(5);
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ => {}
        }
    }
}

impl IntoResponse for Problem {
    /// Carried as an extension to [`finish`], which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem that a response carries, or one for a refusal that the framework made.
pub(super) fn write_problem(response: &mut Response, request_id: &str) {
    let carried = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = carried.or_else(|| framework_problem(response)) {
        problem.write_into(response, request_id);
    }
}

fn framework_problem(response: &Response) -> Option<Problem> {
    // An answer in JSON, such as that of /readyz, is an endpoint's own.
    if response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json") {
        return None;
    }
    let status = response.status();
    let detail = match status {
        StatusCode::NOT_FOUND => "There is nothing at this path; /docs lists what there is.",
        StatusCode::METHOD_NOT_ALLOWED => {
            "This path does not take this method; see the Allow header."
        }
        StatusCode::REQUEST_TIMEOUT => "The request came in too slowly; send it again.",
        StatusCode::RANGE_NOT_SATISFIABLE => "The file has no such range; see Content-Range.",
        status if status.is_client_error() => "The request cannot be understood.",
        status if status.is_server_error() => {
            "Something went wrong here; the log has the details under this request id."
        }
        _ => return None,
    };
    Some(Problem::new(status, detail))
}
