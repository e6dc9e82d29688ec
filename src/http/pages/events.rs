//! `/s/{slug}/events`: the events of a story, for the page that shows it.

use axum::extract::{Path, State};
use axum::http::HeaderMap;

use super::answer::{self, PageResult};
use super::visitor::Visitor;
use crate::http::{HttpState, sse};

/// Streams a story's events after the one that `Last-Event-ID` names.
pub(super) async fn get(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> PageResult {
    visitor.require_reader()?;
    let story = state.app.stories().readable_story(visitor.reader(), &slug).await;
    let story = story.map_err(answer::refuse)?;
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let listener = state.app.events().listen_to_story(&story.id.to_string(), after).await;
    listener.map(sse::stream).map_err(answer::refuse)
}
