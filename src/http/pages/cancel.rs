//! `POST /cancel`: the visitor does not want the frame that is being made. `POST /browser`: a browser makes itself known
//! before its first order.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::answer::{self, PageResult};
use super::fields::Fields;
use super::visitor::Visitor;
use crate::app::ErrorKind;
use crate::http::HttpState;

/// Cancels the task that the form names, and shows the first page.
pub(super) async fn post(
    State(state): State<HttpState>,
    visitor: Visitor,
    request: Request,
) -> PageResult {
    let (parts, content) = request.into_parts();
    let principal = visitor.require_known()?;
    let form = Fields::of_form(&parts.headers, content).await;
    let form = form.map_err(IntoResponse::into_response)?;
    if let Some(task) = form.get("task") {
        match state.app.jobs().cancel_task(visitor.actor(principal), task).await {
            Ok(_) => {}
            // The frame was told in the meantime; the page shows it.
            Err(error) if error.kind == ErrorKind::Conflict => {}
            Err(error) => return Err(answer::refuse(error)),
        }
    }
    Ok(answer::see_other("/"))
}

/// Makes a Sparrow of the visitor's browser, unless it is one. An order that is sent again after a lost connection then
/// comes from the same Sparrow.
pub(super) async fn make_browser(
    State(state): State<HttpState>,
    mut visitor: Visitor,
    request: Request,
) -> PageResult {
    visitor.require_browser(&state, request.headers()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    visitor.set_cookies(&mut response);
    Ok(response)
}
