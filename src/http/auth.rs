//! Authentication and authorization: compares the [`Access`] that a route requires with a request's credentials.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::access::{Access, AccessRules};
use super::address::ClientAddress;
use super::problem::Problem;
use super::session_cookie::RequestOrigin;
use super::{AccessPolicy, HttpState, browser_cookie, page_headers, session_cookie, share_cookie};
use crate::app::Identities;
use crate::app::identity::TokenVerification;
use crate::domain::{ClientId, Principal, Scope};

/// Routes whose GET changes something. A link or a picture on another site must not cause it with a visitor's cookies.
const CHANGING_READS: [&str; 1] = ["/v1/frames"];

/// State of the authentication layer.
#[derive(Debug, Clone)]
pub(super) struct AuthState {
    pub(super) state: HttpState,
    pub(super) rules: Arc<AccessRules>,
}

/// Rejects requests whose credentials do not give access to their route. No cache may store what admins read.
pub(super) async fn layer(State(auth): State<AuthState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    let mut access = auth.rules.required_access(&parts.method, route);
    if route.is_none() && page_headers::is_page_request(&parts) {
        // A browser gets the page that says that nothing is there.
        access = Access::Public;
    }
    let is_for_admins = access == Access::Admin || parts.uri.path().starts_with("/admin/");
    let changes =
        !parts.method.is_safe() || route.is_some_and(|route| CHANGING_READS.contains(&route));
    let mut response = match authorize(&auth.state, &mut parts, access, changes).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => problem.into_response(),
    };
    if is_for_admins {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Checks a request and adds its [`Principal`] to its extensions. Requests to public routes get no principal, because
/// their credentials are not checked. `changes` is whether the request may change something.
async fn authorize(
    state: &HttpState,
    parts: &mut Parts,
    access: Access,
    changes: bool,
) -> Result<(), Problem> {
    if access == Access::Public {
        return Ok(());
    }
    let principal = authenticate(state, parts, changes).await?;
    let is_device = matches!(principal.scope, Scope::Device(_));
    if access == Access::Admin && !principal.is_admin() {
        return Err(forbidden("This is for admins; log in, or use a token of scope admin."));
    }
    if is_device && access > Access::Device {
        return Err(forbidden("A device token gives access only to the device's own data."));
    }
    if is_device {
        for client_id in requested_client_ids(parts).await {
            may_act_for(&principal, &client_id)?;
        }
    }
    parts.extensions.insert(principal);
    Ok(())
}

/// Returns an error if a principal may not act for a client. The layer checks the client ids in a path and a query; an
/// endpoint must check one in its body.
pub(super) fn may_act_for(principal: &Principal, client_id: &str) -> Result<(), Problem> {
    if principal.can_act_for(client_id) {
        return Ok(());
    }
    Err(forbidden(
        "This token belongs to another device; send the client_id that the token was made for.",
    ))
}

fn forbidden(detail: &'static str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, detail)
}

/// Returns every `client_id` in a request's path and query.
async fn requested_client_ids(parts: &mut Parts) -> Vec<String> {
    let path = RawPathParams::from_request_parts(parts, &()).await.ok();
    let in_path = path.iter().flatten().filter(|(name, _)| *name == "client_id");
    let mut client_ids: Vec<String> = in_path.map(|(_, value)| value.to_owned()).collect();
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    client_ids.extend(query.filter(|(name, _)| name == "client_id").map(|(_, id)| id.into_owned()));
    client_ids
}

/// Returns the principal of the first valid credential, in this order: keys that the client sent explicitly, a session,
/// and a key in a cookie. The cookie comes last because browsers send it with every request.
async fn authenticate(
    state: &HttpState,
    parts: &Parts,
    changes: bool,
) -> Result<Principal, Problem> {
    let is_keyless = state.access_policy.api_key.is_none();
    if is_keyless && let Some(problem) = non_local_problem(&state.access_policy, parts, false) {
        return Err(problem);
    }
    let explicit_keys = explicit_keys(&parts.headers, &parts.uri);
    let cookie_keys = cookie_keys(&parts.headers);
    let mut rejection = None;
    if let Some(principal) = authenticate_with_keys(state, &explicit_keys, &mut rejection).await? {
        return Ok(principal);
    }
    if let Some(principal) = authenticate_with_session(state, parts, changes).await? {
        return Ok(principal);
    }
    if let Some(principal) = authenticate_with_keys(state, &cookie_keys, &mut rejection).await? {
        if changes && session_cookie::origin(&parts.headers) == RequestOrigin::Foreign {
            return Err(forbidden(
                "A key in a cookie can change things only from Calliope's own pages; send it as X-Api-Key instead.",
            ));
        }
        return Ok(principal);
    }
    // Without an API key, programs on this machine need no credentials, but a rejected credential is still an error.
    if is_keyless && rejection.is_none() {
        return Ok(Principal::LOCAL);
    }
    let is_anonymous = explicit_keys.is_empty() && cookie_keys.is_empty();
    Err(unauthenticated(
        parts.uri.path(),
        rejection.unwrap_or_else(|| key_error_detail(is_anonymous)),
    ))
}

/// The sender of a request for a page.
#[derive(Debug, Clone, Default)]
pub(super) struct PageCredentials {
    /// The sender; `None` if nobody known sends the request.
    pub(super) principal: Option<Principal>,
    /// The Sparrow of the sender's browser, if the browser has been connected.
    pub(super) browser: Option<ClientId>,
}

/// Returns who sends a request for a page. A credential that is no longer valid is ignored, so that its owner can get
/// another one.
///
/// # Errors
///
/// Returns a problem if a request that changes something comes from a page of another site, or if the service serves
/// only this machine and the request comes from elsewhere.
pub(super) async fn page_credentials(
    state: &HttpState,
    parts: &Parts,
) -> Result<PageCredentials, Problem> {
    let is_foreign = session_cookie::origin(&parts.headers) == RequestOrigin::Foreign
        && !share_cookie::prove_own_page(parts);
    if !parts.method.is_safe() && is_foreign {
        return Err(forbidden("This form was sent from another site; open Calliope's own page."));
    }
    let is_keyless = state.access_policy.api_key.is_none();
    if is_keyless && let Some(problem) = non_local_problem(&state.access_policy, parts, true) {
        return Err(problem);
    }
    let mut ignored = None;
    let explicit_keys = explicit_keys(&parts.headers, &parts.uri);
    let cookie_keys = cookie_keys(&parts.headers);
    let in_cookie = authenticate_with_keys(state, &cookie_keys, &mut ignored).await?;
    let browser = match in_cookie.as_ref().map(|principal| &principal.scope) {
        Some(Scope::Device(client_id)) => Some(client_id.clone()),
        _ => None,
    };
    let mut principal = authenticate_with_keys(state, &explicit_keys, &mut ignored).await?;
    if principal.is_none() {
        principal = authenticate_with_session(state, parts, false).await?;
    }
    let principal = principal.or(is_keyless.then_some(Principal::LOCAL)).or(in_cookie);
    Ok(PageCredentials { principal, browser })
}

/// Returns the principal of a key that somebody typed.
///
/// # Errors
///
/// Returns a 401 with the reason if the key is wrong.
pub(super) async fn typed_key_principal(
    state: &HttpState,
    key: &str,
) -> Result<Principal, Problem> {
    let mut rejection = None;
    let found = authenticate_with_keys(state, &[key.trim().to_owned()], &mut rejection).await?;
    let detail = rejection.unwrap_or_else(|| key_error_detail(false));
    found.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, detail))
}

