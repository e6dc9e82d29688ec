//! `/`: the browser Sparrow. To a browser that is not known it says how to connect.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use calliope_web::{ConnectPage, HomePage, PendingFrame};
use uuid::Uuid;

use super::answer::{self, PageResult};
use super::connect;
use super::fields::Fields;
use super::frame_view::{frame_part, story_name, title};
use super::storyteller::choice;
use super::visitor::Visitor;
use crate::app::{AppError, CurrentStory, StoryStatus};
use crate::domain::ClientId;
use crate::http::HttpState;
use crate::http::problem::Problem;

/// Shows the last frame of the browser's story, and the form that continues it.
pub(super) async fn get(
    State(state): State<HttpState>,
    mut visitor: Visitor,
    headers: HeaderMap,
    uri: Uri,
) -> PageResult {
    if !visitor.accepts_html {
        return Err(program_answer(&visitor));
    }
    let fields = Fields::of_query(&uri);
    if visitor.principal.is_none() {
        let next = answer::safe_next(fields.get("next"));
        if let Some(response) = connect::collect(&state, &mut visitor, &headers, &next).await? {
            return Ok(response);
        }
        let code = connect::waiting_code(&headers, &visitor);
        let view = ConnectPage { shell: visitor.shell(), code, next, problem: None };
        let mut response = answer::page(&state, &view).await;
        visitor.set_cookies(&mut response);
        return Ok(response);
    }
    let view = view(&state, &visitor).await.map_err(answer::refuse)?;
    Ok(answer::page(&state, &view).await)
}

/// Tells a program that this address is for browsers.
fn program_answer(visitor: &Visitor) -> Response {
    let (status, detail) = if visitor.principal.is_some() {
        (StatusCode::NOT_FOUND, "There is nothing at this path; /docs lists every path.")
    } else {
        (
            StatusCode::UNAUTHORIZED,
            "An API key is needed: send it as X-Api-Key, as Authorization: Bearer, as api_key in the query, or as a cookie.",
        )
    };
    Problem::new(status, detail).into_response()
}

/// Returns the page as it is for a visitor now.
pub(super) async fn view(state: &HttpState, visitor: &Visitor) -> Result<HomePage, AppError> {
    let client_id = visitor.browser.as_ref();
    let current = match client_id {
        Some(client_id) => state.app.stories().current_story(client_id).await?,
        None => None,
    };
    let is_black = match client_id {
        Some(client_id) => state.app.config().is_client_black(client_id).await?,
        None => false,
    };
    let strategies = state.app.config().strategies(client_id).await?;
    let told_by = current.as_ref().map(|current| current.strategy.clone());
    let mut view = HomePage {
        shell: visitor.shell(),
        is_black,
        storytellers: strategies.into_iter().map(|s| choice(s, told_by.as_deref())).collect(),
        idempotency_key: Uuid::now_v7().to_string(),
        events: client_id.map(|id| events_address(visitor, id)).unwrap_or_default(),
        ..HomePage::default()
    };
    if let Some(current) = current {
        show_story(&mut view, current);
    }
    Ok(view)
}

/// Returns the address of the stream of a client's events.
pub(super) fn events_address(visitor: &Visitor, client_id: &ClientId) -> String {
    let id: String = form_urlencoded::byte_serialize(client_id.as_str().as_bytes()).collect();
    format!("{}/v2/events?client_id={id}", visitor.root)
}

fn show_story(view: &mut HomePage, current: CurrentStory) {
    let CurrentStory { story, frame, status, .. } = current;
    if story.frame_count > 0 {
        view.title = title(&story.title);
        view.slug = story_name(&story);
    }
    view.frame = frame.as_ref().map(frame_part);
    (view.pending, view.problem) = progress(status);
}

/// Returns the frame that is being made, and why the last one could not be.
pub(super) fn progress(status: StoryStatus) -> (Option<PendingFrame>, Option<String>) {
    let task_id = status.task_id.map(|id| id.to_string()).unwrap_or_default();
    let step = match status.status {
        "running" => "The storyteller is at work …",
        "pending" => "Waiting for its turn …",
        _ => {
            let explain = |error| format!("The last frame could not be told: {error}");
            return (None, status.error.map(explain));
        }
    };
    (Some(PendingFrame { task_id, step: step.to_owned() }), None)
}
