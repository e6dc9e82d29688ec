//! The way out: one HTTP client for everything that Calliope asks of other services. Answers are bounded, redirects
//! are not followed, and no address, which may carry a key, gets into an error.

use std::time::Duration;

use bytes::Bytes;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// There is no way to make a client here.
#[derive(Debug, thiserror::Error)]
#[error("no HTTPS client can be made")]
pub struct ClientBuildError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// An exchange that came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpClientError {
    /// It took longer than the request allowed.
    #[error("there was no answer in time")]
    TimedOut,
    /// Nobody is there.
    #[error("it cannot be reached")]
    Unreachable,
    /// The connection ended in the middle.
    #[error("the connection broke off")]
    ConnectionClosed,
    /// The request cannot be sent at all.
    #[error("its address is no URL")]
    InvalidUrl,
    /// The answer is longer than the bound.
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

/// A client that trusts the web's usual authorities, which are built in: a slim container has none.
///
/// # Errors
///
/// [`ClientBuildError`] when TLS cannot be set up.
pub fn build_client() -> Result<reqwest::Client, ClientBuildError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientBuildError(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("calliope/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| ClientBuildError(error.into()))
}

/// A body of at most so many bytes.
///
/// # Errors
///
/// [`Lost`] when it is longer, or does not come to its end.
pub async fn read_body(
    mut answer: reqwest::Response,
    max_bytes: usize,
) -> Result<Bytes, HttpClientError> {
    if answer.content_length().is_some_and(|length| length > max_bytes as u64) {
        return Err(HttpClientError::BodyTooLarge(max_bytes >> 20));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > max_bytes {
            return Err(HttpClientError::BodyTooLarge(max_bytes >> 20));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}
