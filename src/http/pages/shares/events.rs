//! `/x/{token}/events`: the events of the story or the wall that is shared, or of a visitor's own frames.
//! `/x/{token}/{story}/events`: those of a story in a list. `/x/{token}/tasks/{id}`: how a visitor's frame ended.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::super::answer::{self, PageResult};
use super::super::visitor::Visitor;
use super::{ShareAddress, SharedPage, camera, open, wall};
use crate::app::{Actor, Shares};
use crate::domain::{ClientId, Principal, Scope, ShareKind};
use crate::http::problem::Problem;
use crate::http::{HttpState, sse};

/// How often a stream looks whether its share is still open.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Streams events after the one that `Last-Event-ID` names, as long as the share is open.
pub(in crate::http::pages) async fn get(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(ShareAddress { token, story }): Path<ShareAddress>,
    headers: HeaderMap,
) -> PageResult {
    let page = SharedPage::find(&state, visitor, &token).await?;
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let events = state.app.events();
    let listener = match (page.share.kind, &story) {
        (ShareKind::Give, None) => {
            let guest = camera::require_guest(&state, &page, &headers).await?;
            events.listen_to_client(&guest, after).await
        }
        (ShareKind::Wall, None) => {
            let wall = wall::find(&state, &page).await?;
            events.listen_to_wall(&wall).await
        }
        (_, name) => {
            let story = open::readable_story(&state, &page, name.as_deref()).await?;
            events.listen_to_story(&story.id.to_string(), after).await
        }
    };
    let listener = listener.map_err(answer::refuse)?;
    let mut watch = Shares::watch(&page.share);
    let ended = async move {
        // A database that does not answer ends the stream too; the browser opens it again.
        while let Ok(true) = state.app.shares().is_still_open(&mut watch).await {
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    };
    Ok(sse::stream_until(listener, ended))
}

/// Shows the state of a visitor's own task.
pub(in crate::http::pages) async fn task(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path((token, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> PageResult {
    let page = SharedPage::find(&state, visitor, &token).await?;
    page.require_kind(&state, ShareKind::Give).await?;
    let guest = camera::require_guest(&state, &page, &headers).await?;
    let principal = guest_principal(&guest);
    let actor = Actor { principal: &principal, client_id: Some(&guest) };
    let task = state.app.jobs().task(actor, &id).await.map_err(answer::refuse)?;
    let body = json!({"task_id": task.task_id, "status": task.status, "error": task.error});
    Ok(Json(body).into_response())
}

/// Returns a principal that may act for a visitor's client and for no other.
pub(super) fn guest_principal(guest: &ClientId) -> Principal {
    Principal { scope: Scope::Device(guest.clone()), ..Principal::LOCAL }
}

/// Refuses a program that asks for what only a visitor who agreed may have.
pub(super) fn not_agreed() -> Response {
    let detail = "Open the link in a browser, and agree first.";
    Problem::new(StatusCode::FORBIDDEN, detail).into_response()
}