/// Returns the principal of the first valid key. If a token is rejected, `rejection` is set to the reason.
async fn authenticate_with_keys(
    state: &HttpState,
    keys: &[String],
    rejection: &mut Option<&'static str>,
) -> Result<Option<Principal>, Problem> {
    for key in keys {
        let shared = state.access_policy.api_key.as_ref();
        if shared.is_some_and(|shared| constant_time_eq(key, shared.expose_secret())) {
            return Ok(Some(Principal::SHARED_KEY));
        }
        if !Identities::is_token_like(key) {
            continue;
        }
        match state
            .app
            .identities()
            .verify_token(key)
            .await
            .map_err(|e| Problem::from_error(e, "header"))?
        {
            TokenVerification::Valid(principal) => return Ok(Some(principal)),
            TokenVerification::Rejected(reason) => *rejection = Some(reason),
        }
    }
    Ok(None)
}

/// Returns the user whose session the request's cookie names.
async fn authenticate_with_session(
    state: &HttpState,
    parts: &Parts,
    changes: bool,
) -> Result<Option<Principal>, Problem> {
    let Some(cookie) = session_cookie::get(&parts.headers) else { return Ok(None) };
    let session = state.app.identities().session(cookie).await;
    let session = session.map_err(|error| Problem::from_error(error, "cookie"))?;
    let Some(session) = session else { return Ok(None) };
    if changes {
        session_cookie::check_origin(&parts.headers)?;
    }
    Ok(Some(Identities::session_principal(session)))
}

