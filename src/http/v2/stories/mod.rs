//! Stories and their frames: `/v2/stories`. An order for a frame is answered at once, with the task that makes the
//! frame.

pub(in crate::http) mod branch;
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

/// An order for a frame that was accepted.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct FrameTaskAccepted {
    /// The id of the story that the frame belongs to.
    story_id: Option<Uuid>,
    /// What happens now, as a sentence for people.
    message: &'static str,
    /// The id of the task that makes the frame. Read it at `GET /v2/tasks/{id}`.
    task_id: Uuid,
}

/// Answers an accepted order with 202, and with the task's address in `Location`.
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
