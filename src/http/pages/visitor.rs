//! Who looks at a page, and from where.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::header::{HOST, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use calliope_web::Shell;
use uuid::Uuid;

use super::answer;
use crate::app::identity::CreateTokenRequest;
use crate::app::{Actor, AuditContext, PageReader};
use crate::domain::{ClientId, Identity, Principal, Scope, ScopeName};
use crate::http::address::{ClientAddress, ForwardedPrefix};
use crate::http::auth::{self, PageCredentials};
use crate::http::problem::Problem;
use crate::http::request_id::RequestId;
use crate::http::{HttpState, browser_cookie, page_headers};

/// The sender of a request for a page.
pub(super) struct Visitor {
    /// The sender; `None` if nobody known sends the request.
    pub(super) principal: Option<Principal>,
    /// The Sparrow of the sender's browser.
    pub(super) browser: Option<ClientId>,
    /// Path of a proxy below which the service is; empty if there is none.
    pub(super) root: String,
    /// Scheme and authority of the service as the sender addresses it.
    pub(super) origin: String,
    /// The sender's address.
    pub(super) ip: IpAddr,
    /// Whether the sender uses HTTPS.
    pub(super) is_secure: bool,
    /// Path and query of the request.
    pub(super) address: String,
    /// Whether the sender is a browser that opens a page, as opposed to a program.
    pub(super) accepts_html: bool,
    pub(super) request_id: String,
    /// Cookies that the answer sets.
    pub(super) cookies: Vec<String>,
    may_read_all: bool,
}

impl FromRequestParts<HttpState> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Problem> {
        let PageCredentials { principal, browser } = auth::page_credentials(state, parts).await?;
        let client = parts.extensions.get::<ClientAddress>();
        let is_secure = client.is_some_and(|client| client.is_secure);
        let ip = client.map_or(Ipv4Addr::UNSPECIFIED.into(), |client| client.ip);
        let root = parts.extensions.get::<ForwardedPrefix>().cloned().unwrap_or_default().0;
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        let address = parts.uri.path_and_query().map_or("/", |address| address.as_str());
        Ok(Self {
            principal,
            browser,
            root,
            origin: origin(&parts.headers, is_secure),
            ip,
            is_secure,
            address: address.to_owned(),
            accepts_html: page_headers::accepts_html(&parts.headers),
            request_id: request_id.unwrap_or_default(),
            cookies: Vec::new(),
            may_read_all: state.access_policy.pages.public_reading,
        })
    }
}

/// Returns the scheme and authority by which a request addresses the service; empty if it names no valid host.
pub(in crate::http) fn origin(headers: &HeaderMap, is_secure: bool) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]_".contains(&b);
    if host.is_empty() || !host.bytes().all(is_plain) {
        return String::new();
    }
    format!("{}://{host}", if is_secure { "https" } else { "http" })
}

impl Visitor {
    /// Returns what surrounds the page.
    pub(super) fn shell(&self) -> Shell {
        let user = match self.principal.as_ref().map(|principal| &principal.identity) {
            Some(Identity::User { name, .. }) => Some(name.clone()),
            _ => None,
        };
        Shell {
            root: self.root.clone(),
            is_known: self.principal.is_some(),
            is_shared: false,
            user,
        }
    }

    /// Returns the principal, or the way to log in.
    pub(super) fn require_known(&self) -> Result<&Principal, Response> {
        self.principal.as_ref().ok_or_else(|| self.refusal())
    }

    /// Returns whether the visitor may read stories, or the way to log in.
    pub(super) fn require_reader(&self) -> Result<(), Response> {
        if self.may_read_all || self.principal.is_some() { Ok(()) } else { Err(self.refusal()) }
    }

    /// Returns whether everyone who has a story's link may read it, not only this visitor.
    pub(super) fn is_open_to_all(&self, state: &HttpState) -> bool {
        self.may_read_all || state.access_policy.api_key.is_none()
    }

