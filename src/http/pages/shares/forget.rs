//! `/x/{token}/forget`: everything of a visitor is erased. This works after the camera is closed, too.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use calliope_web::ForgetPage;

use super::super::answer::{self, PageResult};
use super::super::visitor::Visitor as PageVisitor;
use super::{events, gone, shell};
use crate::app::{Actor, Visitor};
use crate::domain::{ClientId, TaskStatus};
use crate::http::{HttpState, share_cookie};
use crate::store::TaskNotice;

/// How long the answer waits until everything is removed. What takes longer goes on without it.
const WAIT: Duration = Duration::from_secs(10);

/// Asks whether the visitor means it.
pub(in crate::http::pages) async fn get(
    State(state): State<HttpState>,
    visitor: PageVisitor,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> PageResult {
    if guest(&state, &headers).await?.is_none() {
        return Err(gone(&state, &visitor, String::new()).await);
    }
    let view =
        ForgetPage { shell: shell(&visitor), base: format!("/x/{token}"), ..ForgetPage::default() };
    Ok(answer::page(&state, &view).await)
}

/// Erases the visitor's frames, files and client. The visitor's links end at once.
pub(in crate::http::pages) async fn post(
    State(state): State<HttpState>,
    mut visitor: PageVisitor,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> PageResult {
    let Some(guest) = guest(&state, &headers).await? else {
        return Err(gone(&state, &visitor, String::new()).await);
    };
    let base = format!("/x/{token}");
    let is_done = erase(&state, &guest).await?;
    visitor.cookies.push(share_cookie::forget_visitor(&format!("{}{base}", visitor.root)));
    let view = ForgetPage { shell: shell(&visitor), base, is_requested: true, is_done };
    let mut response = answer::page(&state, &view).await;
    visitor.set_cookies(&mut response);
    Ok(response)
}

/// Orders the erasure and waits for its end. Returns whether everything is removed.
async fn erase(state: &HttpState, guest: &Visitor) -> Result<bool, Response> {
    let client_id = ClientId::new(&guest.client_id).map_err(|_| events::not_agreed())?;
    let principal = events::guest_principal(&client_id);
    let actor = Actor { principal: &principal, client_id: Some(&client_id) };
    let mut notices = state.app.jobs().subscribe();
    // The erasure is ordered first, so that it is not lost if the process ends in between.
    let task = state.app.ops().enqueue_erasure(actor, &client_id).await.map_err(answer::refuse)?;
    let forgotten = state.app.shares().forget_visitor(&guest.client_id).await;
    forgotten.map_err(answer::refuse)?;
    let _ = tokio::time::timeout(WAIT, TaskNotice::recv_ended(&mut notices, task)).await;
    let admin = crate::domain::Principal::LOCAL;
    let admin = Actor { principal: &admin, client_id: None };
    let task = state.app.jobs().task(admin, &task.to_string()).await;
    Ok(task.is_ok_and(|task| task.status == TaskStatus::Completed))
}

/// Returns the visitor who sends a request, whatever became of the share.
async fn guest(state: &HttpState, headers: &HeaderMap) -> Result<Option<Visitor>, Response> {
    let Some(secret) = share_cookie::visitor(headers) else { return Ok(None) };
    state.app.shares().visitor(secret).await.map_err(answer::refuse)
}

/// Returns the address where the visitor who sends a request can have everything erased; empty for others.
pub(super) async fn address_for(
    state: &HttpState,
    base: &str,
    headers: &HeaderMap,
) -> Result<String, Response> {
    let guest = guest(state, headers).await?;
    Ok(guest.map(|_| format!("{base}/forget")).unwrap_or_default())
}
