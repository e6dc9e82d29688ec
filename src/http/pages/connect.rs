//! `POST /connect`: a browser becomes a Sparrow, by a key that is typed once or by a code that an admin approves.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use calliope_web::ConnectPage;

use super::answer::{self, PageResult};
use super::fields::Fields;
use super::visitor::{Visitor, browser_name, new_client_id};
use crate::app::ErrorKind;
use crate::app::identity::{PairingPollOutcome, PairingRequest};
use crate::domain::Scope;
use crate::http::problem::Problem;
use crate::http::{HttpState, auth, browser_cookie};

/// Connects a browser by a key, or starts its pairing.
pub(super) async fn post(
    State(state): State<HttpState>,
    mut visitor: Visitor,
    request: Request,
) -> PageResult {
    let (parts, content) = request.into_parts();
    let form = Fields::of_form(&parts.headers, content).await;
    let form = form.map_err(IntoResponse::into_response)?;
    let next = answer::safe_next(form.get("next"));
    let connected = if form.get("how") == Some("code") {
        start_pairing(&state, &mut visitor, &parts.headers).await
    } else {
        connect_by_key(&state, &mut visitor, &parts.headers, form.get("key")).await
    };
    let mut response = match connected {
        // A browser that waits for approval waits on the first page.
        Ok(()) if visitor.browser.is_none() => {
            let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
            answer::see_other(&format!("/?next={next}"))
        }
        Ok(()) => answer::see_other(&next),
        Err(problem) if problem.status().is_server_error() => return Err(problem.into_response()),
        Err(problem) => {
            let problem_text = Some(problem.detail().to_owned());
            let view =
                ConnectPage { shell: visitor.shell(), code: None, next, problem: problem_text };
            answer::page_with_status(&state, &view, problem.status()).await
        }
    };
    visitor.set_cookies(&mut response);
    Ok(response)
}

async fn connect_by_key(
    state: &HttpState,
    visitor: &mut Visitor,
    headers: &HeaderMap,
    key: Option<&str>,
) -> Result<(), Problem> {
    let key = key.unwrap_or_default();
    let principal = auth::typed_key_principal(state, key).await?;
    visitor.cookies.push(browser_cookie::forget_pairing());
    if let Scope::Device(client_id) = &principal.scope {
        // The token of one device: the browser is that device.
        visitor.cookies.push(browser_cookie::keep_token(key.trim(), visitor.is_secure));
        visitor.browser = Some(client_id.clone());
        return Ok(());
    }
    visitor.create_browser(state, headers, &principal).await.map(drop)
}

async fn start_pairing(
    state: &HttpState,
    visitor: &mut Visitor,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let request = PairingRequest {
        client_id: new_client_id(),
        model: Some(browser_name(headers)),
        firmware: None,
    };
    let started = state.app.identities().start_pairing(request, visitor.ip).await;
    let started = started.map_err(|error| Problem::from_error(error, "body"))?;
    let cookie =
        browser_cookie::keep_pairing(&started.code, &started.poll_token, visitor.is_secure);
    visitor.cookies.push(cookie);
    visitor.browser = None;
    Ok(())
}

/// Collects the token of a browser whose code was approved. Returns the redirect to `next` if it was.
pub(super) async fn collect(
    state: &HttpState,
    visitor: &mut Visitor,
    headers: &HeaderMap,
    next: &str,
) -> Result<Option<Response>, Response> {
    let Some((_, poll_token)) = browser_cookie::pairing(headers) else { return Ok(None) };
    match state.app.identities().poll_pairing(&poll_token, visitor.ip).await {
        Ok(PairingPollOutcome::Pending { .. }) => Ok(None),
        Ok(PairingPollOutcome::Approved { token, .. }) => {
            visitor.cookies.push(browser_cookie::keep_token(&token, visitor.is_secure));
            visitor.cookies.push(browser_cookie::forget_pairing());
            let mut response = answer::see_other(next);
            visitor.set_cookies(&mut response);
            Ok(Some(response))
        }
        // The code has expired or was refused: the page offers another one.
        Err(error) if error.kind == ErrorKind::NotFound => {
            visitor.cookies.push(browser_cookie::forget_pairing());
            Ok(None)
        }
        Err(error) if error.kind == ErrorKind::Busy => Ok(None),
        Err(error) => Err(answer::refuse(error)),
    }
}

/// Returns the code that a browser waits with; `None` once it is no longer valid.
pub(super) fn waiting_code(headers: &HeaderMap, visitor: &Visitor) -> Option<String> {
    let is_over = !visitor.cookies.is_empty();
    browser_cookie::pairing(headers).filter(|_| !is_over).map(|(code, _)| code)
}
