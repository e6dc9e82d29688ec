//! `POST /v2/stories/{id}/frames/{n}/illustrate`: another illustration.

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

/// Have a frame illustrated anew; it keeps its number and its words.
#[utoipa::path(post, path = "/v2/stories/{id}/frames/{n}/illustrate", tag = "stories",
    params(
        ("id" = String, Path, description = "The story's id."),
        ("n" = i32, Path, description = "The frame's number, from 0."),
        OptionalClientQuery,
    ),
    responses(
        (status = 202, description = "Ordered; `Location` says where to look how it goes.", body = FrameTaskAccepted),
        (status = 403, description = "Another Sparrow's story.", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 429, description = "Too much to do.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Path((id, number)): Path<(String, String)>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(trace): Extension<TraceParent>,
    actor: RequestActor,
) -> Result<Response, Problem> {
    let order = RedrawOrder { request_id, trace: Some(trace) };
    let ordered = state.app.frames().order_redraw(actor.as_actor(), &id, &number, order).await;
    let ordered = ordered.map_err(|error| Problem::from_error(error, "path"))?;
    frame_task_accepted(&state, actor.as_actor(), ordered, "The frame is being illustrated anew.")
        .await
}
