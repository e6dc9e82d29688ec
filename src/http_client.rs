//! The HTTP clients for all requests to other services. Response sizes are limited, redirects are not followed, and
//! errors contain no URL, because a URL may carry a key.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The HTTPS client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the HTTPS client cannot be built")]
pub struct ClientBuildError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// A request to another service failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpClientError {
    /// The response did not arrive within the request's timeout.
    #[error("there was no answer in time")]
    TimedOut,
    /// No connection could be made.
    #[error("it cannot be reached")]
    Unreachable,
    /// The connection failed before the response was complete.
    #[error("the connection broke off")]
    ConnectionClosed,
    /// The request could not be built, because its URL is invalid.
    #[error("its address is no URL")]
    InvalidUrl,
    /// The response is larger than the limit, which is given in MiB.
    #[error("its answer is over {0} MiB")]
    BodyTooLarge(usize),
}

impl From<reqwest::Error> for HttpClientError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::TimedOut
        } else if error.is_connect() {
            Self::Unreachable
        } else if error.is_builder() {
            Self::InvalidUrl
        } else {
            Self::ConnectionClosed
        }
    }
}

/// Builds the client. It trusts Mozilla's root certificates, which are built in, because a slim container has none.
///
/// # Errors
///
/// [`ClientBuildError`] if TLS cannot be set up.
pub fn build_client() -> Result<reqwest::Client, ClientBuildError> {
    builder()?.build().map_err(|error| ClientBuildError(error.into()))
}

/// Builds a client that reaches `host` at these addresses, whatever its name resolves to later.
///
/// # Errors
///
/// [`ClientBuildError`] if TLS cannot be set up.
pub fn build_client_for(
    host: &str,
    addresses: &[SocketAddr],
) -> Result<reqwest::Client, ClientBuildError> {
    let builder = builder()?.resolve_to_addrs(host, addresses);
    builder.build().map_err(|error| ClientBuildError(error.into()))
}

fn builder() -> Result<reqwest::ClientBuilder, ClientBuildError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientBuildError(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("calliope/", env!("CARGO_PKG_VERSION"))))
}

/// Reads the body of a response, of at most `max_bytes` bytes.
///
/// # Errors
///
/// [`HttpClientError`] if the body is larger or cannot be read completely.
pub async fn read_body(
    mut response: reqwest::Response,
    max_bytes: usize,
) -> Result<Bytes, HttpClientError> {
    if response.content_length().is_some_and(|length| length > max_bytes as u64) {
        return Err(HttpClientError::BodyTooLarge(max_bytes >> 20));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > max_bytes {
            return Err(HttpClientError::BodyTooLarge(max_bytes >> 20));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}
