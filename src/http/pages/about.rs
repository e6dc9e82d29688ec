//! `/about`: who runs the service, what machines make, and what becomes of a photo.

use axum::extract::State;
use axum::response::Response;
use calliope_web::AboutPage;

use super::answer;
use super::visitor::Visitor;
use crate::http::HttpState;

/// Shows the page.
pub(super) async fn get(State(state): State<HttpState>, visitor: Visitor) -> Response {
    let view = AboutPage {
        shell: visitor.shell(),
        operator: state.access_policy.pages.operator.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    answer::page(&state, &view).await
}
