//! The HTTP clients for all requests to other services. Response sizes are limited, redirects are not followed, and
//! errors contain no URL, because a URL may carry a key.

mod own_certificates;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::ClientConfig;
use rustls::crypto::ring;

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes that are reserved for a body before it arrives: more than a usual picture in base64.
const MAX_RESERVED_BYTES: u64 = 4 << 20;

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
    /// The server's certificate is refused.
    #[error("its certificate is refused: {0}")]
    UntrustedCertificate(CertificateProblem),
    /// The server answered an encrypted connection without encryption.
    #[error(
        "it does not speak TLS at this address; its address may begin with http:// instead of https://"
    )]
    NoTls,
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

/// Why a certificate is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateProblem {
    /// No trusted authority has signed it.
    #[error(
        "no trusted authority has signed it; SSL_CERT_FILE may name the certificate of your own"
    )]
    UnknownAuthority,
    /// It is too old, or not valid yet.
    #[error("it has expired or is not valid yet")]
    Expired,
    /// It is for another server.
    #[error("it is for another host name")]
    WrongName,
    /// It is malformed, or cannot be used for a server.
    #[error("it is not valid")]
    Invalid,
}

impl CertificateProblem {
    fn from_tls(error: &rustls::CertificateError) -> Self {
        use rustls::CertificateError as E;
        match error {
            // A certificate that signed itself is refused for another reason.
            E::UnknownIssuer | E::Other(_) => Self::UnknownAuthority,
            E::Expired
            | E::ExpiredContext { .. }
            | E::NotValidYet
            | E::NotValidYetContext { .. } => Self::Expired,
            E::NotValidForName | E::NotValidForNameContext { .. } => Self::WrongName,
            _ => Self::Invalid,
        }
    }
}

/// Returns why TLS failed, if it did. `error` is the first of a chain of errors.
fn tls_failure(error: &(dyn std::error::Error + 'static)) -> Option<HttpClientError> {
    let mut next = Some(error);
    while let Some(error) = next {
        // An I/O error does not name the error that it wraps as its source.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = wrapped.map_or_else(
            || error.downcast_ref::<rustls::Error>(),
            |inner| inner.downcast_ref::<rustls::Error>(),
        );
        match tls {
            Some(rustls::Error::InvalidCertificate(problem)) => {
                let problem = CertificateProblem::from_tls(problem);
                return Some(HttpClientError::UntrustedCertificate(problem));
            }
            Some(rustls::Error::InvalidMessage(_)) => return Some(HttpClientError::NoTls),
            _ => {}
        }
        next = match wrapped {
            Some(inner) => Some(inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    None
}

impl From<reqwest::Error> for HttpClientError {
    fn from(error: reqwest::Error) -> Self {
        if let Some(failure) = tls_failure(&error) {
            failure
        } else if error.is_timeout() {
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
    build_client_trusting(&[])
}

/// Builds the client of [`build_client`], which also trusts the certificates in `pem`.
///
/// # Errors
///
/// [`ClientBuildError`] if TLS cannot be set up.
pub fn build_client_trusting(pem: &[u8]) -> Result<reqwest::Client, ClientBuildError> {
    builder(pem)?.build().map_err(|error| ClientBuildError(error.into()))
}

/// Builds a client as [`build_client_trusting`] does, which reaches `host` at these addresses, whatever its name
/// resolves to later.
///
/// # Errors
///
/// [`ClientBuildError`] if TLS cannot be set up.
pub fn build_client_for(
    host: &str,
    addresses: &[SocketAddr],
    pem: &[u8],
) -> Result<reqwest::Client, ClientBuildError> {
    let builder = builder(pem)?.resolve_to_addrs(host, addresses);
    builder.build().map_err(|error| ClientBuildError(error.into()))
}

fn builder(pem: &[u8]) -> Result<reqwest::ClientBuilder, ClientBuildError> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(pem)?)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("calliope/", env!("CARGO_PKG_VERSION"))))
}

/// Returns the configuration of TLS for outgoing connections: trust in Mozilla's root certificates and those in `pem`.
///
/// # Errors
///
/// [`ClientBuildError`] if TLS cannot be set up.
pub fn tls_config(pem: &[u8]) -> Result<ClientConfig, ClientBuildError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = own_certificates::Verifier::new(pem, Arc::clone(&provider))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientBuildError(error.into()))?;
    // The verifier is rustls's own, and also accepts the certificates that the installation trusts.
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
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
    // The length is what the sender claims, so it is reserved only up to a usual file's size.
    let expected = response.content_length().map_or(0, |length| length.min(MAX_RESERVED_BYTES));
    let mut body = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > max_bytes {
            return Err(HttpClientError::BodyTooLarge(max_bytes >> 20));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}
