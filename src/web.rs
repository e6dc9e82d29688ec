//! The way out: one HTTP client for everything that Calliope asks of other services. Answers are bounded, redirects
//! are not followed, and no address, which may carry a key, gets into an error.

use std::time::Duration;

use bytes::Bytes;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(10);

/// There is no way to make a client here.
#[derive(Debug, thiserror::Error)]
#[error("no HTTPS client can be made")]
pub struct NoClient(#[source] Box<dyn std::error::Error + Send + Sync>);

/// An exchange that came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// It took longer than the request allowed.
    #[error("there was no answer in time")]
    TooSlow,
    /// Nobody is there.
    #[error("it cannot be reached")]
    Unreachable,
    /// The connection ended in the middle.
    #[error("the connection broke off")]
    BrokenOff,
    /// The request cannot be sent at all.
    #[error("its address is no URL")]
    NoUrl,
    /// The answer is longer than the bound.
    #[error("its answer is over {0} MiB")]
    TooLong(usize),
}

impl From<reqwest::Error> for Lost {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::TooSlow
        } else if error.is_connect() {
            Self::Unreachable
        } else if error.is_builder() {
            Self::NoUrl
        } else {
            Self::BrokenOff
        }
    }
}

/// A client that trusts the web's usual authorities, which are built in: a slim container has none.
///
/// # Errors
///
/// [`NoClient`] when TLS cannot be set up.
pub fn client() -> Result<reqwest::Client, NoClient> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| NoClient(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("calliope/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| NoClient(error.into()))
}

/// A body of at most so many bytes.
///
/// # Errors
///
/// [`Lost`] when it is longer, or does not come to its end.
pub async fn bounded(mut answer: reqwest::Response, most: usize) -> Result<Bytes, Lost> {
    if answer.content_length().is_some_and(|length| length > most as u64) {
        return Err(Lost::TooLong(most >> 20));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(Lost::TooLong(most >> 20));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}