    fn refusal(&self) -> Response {
        if self.accepts_html {
            let next: String = form_urlencoded::byte_serialize(self.address.as_bytes()).collect();
            return answer::see_other(&format!("/login?next={next}"));
        }
        let detail = "Reading needs a key: send it as X-Api-Key, or open this page in a browser that is connected.";
        Problem::new(StatusCode::UNAUTHORIZED, detail).into_response()
    }

    /// Returns the visitor as the reader of a page.
    pub(super) fn reader(&self) -> PageReader<'_> {
        let is_admin = self.principal.as_ref().is_some_and(Principal::is_admin);
        PageReader { client_id: self.browser.as_ref(), is_admin }
    }

    /// Returns the visitor as an actor.
    pub(super) fn actor<'a>(&'a self, principal: &'a Principal) -> Actor<'a> {
        Actor { principal, client_id: self.browser.as_ref() }
    }

    /// Returns the Sparrow of the visitor's browser. Makes one if the visitor may act for any Sparrow.
    pub(super) async fn require_browser(
        &mut self,
        state: &HttpState,
        headers: &HeaderMap,
    ) -> Result<ClientId, Response> {
        if let Some(client_id) = &self.browser {
            return Ok(client_id.clone());
        }
        let principal = self.require_known()?.clone();
        if let Scope::Device(own) = &principal.scope {
            return Ok(own.clone());
        }
        self.create_browser(state, headers, &principal).await.map_err(IntoResponse::into_response)
    }

    /// Makes a Sparrow of the visitor's browser, on behalf of `principal`, and keeps its token in a cookie.
    pub(super) async fn create_browser(
        &mut self,
        state: &HttpState,
        headers: &HeaderMap,
        principal: &Principal,
    ) -> Result<ClientId, Problem> {
        let failed = |error| Problem::from_error(error, "body");
        let client_id = new_client_id();
        let request = CreateTokenRequest {
            name: browser_name(headers),
            scope: ScopeName::Device,
            client_id: Some(client_id.clone()),
            expires_in: None,
            date_expires: None,
        };
        let audit = AuditContext::new(principal, Some(self.request_id.clone()));
        let created = state.app.identities().create_token(request, &audit).await.map_err(failed)?;
        let client_id = ClientId::new(&client_id)
            .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
        self.cookies.push(browser_cookie::keep_token(&created.token, self.is_secure));
        self.browser = Some(client_id.clone());
        Ok(client_id)
    }

    /// Adds the visitor's new cookies to an answer.
    pub(super) fn set_cookies(&self, response: &mut Response) {
        for cookie in &self.cookies {
            if let Ok(value) = HeaderValue::from_str(cookie) {
                response.headers_mut().append(SET_COOKIE, value);
            }
        }
    }
}

/// Returns a client id for a browser, such as `browser-1f0c9a7d3b`.
pub(super) fn new_client_id() -> String {
    let random = Uuid::now_v7().simple().to_string();
    format!("browser-{}", random.get(22..).unwrap_or(&random))
}

/// Returns what a person calls the browser, such as `Firefox on Linux`.
pub(super) fn browser_name(headers: &HeaderMap) -> String {
    let agent = headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    // Most browsers name others too, so the order matters.
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = find(&[
        ("Kindle", "Kindle"),
        ("Kobo", "Kobo"),
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => "browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::USER_AGENT;

    use super::*;

    #[test]
    fn a_browser_has_a_name_that_people_know() {
        let name = |agent: &'static str| {
            browser_name(&HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(agent))]))
        };
        assert_eq!(
            name("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
            "Firefox on Linux"
        );
        assert_eq!(
            name(
                "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36"
            ),
            "Chrome on Android"
        );
        assert_eq!(name("curl/8.0"), "browser");
        assert_ne!(new_client_id(), new_client_id());
    }

    #[test]
    fn a_host_that_is_none_is_not_repeated() {
        let of = |host: &'static str| {
            origin(&HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]), true)
        };
        assert_eq!(of("stories.example:8443"), "https://stories.example:8443");
        assert_eq!(of("evil\" onload=\""), "");
    }
}
