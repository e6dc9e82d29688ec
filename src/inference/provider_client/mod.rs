//! The HTTP client for providers: bounded responses, no redirects, and failures with a meaning.
//!
//! Every provider uses this client, so the same guarantees hold for all: no response is read beyond its limit, no key
//! is sent to a host other than the configured one, and no key, prompt or image appears in a log or an error.

mod encoded_file;
mod error_response;
mod plain_body;

use std::net::SocketAddr;
use std::sync::Arc;

use base64_simd::STANDARD as BASE64;
use bytes::Bytes;
use image::RgbImage;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::multipart::Form;
use reqwest::{Method, Request, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

pub(super) use error_response::{ErrorResponse, error_in_answer};

use super::{CallContext, Failure, VisionRequest, wire_text};
use crate::compute::Compute;
use crate::domain::{Dither, ImageFormat};
use crate::http_client::{self, HttpClientError};
use crate::imaging::{self, ImagingError};
use crate::settings::TrustedCertificates;

/// The largest JSON response, in bytes. Some contain images in base64.
const MAX_JSON_BYTES: usize = 48 << 20;

/// The largest file, in bytes.
const MAX_FILE_BYTES: usize = 32 << 20;

/// The most bytes of an error response's body that are read for its message.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// The most bytes that are read of a text where JSON was asked for.
const MAX_TEXT_BYTES: usize = 64 << 10;

/// The number of bytes from which work is moved to another thread, because it would block the async runtime too long.
const OFFLOAD_THRESHOLD: usize = 256 << 10;

/// The HTTP client of all providers. Clones share its connections.
#[derive(Debug, Clone)]
pub struct ProviderClient {
    client: reqwest::Client,
    compute: Compute,
    certificates: TrustedCertificates,
}

/// What a response must contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// JSON.
    Json,
    /// JSON, or a text, which becomes a string.
    JsonOrText,
    /// The bytes of a file.
    File,
}

/// What a response contains.
#[derive(Debug)]
pub(super) enum Fetched {
    Json(Value),
    File(Bytes),
}

impl ProviderClient {
    /// Creates a provider client on top of an HTTP client.
    #[must_use]
    pub fn new(client: reqwest::Client, compute: Compute) -> Self {
        Self { client, compute, certificates: TrustedCertificates::default() }
    }

    /// Sets the certificates that are trusted in addition to the built-in authorities when a file is fetched from another
    /// host than the provider's.
    #[must_use]
    pub fn with_certificates(self, certificates: TrustedCertificates) -> Self {
        Self { certificates, ..self }
    }

