//! Problem details: every refusal and failure is an RFC 9457 `application/problem+json` body.
//!
//! An endpoint returns a [`Problem`]; the layer for request ids writes it with the request's id ([`write_problem`]).
//! That layer also converts the refusals that the framework makes by itself, so that clients see one format only.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::pages;
use crate::app::{AppError, ErrorKind};

/// A refusal or failure that has not been written to a response yet.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    fields: Vec<InvalidField>,
    retry_after_seconds: Option<u64>,
    /// The source of the failure, which is logged and not sent.
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// Problem details (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemBody {
    /// Always `about:blank`: the status identifies the kind of problem.
    r#type: &'static str,
    /// The standard reason phrase of the status.
    title: &'static str,
    /// The HTTP status code.
    status: u16,
    /// What is wrong and what to change, in one plain sentence.
    detail: String,
    /// The request's id, as in the `X-Request-Id` header.
    instance: String,
    /// The invalid fields of the request. Absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<InvalidField>,
}

/// An invalid field of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct InvalidField {
    /// The path to the field, such as `["body", "client_id"]`.
    loc: Vec<String>,
    /// What is wrong with the field, or what it must be.
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

    /// Converts the error of a use case. `location` is where its parameters came from, such as `body`, `query` or
    /// `path`; it becomes the first part of each field's `loc`.
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

    /// Returns the status.
    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns what is wrong and what to change, in one plain sentence.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// Logs the problem: as an error if the server failed, else at debug level. Failed requests are logged here only.
    fn log(&self) {
        let (status, detail) = (self.status.as_u16(), &*self.detail);
        let error = self.cause.as_deref().map(|cause| cause as &dyn Error);
        if self.status.is_server_error() {
            tracing::error!(status, detail, error, "the request failed");
        } else {
            tracing::debug!(status, detail, error, "the request was refused");
        }
    }

    /// Replaces a response's status and body by the problem. Headers unrelated to the body stay.
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
    /// Stores the problem in the response's extensions for [`write_problem`], which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem that a response carries, or the one that describes a refusal by the framework, into the response.
///
/// `page_root` is the root of the service's pages if a browser asked for a page: it then gets a page.
pub(super) fn write_problem(response: &mut Response, request_id: &str, page_root: Option<&str>) {
    let stored = response.extensions_mut().remove::<Problem>();
    let Some(problem) = stored.or_else(|| framework_problem(response, page_root.is_some())) else {
        return;
    };
    let detail = page_root.is_some().then(|| problem.detail.clone());
    problem.write_into(response, request_id);
    if let (Some(root), Some(detail)) = (page_root, detail) {
        pages::errors::write_page(response, root, &detail, request_id);
    }
}

/// Returns the problem for an error response that no endpoint made.
fn framework_problem(response: &Response, is_page: bool) -> Option<Problem> {
    // A JSON response, such as that of /readyz, or a page was made by an endpoint.
    let made_types = ["application/json", "text/html; charset=utf-8"];
    if response.headers().get(CONTENT_TYPE).is_some_and(|k| made_types.iter().any(|made| k == made))
    {
        return None;
    }
    let status = response.status();
    let detail = match status {
        StatusCode::NOT_FOUND if is_page => {
            "This address leads nowhere; look at it again, or begin at the beginning."
        }
        StatusCode::NOT_FOUND => "There is nothing at this path; /docs lists every path.",
        StatusCode::METHOD_NOT_ALLOWED => {
            "This path does not support this method; see the Allow header."
        }
        StatusCode::REQUEST_TIMEOUT => "The request arrived too slowly; send it again.",
        StatusCode::RANGE_NOT_SATISFIABLE => "The file has no such range; see Content-Range.",
        status if status.is_client_error() => "The request cannot be understood.",
        status if status.is_server_error() => {
            "Something went wrong here; the log has the details under this request id."
        }
        _ => return None,
    };
    Some(Problem::new(status, detail))
}
