//! `/login` and `/logout`: users.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use calliope_web::LoginPage;

use super::answer::{self, PageResult};
use super::fields::Fields;
use super::visitor::Visitor;
use crate::http::problem::Problem;
use crate::http::{HttpState, session_cookie};

/// Shows the form, or who is logged in.
pub(super) async fn get(State(state): State<HttpState>, visitor: Visitor, uri: Uri) -> PageResult {
    let next = answer::safe_next(Fields::of_query(&uri).get("next"));
    let view = LoginPage { shell: visitor.shell(), next, ..LoginPage::default() };
    Ok(answer::page(&state, &view).await)
}

/// Logs a user in and goes on to where they wanted to go.
pub(super) async fn post(
    State(state): State<HttpState>,
    mut visitor: Visitor,
    request: Request,
) -> PageResult {
    let (parts, content) = request.into_parts();
    let form = Fields::of_form(&parts.headers, content).await;
    let form = form.map_err(IntoResponse::into_response)?;
    let next = answer::safe_next(form.get("next"));
    let (username, password) =
        (form.get("username").unwrap_or_default(), form.get("password").unwrap_or_default());
    match state.app.identities().log_in(username, password.to_owned(), visitor.ip).await {
        Ok(session) => {
            visitor.cookies.push(session_cookie::set(&session.cookie, visitor.is_secure));
            let mut response = answer::see_other(&next);
            visitor.set_cookies(&mut response);
            Ok(response)
        }
        Err(error) => {
            let problem = Problem::from_error(error, "body");
            if problem.status().is_server_error() {
                return Err(problem.into_response());
            }
            let view = LoginPage {
                shell: visitor.shell(),
                next,
                username: username.to_owned(),
                problem: Some(problem.detail().to_owned()),
            };
            Ok(answer::page_with_status(&state, &view, problem.status()).await)
        }
    }
}

/// Logs the user out.
pub(super) async fn log_out(
    State(state): State<HttpState>,
    mut visitor: Visitor,
    headers: HeaderMap,
) -> PageResult {
    if session_cookie::origin(&headers) != session_cookie::RequestOrigin::OwnPage {
        let detail = "Log out by the button on the page /login.";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail).into_response());
    }
    if let Some(cookie) = session_cookie::get(&headers) {
        state.app.identities().log_out(cookie).await.map_err(answer::refuse)?;
    }
    visitor.cookies.push(session_cookie::clear());
    let mut response = answer::see_other("/login");
    visitor.set_cookies(&mut response);
    Ok(response)
}
