//! Pinecone's REST API: one request, its bounds, and what its answer means.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::compute::Compute;
use crate::http_client::{self, HttpClientError};
use crate::vectors::RemoteIndexError;

/// The version of the API whose requests and answers these are.
const API_VERSION: &str = "2026-04";

const KEY_HEADER: HeaderName = HeaderName::from_static("api-key");
const VERSION_HEADER: HeaderName = HeaderName::from_static("x-pinecone-api-version");

/// The largest answer that is read, in bytes. Pinecone's own limit for the results of a query is 4 MB; the sixteen
/// longest vectors that an index can hold take 7 MB.
const MAX_ANSWER_BYTES: usize = 16 << 20;

/// The most bytes of an error that are read.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// The most characters of an error's message that are kept.
const MAX_MESSAGE: usize = 300;

/// The longest `Retry-After` that is believed.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(1);

/// The size in bytes from which an answer is parsed on another thread, because it would block the async runtime.
const OFFLOAD_THRESHOLD: usize = 64 << 10;

/// The code of an error that says that something does not exist, such as a namespace.
const NOT_FOUND: i64 = 5;

/// Sends requests with an API key.
#[derive(Clone)]
pub(super) struct Rest {
    client: reqwest::Client,
    pub(super) compute: Compute,
    key: HeaderValue,
    /// URL of the control API, without a slash at its end.
    control_url: String,
}

/// A request to Pinecone failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum RestError {
    #[error(transparent)]
    Connection(#[from] HttpClientError),
    #[error(transparent)]
    Status(#[from] StatusError),
    #[error("its answer has another form than expected")]
    Malformed(#[source] serde_json::Error),
    #[error("its answer could not be parsed")]
    ParserPanicked,
    #[error("the API key is no header value")]
    InvalidKey,
}

/// Pinecone answered with an error.
#[derive(Debug)]
pub(super) struct StatusError {
    pub(super) status: StatusCode,
    /// Pinecone's own code, which errors of the data API carry.
    code: Option<i64>,
    message: String,
    retry_after: Option<Duration>,
}

impl std::error::Error for StatusError {}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status.as_u16())?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ", {}", self.message) }
    }
}

impl Rest {
    pub(super) fn new(
        client: reqwest::Client,
        compute: Compute,
        key: &SecretString,
        control_url: &str,
    ) -> Result<Self, RestError> {
        let mut key =
            HeaderValue::from_str(key.expose_secret()).map_err(|_| RestError::InvalidKey)?;
        key.set_sensitive(true);
        let control_url = control_url.trim_end_matches('/').to_owned();
        Ok(Self { client, compute, key, control_url })
    }

    /// Returns the URL of a path of the control API.
    pub(super) fn control_url(&self, path: &str) -> String {
        format!("{}/{path}", self.control_url)
    }

    /// Returns the base URL of an index. Its host is reached in the same way as the control API, so that no answer can
    /// have the key sent without encryption.
    pub(super) fn index_url(&self, host: &str) -> String {
        let host = host.split_once("://").map_or(host, |(_, host)| host).trim_end_matches('/');
        let scheme = self.control_url.split_once("://").map_or("https", |(scheme, _)| scheme);
        format!("{scheme}://{host}")
    }

    /// Sends a GET request and parses the answer.
    pub(super) async fn get<T: DeserializeOwned + Send + 'static>(
        &self,
        url: &str,
        limit: Duration,
    ) -> Result<T, RestError> {
        self.send(Method::GET, url, None, limit).await
    }

    /// Sends a POST request with a JSON body and parses the answer.
    pub(super) async fn post<T: DeserializeOwned + Send + 'static>(
        &self,
        url: &str,
        body: Bytes,
        limit: Duration,
    ) -> Result<T, RestError> {
        self.send(Method::POST, url, Some(body), limit).await
    }

    async fn send<T: DeserializeOwned + Send + 'static>(
        &self,
        method: Method,
        url: &str,
        body: Option<Bytes>,
        limit: Duration,
    ) -> Result<T, RestError> {
        let mut request = self
            .client
            .request(method, url)
            .header(KEY_HEADER, self.key.clone())
            .header(VERSION_HEADER, API_VERSION)
            .timeout(limit);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await.map_err(HttpClientError::from)?;
        if !response.status().is_success() {
            return Err(self.read_error(response).await.into());
        }
        let body = http_client::read_body(response, MAX_ANSWER_BYTES).await?;
        let is_large = body.len() > OFFLOAD_THRESHOLD;
        let parse = move || serde_json::from_slice(&body);
        let parsed = if is_large {
            self.compute.run(parse).await.map_err(|_| RestError::ParserPanicked)?
        } else {
            parse()
        };
        parsed.map_err(RestError::Malformed)
    }

    /// Reads the answer of a request that failed. If its body cannot be read, the status alone describes the error.
    async fn read_error(&self, response: reqwest::Response) -> StatusError {
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(parse_retry_after);
        let body = http_client::read_body(response, MAX_ERROR_BYTES).await.unwrap_or_default();
        let ErrorBody { code, message } = ErrorBody::parse(&body);
        let mut message = single_line(&message);
        if let Ok(key) = self.key.to_str() {
            message = message.replace(key, "•••");
        }
        message = message.chars().take(MAX_MESSAGE).collect();
        StatusError { status, code, message, retry_after }
    }
}

/// What the body of an error says.
#[derive(Debug, Default, PartialEq)]
struct ErrorBody {
    code: Option<i64>,
    message: String,
}

