//! `POST /v2/stories/{id}/frames/{n}/illustrate`: order another illustration for a frame.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::app::RedrawOrder;
use crate::domain::TraceParent;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};
use crate::http::request_id::RequestId;
use crate::http::v2::stories::{FrameTaskAccepted, frame_task_accepted};

/// Illustrate a frame again
///
/// Orders another illustration, which replaces the present one. The frame keeps its number and its text. The response
/// arrives at once: read the task at `Location` until the illustration is ready. Allowed to the story's own client and
/// to admins.
#[utoipa::path(post, path = "/v2/stories/{id}/frames/{n}/illustrate", tag = "frames",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        ("n" = i32, Path, description = "The frame's number in its story; the first is 0.", minimum = 0, example = 0),
        OptionalClientQuery,
    ),
    responses(
        (status = 202, body = FrameTaskAccepted,
            description = "The illustration is ordered; `Location` holds the task's address."),
        (status = 403, description = "The story belongs to another client.", body = ProblemBody),
        (status = 404, description = "No such story exists, or it has no such frame.", body = ProblemBody),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
        (status = 429, description = "Too many frames are waiting; see `Retry-After`.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Path((id, number)): Path<(String, String)>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(trace): Extension<TraceParent>,
    actor: RequestActor,
) -> Result<Response, Problem> {
    let order = RedrawOrder { request_id, trace: Some(trace) };
    let ordered = state.app.frames().enqueue_redraw(actor.as_actor(), &id, &number, order).await;
    let ordered = ordered.map_err(|error| Problem::from_error(error, "path"))?;
    frame_task_accepted(&state, actor.as_actor(), ordered, "The frame is being illustrated anew.")
        .await
}