fn unauthenticated(path: &str, detail: &'static str) -> Problem {
    // v1 clients expect 403.
    let status =
        if path.starts_with("/v1/") { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
    Problem::new(status, detail)
}

const fn key_error_detail(is_anonymous: bool) -> &'static str {
    if is_anonymous {
        "An API key is needed: send it as X-Api-Key, as Authorization: Bearer, as api_key in the query, or as a cookie."
    } else {
        "The API key is wrong."
    }
}

/// Returns a problem if a request does not come from a program on this machine. Without an API key only those are
/// served.
///
/// Two kinds of request reach this machine's loopback address and are refused nevertheless: those of a web page from
/// another site in a browser on this machine, recognized by their `Host`, `Origin` or `Sec-Fetch-Site` header, and
/// those that a proxy on this machine forwards from another machine.
///
/// `is_page` is whether the request is for a page, to which a link on another site may lead: a page that is opened this
/// way changes nothing, and the other site cannot read it.
fn non_local_problem(policy: &AccessPolicy, parts: &Parts, is_page: bool) -> Option<Problem> {
    let is_local = parts.extensions.get::<ClientAddress>().is_some_and(|client| client.is_local);
    // A header that cannot be read counts as one from another site.
    let text = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_host_local = text(HOST.as_str()).is_none_or(is_local_host);
    let origin = text(ORIGIN.as_str());
    let is_allowed =
        origin.is_some_and(|o| policy.allowed_origins.iter().any(|allowed| allowed == o));
    // The form of a page with `Referrer-Policy: no-referrer` has the origin `null`.
    let is_own_form = is_page
        && origin == Some("null")
        && (text("sec-fetch-site") == Some("same-origin") || share_cookie::prove_own_page(parts));
    let is_origin_local = is_own_form
        || origin.is_none_or(|origin| {
            is_local_host(origin.split_once("://").map_or(origin, |(_, host)| host))
        });
    // An image or a link on another site sends no `Origin`, but browsers mark the request as cross-site.
    let is_opened = is_page && parts.method.is_safe() && text("sec-fetch-dest") == Some("document");
    let is_cross_site = text("sec-fetch-site") == Some("cross-site") && !is_opened;
    if is_local && is_host_local && (is_allowed || (is_origin_local && !is_cross_site)) {
        return None;
    }
    let detail = "Without an API key only programs of this machine are served; set CALLIOPE_API_KEY to serve others.";
    Some(Problem::new(StatusCode::FORBIDDEN, detail))
}

fn is_local_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Returns every key in a request's headers and query. Clients send a key wherever they can.
fn explicit_keys(headers: &HeaderMap, uri: &Uri) -> Vec<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut keys = Vec::new();
    keys.extend(text("x-api-key").map(str::to_owned));
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| value.split_once(' '));
    keys.extend(
        bearer
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, key)| key.trim().to_owned()),
    );
    let query = uri.query().unwrap_or_default().as_bytes();
    let pairs = form_urlencoded::parse(query);
    keys.extend(pairs.filter(|(name, _)| name == "api_key").map(|(_, key)| key.into_owned()));
    keys
}

/// Returns the keys in a request's cookies.
fn cookie_keys(headers: &HeaderMap) -> Vec<String> {
    let cookies = headers.get(COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let pairs = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
    let is_key = |name: &str| name == "api_key" || name == browser_cookie::TOKEN;
    pairs.filter(|(name, _)| is_key(name)).map(|(_, key)| key.to_owned()).collect()
}

/// Compares two keys in a time that depends neither on their lengths nor on where they differ.
fn constant_time_eq(given: &str, key: &str) -> bool {
    Sha256::digest(given).ct_eq(&Sha256::digest(key)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_name_and_address() {
        for local in ["localhost", "LOCALHOST:8008", "127.0.0.1:1", "127.8.9.1", "[::1]:8008"] {
            assert!(is_local_host(local), "{local}");
        }
        for remote in ["", "example.org", "localhost.example.org:80", "10.0.0.1", "[fe80::1]:80"] {
            assert!(!is_local_host(remote), "{remote}");
        }
    }
}