impl ErrorBody {
    /// Reads an error of the data API (`{"code": 5, "message": "…"}`), of the control API (`{"error": {"code":
    /// "NOT_FOUND", "message": "…"}}`), or a text. The page of a proxy says nothing.
    fn parse(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Fields {
            code: Option<serde_json::Value>,
            message: Option<String>,
            error: Option<Box<Fields>>,
        }
        if let Ok(outer) = serde_json::from_slice::<Fields>(body) {
            let fields = outer.error.map_or((outer.code, outer.message), |e| (e.code, e.message));
            let code = fields.0.and_then(|code| code.as_i64());
            return Self { code, message: fields.1.unwrap_or_default() };
        }
        let text = String::from_utf8_lossy(body);
        let is_page = text.trim_start().starts_with('<');
        Self { code: None, message: if is_page { String::new() } else { text.into() } }
    }
}

/// Returns a text in one line, without control characters.
fn single_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Parses the number of seconds of a `Retry-After` header.
fn parse_retry_after(value: &HeaderValue) -> Option<Duration> {
    let seconds: f64 = value.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().map(|delay| delay.min(MAX_RETRY_AFTER))
}

impl RestError {
    /// Returns whether a removal failed because the namespace does not exist, which means that it is empty.
    pub(super) fn is_missing_namespace(&self) -> bool {
        matches!(self, Self::Status(error)
            if error.status == StatusCode::NOT_FOUND && error.code == Some(NOT_FOUND))
    }

    /// Returns the status of the answer, if there was one.
    pub(super) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status(error) => Some(error.status),
            _ => None,
        }
    }
}

impl From<RestError> for RemoteIndexError {
    fn from(error: RestError) -> Self {
        let is_temporary = match &error {
            RestError::InvalidKey => return Self::InvalidKey,
            RestError::Status(answer) => match answer.status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Self::InvalidKey,
                StatusCode::TOO_MANY_REQUESTS => {
                    return Self::Throttled { retry_after: answer.retry_after };
                }
                StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => true,
                status => status.is_server_error(),
            },
            RestError::Connection(
                HttpClientError::InvalidUrl | HttpClientError::BodyTooLarge(_),
            )
            | RestError::Malformed(_) => false,
            RestError::Connection(_) | RestError::ParserPanicked => true,
        };
        if is_temporary {
            Self::Unavailable(Some(error.into()))
        } else {
            Self::Refused(error.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(control_url: &str) -> Rest {
        let client = http_client::build_client().expect("a client");
        Rest::new(client, Compute::new(), &"pc-key".into(), control_url).expect("a key")
    }

    #[test]
    fn an_index_is_reached_as_the_control_api_is() {
        let host = "stories-1a2b.svc.aped-4627-b74a.pinecone.io";
        let encrypted = rest("https://api.pinecone.io/");
        assert_eq!(encrypted.control_url("indexes"), "https://api.pinecone.io/indexes");
        for given in [host.to_owned(), format!("https://{host}/"), format!("http://{host}")] {
            assert_eq!(encrypted.index_url(&given), format!("https://{host}"));
        }
        let emulator = rest("http://127.0.0.1:5080");
        assert_eq!(emulator.index_url("127.0.0.1:5081"), "http://127.0.0.1:5081");
    }

    #[test]
    fn both_apis_and_proxies_say_what_is_wrong() {
        let parse = |body: &str| {
            let ErrorBody { code, message } = ErrorBody::parse(body.as_bytes());
            (code, single_line(&message))
        };
        let data = r#"{"code":5,"message":"Namespace not found","details":[]}"#;
        assert_eq!(parse(data), (Some(5), "Namespace not found".to_owned()));
        let control =
            r#"{"error":{"code":"NOT_FOUND","message":"Resource x\nnot found"},"status":404}"#;
        assert_eq!(parse(control), (None, "Resource x not found".to_owned()));
        assert_eq!(parse("upstream\u{1b} failed\n"), (None, "upstream failed".to_owned()));
        assert_eq!(parse("<html><title>502</title></html>"), (None, String::new()));
        assert_eq!(parse(""), (None, String::new()));
    }

    #[test]
    fn a_status_says_whether_to_try_again() {
        let retry_after = Some(Duration::from_secs(2));
        let map = |status: u16| {
            let status = StatusCode::from_u16(status).expect("a status");
            let message = "a bad day".to_owned();
            RemoteIndexError::from(RestError::from(StatusError {
                status,
                code: None,
                message,
                retry_after,
            }))
        };
        for status in [408, 409, 500, 502, 503, 504] {
            assert!(matches!(map(status), RemoteIndexError::Unavailable(_)), "{status}");
        }
        for status in [400, 402, 404, 413, 422] {
            assert!(matches!(map(status), RemoteIndexError::Refused(_)), "{status}");
        }
        for status in [401, 403] {
            assert!(matches!(map(status), RemoteIndexError::InvalidKey), "{status}");
        }
        assert_eq!(map(429).retry_after(), retry_after);
        assert!(map(429).is_retryable());
        let timed_out = RestError::from(HttpClientError::TimedOut);
        assert!(RemoteIndexError::from(timed_out).is_retryable());
    }

    #[test]
    fn a_delay_is_a_bounded_number_of_seconds() {
        let parse = |text: &'static str| parse_retry_after(&HeaderValue::from_static(text));
        assert_eq!(parse("2"), Some(Duration::from_secs(2)));
        assert_eq!(parse("99999"), Some(MAX_RETRY_AFTER));
        for invalid in ["-1", "NaN", "soon"] {
            assert_eq!(parse(invalid), None, "{invalid}");
        }
    }
}
