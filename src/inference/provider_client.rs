//! The HTTP client for providers: bounded responses, no redirects, and failures with a meaning.
//!
//! Every provider uses this client, so the same guarantees hold for all: no response is read beyond its limit, no key
//! is sent to a host other than the configured one, and no key, prompt or image appears in a log or an error.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use image::RgbImage;
use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::multipart::Form;
use reqwest::{Method, Request, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{CallContext, Failure};
use crate::compute::Compute;
use crate::domain::{Dither, ImageFormat};
use crate::http_client::{self, HttpClientError};
use crate::imaging;

/// The largest JSON response, in bytes. Some contain images in base64.
const MAX_JSON_BYTES: usize = 48 << 20;

/// The largest file, in bytes.
const MAX_FILE_BYTES: usize = 32 << 20;

/// The most bytes of an error response's body that are read for its message.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// The number of bytes from which work is moved to another thread, because it would block the async runtime too long.
const OFFLOAD_THRESHOLD: usize = 256 << 10;

/// The longest wait that a provider can request.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// The HTTP client of all providers. Clones share its connections.
#[derive(Debug, Clone)]
pub struct ProviderClient {
    client: reqwest::Client,
    compute: Compute,
}

impl ProviderClient {
    /// Creates a provider client on top of an HTTP client.
    #[must_use]
    pub fn new(client: reqwest::Client, compute: Compute) -> Self {
        Self { client, compute }
    }

    /// Returns the thread pool for pixel work.
    #[must_use]
    pub fn compute(&self) -> &Compute {
        &self.compute
    }

    pub(super) fn post(&self, url: &str) -> RequestBuilder {
        self.client.request(Method::POST, url)
    }

    pub(super) fn get(&self, url: &str) -> RequestBuilder {
        self.client.request(Method::GET, url)
    }

    /// Sends a request and parses the response as JSON.
    pub(super) async fn fetch_json(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let bytes = self.send(request, MAX_JSON_BYTES).await?;
        let parsed = self.offload(bytes.len(), move || serde_json::from_slice(&bytes)).await?;
        parsed.map_err(|_| Failure::invalid_response("it is not JSON"))
    }

    /// Sends a request and returns the response's body.
    pub(super) async fn fetch_bytes(&self, request: RequestBuilder) -> Result<Bytes, Failure> {
        self.send(request, MAX_FILE_BYTES).await
    }

    /// Decodes base64.
    pub(super) async fn decode_base64(&self, text: String) -> Result<Vec<u8>, Failure> {
        let decode = move || BASE64.decode(text.trim());
        let decoded = self.offload(usize::MAX, decode).await?;
        decoded.map_err(|_| Failure::invalid_response("its file is not valid base64"))
    }

    /// Encodes an image as a JPEG file.
    pub(super) async fn encode_jpeg(&self, picture: &Arc<RgbImage>) -> Result<Vec<u8>, Failure> {
        let picture = Arc::clone(picture);
        let encode = move || imaging::encode(&picture, ImageFormat::Jpeg, Dither::None);
        let encoded = self.offload(usize::MAX, encode).await?;
        encoded.map_err(|error| Failure::Internal(error.to_string()))
    }

    /// Encodes an image as a `data:` URL of a JPEG file.
    pub(super) async fn data_url(&self, picture: &Arc<RgbImage>) -> Result<String, Failure> {
        let jpeg = self.encode_jpeg(picture).await?;
        self.offload(jpeg.len(), move || format!("data:image/jpeg;base64,{}", BASE64.encode(jpeg)))
            .await
    }

    /// Runs `work` on this thread for few bytes, and on the thread pool from [`OFFLOAD_THRESHOLD`] on.
    async fn offload<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        if bytes < OFFLOAD_THRESHOLD {
            return Ok(work());
        }
        self.compute.run(work).await.map_err(|error| Failure::Internal(error.to_string()))
    }

    async fn send(&self, request: RequestBuilder, max_bytes: usize) -> Result<Bytes, Failure> {
        let request = request.build().map_err(HttpClientError::from)?;
        let secrets = secrets(&request);
        let response = self.client.execute(request).await.map_err(HttpClientError::from)?;
        let (status, headers) = (response.status(), response.headers().clone());
        if !status.is_success() {
            // If the body of an error cannot be read, the status alone describes the error.
            let body = http_client::read_body(response, MAX_ERROR_BYTES).await.unwrap_or_default();
            let mut body = String::from_utf8_lossy(&body).into_owned();
            for secret in secrets {
                body = body.replace(&secret, "•••");
            }
            return Err(failure_from_response(status, &headers, &body));
        }
        Ok(http_client::read_body(response, max_bytes).await?)
    }
}

