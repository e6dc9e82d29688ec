//! Fetches the files that the answers of providers link to.
//!
//! An answer may be wrong or forged, so its URL must not reach into the network of this process: it is fetched from the
//! provider's own host, or over HTTPS from public addresses. The addresses are checked after the name was resolved, and
//! the connection is made to those; each redirect is checked alike.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::LOCATION;
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use tokio::time::timeout;

use super::{Failure, ProviderClient};
use crate::domain::is_public_address;
use crate::http_client::{self, HttpClientError};

/// The largest file, in bytes.
const MAX_FILE_BYTES: usize = 32 << 20;

/// The most redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// How long resolving a name may take.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the file that a string in an answer of the provider at `base_url` contains or names: base64, a `data:` URL, or
/// a URL.
pub(super) async fn fetch(
    client: &ProviderClient,
    base_url: &str,
    link: &str,
) -> Result<Bytes, Failure> {
    if !["http:", "https:"].iter().any(|scheme| has_prefix(link, scheme)) {
        return client.decode_base64(link.to_owned()).await.map(Bytes::from);
    }
    let base_url = Url::parse(base_url).map_err(|_| HttpClientError::InvalidUrl)?;
    let mut url = Url::parse(link)
        .map_err(|_| Failure::invalid_response("the address of its file is no URL"))?;
    for _ in 0..=MAX_REDIRECTS {
        let request = checked_request(client, &base_url, &url).await?;
        let response = request.send().await.map_err(HttpClientError::from)?;
        match redirect_target(&url, &response)? {
            Some(target) => url = target,
            None => return read_file(response).await,
        }
    }
    Err(Failure::invalid_response("its file is behind too many redirects"))
}

/// Reports whether a URL begins with a scheme, in any case.
fn has_prefix(link: &str, scheme: &str) -> bool {
    link.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// Builds the request for a URL that may be fetched.
async fn checked_request(
    client: &ProviderClient,
    base_url: &Url,
    url: &Url,
) -> Result<RequestBuilder, Failure> {
    let is_own_scheme = url.scheme() == "https" || url.scheme() == base_url.scheme();
    if is_own_scheme && url.host().is_some() && url.host() == base_url.host() {
        return Ok(client.get(url.as_str()));
    }
    if url.scheme() != "https" {
        return Err(Failure::invalid_response(
            "its file is neither on its own host nor at an https URL",
        ));
    }
    let host = url.host_str().unwrap_or_default();
    // A URL holds an IPv6 address in brackets.
    let addresses = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, 443)],
        Err(_) => resolve(host).await?,
    };
    if !addresses.iter().all(|address| is_public_address(address.ip())) {
        return Err(Failure::invalid_response("its file is at an address that is not public"));
    }
    let pinned = client.client_for(host, &addresses)?;
    Ok(pinned.get(url.as_str()))
}

/// Returns all addresses of a name; at least one. The port is not used, because the URL has one.
async fn resolve(host: &str) -> Result<Vec<SocketAddr>, Failure> {
    let looked_up = timeout(RESOLVE_TIMEOUT, tokio::net::lookup_host((host, 443))).await;
    let addresses: Vec<SocketAddr> = match looked_up {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    };
    if addresses.is_empty() {
        return Err(Failure::unavailable("the host of its file cannot be found"));
    }
    Ok(addresses)
}

/// Returns where a response redirects to; `None` if it does not.
fn redirect_target(url: &Url, response: &Response) -> Result<Option<Url>, Failure> {
    if !matches!(response.status().as_u16(), 301..=303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| url.join(location).ok());
    target.map(Some).ok_or_else(|| Failure::invalid_response("its file redirects to no URL"))
}

async fn read_file(response: Response) -> Result<Bytes, Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(http_client::read_body(response, MAX_FILE_BYTES).await?);
    }
    let reason = format!("its file could not be fetched: HTTP {}", status.as_u16());
    let is_temporary = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    Err(if is_temporary {
        Failure::unavailable(&reason)
    } else {
        Failure::invalid_response(&reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::Compute;

    async fn check(base_url: &str, url: &str) -> Result<RequestBuilder, Failure> {
        let client = http_client::build_client().expect("a client");
        let client = ProviderClient::new(client, Compute::new());
        let parse = |url: &str| Url::parse(url).expect("a URL");
        checked_request(&client, &parse(base_url), &parse(url)).await
    }

    #[tokio::test]
    async fn public_addresses_and_the_providers_own_host_are_allowed() {
        for (base_url, url) in [
            ("http://127.0.0.1:9/v1", "http://127.0.0.1:9/files/1.png"),
            ("http://127.0.0.1:9/v1", "http://127.0.0.1:8/files/1.png"),
            ("http://models.local/v1", "https://models.local/1.png"),
            ("https://API.example.com/v1", "https://api.example.com/1.png"),
            ("https://api.example.com/v1", "https://1.1.1.1/1.png"),
            ("https://api.example.com/v1", "https://[2606:4700::1111]/1.png"),
        ] {
            assert!(check(base_url, url).await.is_ok(), "{url}");
        }
    }

    #[tokio::test]
    async fn addresses_of_local_networks_are_refused_however_they_are_written() {
        for url in [
            "http://1.1.1.1/1.png",
            "http://api.example.com/1.png",
            "ftp://api.example.com/1.png",
            "file:///etc/passwd",
            "http://169.254.169.254/latest/meta-data/",
            "https://169.254.169.254/",
            "https://localhost/",
            "https://LOCALHOST.:8443/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0/",
            "https://10.0.0.1/",
            "https://100.64.0.1/",
            "https://[::1]/",
            "https://[::ffff:192.168.0.1]/",
            "https://[fd00::1]/",
            "https://api.example.com@127.0.0.1/",
        ] {
            let refused = check("https://api.example.com/v1", url).await.expect_err(url);
            assert!(!refused.to_string().contains("127.0.0.1"), "{refused}");
        }
    }
}
