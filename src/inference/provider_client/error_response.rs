//! What an error response says: why the request failed, and which of its fields the server refused.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use serde_json::Value;

use super::plain_body::{is_web_page, plain_message};
use crate::http_client::HttpClientError;
use crate::inference::{Failure, wire_text};

/// The longest wait that a provider can request.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// The most characters of a message in which names of fields are looked for.
const MAX_MESSAGE: usize = 2000;

/// The fields of a response that contain a result.
const RESULTS: [&str; 9] =
    ["choices", "data", "results", "text", "segments", "content", "response", "images", "output"];

/// A request that failed.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::inference) struct ErrorResponse {
    /// What went wrong.
    pub(in crate::inference) failure: Failure,
    /// The HTTP status; `None` if no error response was received.
    pub(in crate::inference) status: Option<u16>,
    /// The server's message, longer than it is shown to people.
    pub(in crate::inference) message: String,
    /// The field of the request that the server names as the cause.
    pub(in crate::inference) field: Option<String>,
}

impl std::error::Error for ErrorResponse {}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(f)
    }
}

impl From<Failure> for ErrorResponse {
    fn from(failure: Failure) -> Self {
        Self { failure, status: None, message: String::new(), field: None }
    }
}

impl From<HttpClientError> for ErrorResponse {
    fn from(error: HttpClientError) -> Self {
        Failure::from(error).into()
    }
}

impl From<ErrorResponse> for Failure {
    fn from(response: ErrorResponse) -> Self {
        response.failure
    }
}

impl ErrorResponse {
    /// Reads an error response.
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, body: &str) -> Self {
        let parsed = serde_json::from_str::<Value>(body).ok().map(|mut value| {
            wire_text::clean_value(&mut value);
            value
        });
        let plain = if parsed.is_none() { plain_message(body) } else { None };
        Self::from_parts(status.as_u16(), headers, parsed.unwrap_or_default(), plain)
    }

    /// Describes a successful response that is not JSON.
    pub(super) fn not_json(bytes: &[u8]) -> Self {
        if !is_web_page(bytes) {
            return Failure::invalid_response("it is not JSON").into();
        }
        let page = plain_message(&String::from_utf8_lossy(&bytes[..bytes.len().min(1 << 16)]));
        let page = page.unwrap_or_else(|| "a web page".to_owned());
        let failure = Failure::misdirected(&format!("it is {page} instead of JSON"));
        Self { failure, status: Some(200), message: page, field: None }
    }

    fn from_parts(status: u16, headers: &HeaderMap, body: Value, plain: Option<String>) -> Self {
        // Gemini wraps its errors in a list.
        let body = match body {
            Value::Array(mut items) if !items.is_empty() => items.swap_remove(0),
            other => other,
        };
        let code = error_codes(&body);
        let message = error_message(&body);
        let is_page = plain.as_deref().is_some_and(|text| text.starts_with("a web page"));
        let text = message.clone().or_else(|| body.as_str().map(str::to_owned)).or(plain);
        let with_status = || {
            let text = text.as_ref().map_or_else(String::new, |text| format!(", {text}"));
            format!("HTTP {status}{text}")
        };
        // Hugging Face reports in the body how many seconds a model takes to load.
        let estimate = || body.get("estimated_time").and_then(Value::as_f64);
        let estimate = || estimate().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let retry_after = retry_after(headers).or_else(estimate);
        let failure = match status {
            401 | 403 if !is_content_refusal(&code) && !is_page => Failure::InvalidKey,
            429 if ["insufficient_quota", "billing"].iter().any(|marker| code.contains(marker)) => {
                Failure::Rejected("the account's quota is used up".to_owned())
            }
            429 => Failure::Busy { retry_after },
            501 | 505 => Failure::rejected(&with_status()),
            408 | 425 | 500..=599 => {
                Failure::unavailable_with_retry_after(&with_status(), retry_after)
            }
            300..=399 => Failure::Rejected(
                "it answered with a redirect, which is not followed; configure the address that it leads to"
                    .to_owned(),
            ),
            _ if is_content_refusal(&code) => Failure::ContentRefused,
            _ => Failure::rejected(&message.unwrap_or_else(with_status)),
        };
        let message: String = text.unwrap_or_default().chars().take(MAX_MESSAGE).collect();
        Self { failure, status: Some(status), field: refused_field(&body), message }
    }
}