/// Returns the keys in a request's headers.
fn secrets(request: &Request) -> Vec<String> {
    let values = request.headers().values().filter(|value| value.is_sensitive());
    let words = values.filter_map(|value| value.to_str().ok()?.split_whitespace().last());
    words.filter(|word| word.len() >= 4).map(str::to_owned).collect()
}

/// Creates a header value with a key, marked as sensitive so that no log shows it.
pub(super) fn secret_header(prefix: &str, key: &SecretString) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", key.expose_secret().trim()))
        .map_err(|_| Failure::InvalidKey)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Adds the client's key, or else the installation's, to a request as its bearer token.
pub(super) fn with_bearer(
    request: RequestBuilder,
    call: &CallContext<'_>,
    name: &str,
    installed: Option<&SecretString>,
) -> Result<RequestBuilder, Failure> {
    let key = call.key(name, installed)?;
    Ok(request.header(AUTHORIZATION, secret_header("Bearer ", key)?))
}

impl From<HttpClientError> for Failure {
    fn from(error: HttpClientError) -> Self {
        match error {
            HttpClientError::TimedOut => Self::TimedOut,
            HttpClientError::Unreachable | HttpClientError::ConnectionClosed => {
                Self::unavailable(&error.to_string())
            }
            HttpClientError::InvalidUrl => Self::Internal(error.to_string()),
            HttpClientError::BodyTooLarge(mebibytes) => Self::TooLarge(mebibytes),
        }
    }
}

/// Overrides a request's fields with a model's parameters. A parameter that is null removes the field.
pub(super) fn with_parameters(mut body: Value, parameters: &Map<String, Value>) -> Value {
    if let Some(fields) = body.as_object_mut() {
        for (name, value) in parameters {
            if value.is_null() {
                fields.remove(name);
            } else {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
    body
}

/// Adds a request's fields to a multipart form.
pub(super) fn add_form_fields(form: Form, body: &Value) -> Form {
    let fields = body.as_object().into_iter().flatten();
    fields.fold(form, |form, (name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        form.text(name.clone(), text)
    })
}

/// Converts an error response to a failure, by its status and its body.
fn failure_from_response(status: StatusCode, headers: &HeaderMap, body: &str) -> Failure {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let code = error_codes(&body);
    let message = error_message(&body);
    let or_status = || message.clone().unwrap_or_else(|| format!("HTTP {}", status.as_u16()));
    // Hugging Face reports in the body how many seconds a model takes to load.
    let estimate = || body.get("estimated_time").and_then(Value::as_f64);
    let estimate = || estimate().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let retry_after = retry_after(headers).or_else(estimate);
    match status.as_u16() {
        401 | 403 if !is_content_refusal(&code) => Failure::InvalidKey,
        429 if code.contains("insufficient_quota") => {
            Failure::Rejected("the account's quota is used up".to_owned())
        }
        429 => Failure::Busy { retry_after },
        code @ (408 | 425 | 500..=599) => {
            let message = message.map_or_else(String::new, |message| format!(", {message}"));
            Failure::unavailable_with_retry_after(&format!("HTTP {code}{message}"), retry_after)
        }
        300..=399 => Failure::Rejected(
            "it answered with a redirect, which is not followed; configure the address that it leads to"
                .to_owned(),
        ),
        _ if is_content_refusal(&code) => Failure::ContentRefused,
        _ => Failure::rejected(&or_status()),
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
        for name in ["code", "type", "name"] {
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
    let text = |value: &Value| value.as_str().map(str::to_owned);
    ["/error/message", "/error", "/message", "/detail", "/errors/0", "/error/0", "/detail/0/msg"]
        .iter()
        .find_map(|pointer| body.pointer(pointer).and_then(text))
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
        failure_from_response(status, &map, &body.to_string())
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
            (418, &json!("tea"), Failure::rejected("HTTP 418")),
        ];
        for (status, body, failure) in cases {
            assert_eq!(refused(status, &[], body), failure, "{status} {body}");
        }
        assert!(refused(302, &[], &json!(null)).to_string().contains("redirect"));
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

    #[test]
    fn a_key_is_never_shown() {
        let value =
            secret_header("Bearer ", &SecretString::from("sk-very-secret")).expect("a header");
        assert!(!format!("{value:?}").contains("secret"));
        assert_eq!(secret_header("", &SecretString::from("a\nb")).err(), Some(Failure::InvalidKey));
    }
}