    /// Builds a client that reaches `host` at these addresses only.
    pub(super) fn client_for(
        &self,
        host: &str,
        addresses: &[SocketAddr],
    ) -> Result<reqwest::Client, Failure> {
        http_client::build_client_for(host, addresses, self.certificates.pem())
            .map_err(|error| Failure::Internal(error.to_string()))
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

    /// Returns the HTTP client, for libraries that build requests with it. They must be sent by
    /// [`ProviderClient::fetch`].
    pub(super) fn http(&self) -> &reqwest::Client {
        &self.client
    }

    /// Sends a request and reads the response.
    pub(super) async fn fetch(
        &self,
        request: Request,
        expected: Expected,
    ) -> Result<Fetched, ErrorResponse> {
        Ok(match expected {
            Expected::Json => Fetched::Json(self.json(request).await?),
            Expected::JsonOrText => Fetched::Json(self.json_or_text(request).await?),
            Expected::File => Fetched::File(self.send(request, MAX_FILE_BYTES).await?),
        })
    }

    /// Sends a request and parses the response as JSON. Its texts have no control characters.
    pub(super) async fn fetch_json(&self, request: RequestBuilder) -> Result<Value, ErrorResponse> {
        self.json(request.build().map_err(HttpClientError::from)?).await
    }

    /// Sends a request and parses the response as JSON. A response that is a text becomes a string.
    pub(super) async fn fetch_json_or_text(
        &self,
        request: RequestBuilder,
    ) -> Result<Value, ErrorResponse> {
        self.json_or_text(request.build().map_err(HttpClientError::from)?).await
    }

    async fn json(&self, request: Request) -> Result<Value, ErrorResponse> {
        let bytes = self.send(request, MAX_JSON_BYTES).await?;
        self.parse_json(bytes).await?.map_err(|bytes| ErrorResponse::not_json(&bytes))
    }

    async fn json_or_text(&self, request: Request) -> Result<Value, ErrorResponse> {
        let bytes = self.send(request, MAX_JSON_BYTES).await?;
        match self.parse_json(bytes).await? {
            Ok(value) => Ok(value),
            Err(bytes) if plain_body::is_web_page(&bytes) => Err(ErrorResponse::not_json(&bytes)),
            Err(bytes) => {
                let start = &bytes[..bytes.len().min(MAX_TEXT_BYTES)];
                Ok(Value::String(wire_text::clean(&String::from_utf8_lossy(start))))
            }
        }
    }

    /// Parses JSON, or returns the bytes if they are none.
    async fn parse_json(&self, bytes: Bytes) -> Result<Result<Value, Bytes>, Failure> {
        let length = bytes.len();
        let parse = move || match serde_json::from_slice(&bytes) {
            Ok(mut value) => {
                wire_text::clean_value(&mut value);
                Ok(value)
            }
            Err(_) => Err(bytes),
        };
        self.offload(length, parse).await
    }

    /// Sends a request and returns the response's body.
    pub(super) async fn fetch_bytes(
        &self,
        request: RequestBuilder,
    ) -> Result<Bytes, ErrorResponse> {
        self.send(request.build().map_err(HttpClientError::from)?, MAX_FILE_BYTES).await
    }

    /// Decodes a file in base64, with whatever servers put around it.
    pub(super) async fn decode_base64(&self, text: String) -> Result<Vec<u8>, Failure> {
        self.offload(usize::MAX, move || encoded_file::decode(&text)).await?
    }

    /// Returns the image of a request as a JPEG file.
    pub(super) async fn jpeg(&self, request: &VisionRequest) -> Result<Bytes, Failure> {
        match &request.jpeg {
            Some(jpeg) => Ok(jpeg.clone()),
            None => self.encode_jpeg(&request.picture).await.map(Bytes::from),
        }
    }

    /// Returns the image of a request as a `data:` URL of a JPEG file.
    pub(super) async fn jpeg_url(&self, request: &VisionRequest) -> Result<String, Failure> {
        match request.jpeg.clone() {
            Some(jpeg) => self.offload(jpeg.len(), move || to_data_url(&jpeg)).await,
            None => self.data_url(&request.picture).await,
        }
    }

    async fn encode_jpeg(&self, picture: &Arc<RgbImage>) -> Result<Vec<u8>, Failure> {
        let picture = Arc::clone(picture);
        let encode = move || imaging::encode(&picture, ImageFormat::Jpeg, Dither::None);
        let encoded = self.offload(usize::MAX, encode).await?;
        encoded.map_err(|error| Failure::Internal(error.to_string()))
    }

    /// Encodes an image as a `data:` URL of a JPEG file.
    pub(super) async fn data_url(&self, picture: &Arc<RgbImage>) -> Result<String, Failure> {
        let picture = Arc::clone(picture);
        let encode = move || {
            let jpeg = imaging::encode(&picture, ImageFormat::Jpeg, Dither::None)?;
            Ok::<_, ImagingError>(to_data_url(&jpeg))
        };
        let encoded = self.offload(usize::MAX, encode).await?;
        encoded.map_err(|error| Failure::Internal(error.to_string()))
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

    async fn send(&self, request: Request, max_bytes: usize) -> Result<Bytes, ErrorResponse> {
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
            return Err(ErrorResponse::new(status, &headers, &body));
        }
        Ok(http_client::read_body(response, max_bytes).await?)
    }
}

fn to_data_url(jpeg: &[u8]) -> String {
    format!("data:image/jpeg;base64,{}", BASE64.encode_to_string(jpeg))
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
            HttpClientError::UntrustedCertificate(_) | HttpClientError::NoTls => {
                Self::InsecureConnection(error)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_shown() {
        let value =
            secret_header("Bearer ", &SecretString::from("sk-very-secret")).expect("a header");
        assert!(!format!("{value:?}").contains("secret"));
        assert_eq!(secret_header("", &SecretString::from("a\nb")).err(), Some(Failure::InvalidKey));
    }
}