/// Returns the error that a response with a status of success contains instead of a result.
pub(in crate::inference) fn error_in_answer(response: &Value) -> Option<ErrorResponse> {
    if let Some(error) = response.pointer("/choices/0/error").filter(|error| !is_empty(error)) {
        return Some(from_answer(&serde_json::json!({"error": error})));
    }
    let has = |name: &str| response.get(name).is_some_and(|value| !is_empty(value));
    if RESULTS.iter().any(|name| has(name)) {
        return None;
    }
    let is_error = ["error", "errors", "detail"].iter().any(|name| has(name))
        || response.get("object").and_then(Value::as_str) == Some("error")
        || response.get("success") == Some(&Value::Bool(false));
    is_error.then(|| from_answer(response))
}

fn from_answer(body: &Value) -> ErrorResponse {
    let inner = body.get("error").unwrap_or(body);
    let number = |value: &Value| {
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
        u16::try_from(number).ok().filter(|status| (400..600).contains(status))
    };
    let mut names = ["code", "status", "status_code", "statusCode"].iter();
    let named =
        names.find_map(|name| inner.get(*name).or_else(|| body.get(*name)).and_then(number));
    let words = format!("{} {}", error_codes(body), error_message(body).unwrap_or_default());
    let words = words.to_ascii_lowercase();
    let mentions = |markers: &[&str]| markers.iter().any(|marker| words.contains(marker));
    let status = named.unwrap_or_else(|| {
        if mentions(&["insufficient_quota", "rate_limit", "rate limit", "too many requests"]) {
            429
        } else if mentions(&["invalid_api_key", "authentication", "unauthorized"]) {
            401
        } else if mentions(&[
            "overload",
            "unavailable",
            "timeout",
            "timed out",
            "server_error",
            "try again",
        ]) {
            503
        } else {
            400
        }
    });
    ErrorResponse::from_parts(status, &HeaderMap::new(), body.clone(), None)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// Whether an error's code, type or name says that the content was refused.
fn is_content_refusal(code: &str) -> bool {
    [
        "content_policy",
        "content_filter",
        "content_moderation",
        "moderation_blocked",
        "safety",
        "responsibleai",
    ]
    .iter()
    .any(|marker| code.contains(marker))
}

/// Joins an error's codes, types and names, in lower case.
fn error_codes(body: &Value) -> String {
    let inner = body.get("error").unwrap_or(body);
    let mut found = String::new();
    for object in [inner, body] {
        for name in ["code", "type", "name", "status", "reason"] {
            if let Some(text) = object.get(name).and_then(Value::as_str) {
                found.push_str(&text.to_ascii_lowercase());
                found.push(' ');
            }
        }
    }
    found
}

/// Finds an error's message for people, in any of the fields that providers use.
fn error_message(body: &Value) -> Option<String> {
    [
        "/error/metadata/raw",
        "/error/message",
        "/error/error/message",
        "/error/detail",
        "/error",
        "/message",
        "/detail/message",
        "/detail/error",
        "/detail",
        "/errors/0/message",
        "/errors/0",
        "/errors/message",
        "/error/0/message",
        "/error/0",
        "/detail/0/msg",
        "/error_description",
        "/msg",
        "/title",
        "/reason",
    ]
    .iter()
    .find_map(|pointer| body.pointer(pointer)?.as_str().filter(|text| !text.trim().is_empty()))
    .map(str::to_owned)
}

/// Returns the field of the request that an error names: in `param`, or in the `loc` of a validation error.
fn refused_field(body: &Value) -> Option<String> {
    let param =
        ["/error/param", "/param", "/error/details/0/fieldViolations/0/field", "/error/field"]
            .iter()
            .find_map(|pointer| body.pointer(pointer)?.as_str());
    let location =
        || body.pointer("/detail/0/loc")?.as_array()?.iter().rev().find_map(Value::as_str);
    // A part of a field, as in `response_format.type` or `messages[0].role`, stands for the field.
    let field = param.or_else(location)?.trim_start_matches("body.");
    let end = field.find(['.', '[']).unwrap_or(field.len());
    Some(field[..end].to_owned()).filter(|field| !field.is_empty())
}

/// Parses `Retry-After`: a number of seconds, or a date that is compared with the response's own `Date`.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let value = text(RETRY_AFTER)?.trim();
    let wait = match value.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => {
            let until = httpdate::parse_http_date(value).ok()?;
            let now = httpdate::parse_http_date(text(DATE)?).ok()?;
            until.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(status: u16, headers: &[(&'static str, &'static str)], body: &Value) -> Failure {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        ErrorResponse::new(status, &map, &body.to_string()).failure
    }

    #[test]
    fn a_status_and_a_body_say_what_went_wrong() {
        let message = json!({"error": {"message": "The model `x` does not exist.", "code": "model_not_found"}});
        let policy = json!({"error": {"message": "no", "code": "content_policy_violation"}});
        let quota = json!({"error": {"message": "no", "code": "insufficient_quota"}});
        let cases = [
            (401, &message, Failure::InvalidKey),
            (403, &json!(null), Failure::InvalidKey),
            (403, &json!({"name": "content_moderation"}), Failure::ContentRefused),
            (404, &message, Failure::rejected("The model `x` does not exist")),
            (400, &policy, Failure::ContentRefused),
            (
                400,
                &json!({"errors": ["width must be a multiple of 64"]}),
                Failure::rejected("width must be a multiple of 64"),
            ),
            (429, &quota, Failure::rejected("the account's quota is used up")),
            (429, &json!(null), Failure::Busy { retry_after: None }),
            (503, &json!({"error": "loading"}), Failure::unavailable("HTTP 503, loading")),
            (418, &json!("tea"), Failure::rejected("HTTP 418, tea")),
            (418, &json!({}), Failure::rejected("HTTP 418")),
            (501, &json!(null), Failure::rejected("HTTP 501")),
            (
                400,
                &json!([{"error": {"code": 400, "message": "The model is not found.", "status": "NOT_FOUND"}}]),
                Failure::rejected("The model is not found"),
            ),
            (
                502,
                &json!({"error": {"code": 502, "message": "Provider returned error",
                    "metadata": {"raw": "upstream is down"}}}),
                Failure::unavailable("HTTP 502, upstream is down"),
            ),
        ];
        for (status, body, failure) in cases {
            assert_eq!(refused(status, &[], body), failure, "{status} {body}");
        }
        assert!(refused(302, &[], &json!(null)).to_string().contains("redirect"));
    }

    #[test]
    fn an_error_names_the_field_that_it_is_about() {
        let field = |body: Value| refused_field(&body);
        let cases = [
            (json!({"error": {"param": "max_tokens"}}), Some("max_tokens")),
            (json!({"error": {"param": "response_format.type"}}), Some("response_format")),
            (json!({"error": {"param": "messages[0].role"}}), Some("messages")),
            (json!({"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs"}]}), Some("seed")),
            (json!({"error": {"param": null}}), None),
        ];
        for (body, expected) in cases {
            assert_eq!(field(body.clone()).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn an_error_may_come_with_a_status_of_success() {
        let read = |body: Value| error_in_answer(&body).map(|error| error.failure);
        let cases = [
            (
                json!({"error": {"message": "No such model."}}),
                Some(Failure::rejected("No such model")),
            ),
            (json!({"error": "No such model."}), Some(Failure::rejected("No such model"))),
            (
                json!({"error": {"message": "Down", "code": 503}}),
                Some(Failure::unavailable("HTTP 503, Down")),
            ),
            (
                json!({"choices": [{"error": {"message": "Slow down", "code": 429}}]}),
                Some(Failure::Busy { retry_after: None }),
            ),
            (
                json!({"error": {"message": "x", "code": "invalid_api_key"}}),
                Some(Failure::InvalidKey),
            ),
            (
                json!({"object": "error", "message": "Too long."}),
                Some(Failure::rejected("Too long")),
            ),
            (
                json!({"error": {"message": "The model is overloaded"}}),
                Some(Failure::unavailable("HTTP 503, The model is overloaded")),
            ),
            (json!({"choices": [{"message": {}}], "error": null}), None),
            (json!({"data": [1], "error": {}}), None),
            (json!({}), None),
        ];
        for (body, expected) in cases {
            assert_eq!(read(body.clone()), expected, "{body}");
        }
    }

    #[test]
    fn a_wait_is_given_in_seconds_or_as_a_date() {
        let waits = |headers: &[(&'static str, &'static str)]| {
            refused(429, headers, &json!(null)).retry_after()
        };
        assert_eq!(waits(&[("retry-after", "2")]), Some(Duration::from_secs(2)));
        assert_eq!(waits(&[("retry-after", "0.5")]), Some(Duration::from_millis(500)));
        assert_eq!(waits(&[("retry-after", "999999")]), Some(MAX_RETRY_AFTER));
        let date = ("date", "Sat, 28 Nov 2026 10:00:00 GMT");
        let until = ("retry-after", "Sat, 28 Nov 2026 10:00:30 GMT");
        assert_eq!(waits(&[date, until]), Some(Duration::from_secs(30)));
        for invalid in ["soon", "-1", "NaN", "inf"] {
            assert_eq!(waits(&[("retry-after", invalid)]), None, "{invalid}");
        }
    }
}
