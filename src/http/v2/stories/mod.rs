//! Stories that are told while one looks on: `/v2/stories`. An order is answered at once, with the task that does it.

pub(in crate::http) mod change;
pub(in crate::http) mod create;
pub(in crate::http) mod events;
mod frame_input;
pub(in crate::http) mod frames;
pub(in crate::http) mod list;
pub(in crate::http) mod read;
pub(in crate::http) mod remove;

use axum::Json;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{AcceptedOrder, Actor};
use crate::http::HttpState;
use crate::http::idempotency::REPLAYED;
use crate::http::problem::Problem;

/// An order that was taken.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct FrameTaskAccepted {
    /// The story that it is for.
    story_id: Option<Uuid>,
    /// What happens now, in words.
    message: &'static str,
    /// The task that does it.
    task_id: Uuid,
}

/// The answer to an order: 202, and where to look how it goes.
async fn frame_task_accepted(
    state: &HttpState,
    actor: Actor<'_>,
    ordered: AcceptedOrder,
    message: &'static str,
) -> Result<Response, Problem> {
    let task_id = ordered.task_id;
    let task = state.app.jobs().task(actor, &task_id.to_string()).await;
    let story_id = task.map_err(|error| Problem::from_error(error, "body"))?.story_id;
    let body = Json(FrameTaskAccepted { story_id, message, task_id });
    let mut response = (StatusCode::ACCEPTED, body).into_response();
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::try_from(format!("/v2/tasks/{task_id}")) {
        headers.insert(LOCATION, location);
    }
    if ordered.is_replay {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}
