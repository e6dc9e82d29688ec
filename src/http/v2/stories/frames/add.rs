//! `POST /v2/stories/{id}/frames`: order the next frame of a story.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::StorySelector;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v2::stories::frame_input::{self, FrameInput, Snippet};
use crate::http::v2::stories::{FrameTaskAccepted, frame_task_accepted};

/// The input for a story's next frame.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NextFrameRequest {
    /// What the client saw and heard: at most 20, with at most one image, one recording and one video. None by default.
    #[serde(default)]
    snippets: Vec<Snippet>,
    /// Any fields of `FrameRequest` except `client_id` and `story_id`. Unknown fields are refused. None by default.
    #[serde(default)]
    #[schema(value_type = Object)]
    extra_parameters: Map<String, Value>,
}

/// Add a frame to a story
///
/// Orders the story's next frame. The response arrives at once: read the task at `Location` until the frame is ready.
/// Allowed to the story's own client, and to members of a Flock that share the story.
#[utoipa::path(post, path = "/v2/stories/{id}/frames", tag = "frames",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        ("client_id" = Option<String>, Query, example = "kitchen",
            description = "The client that orders the frame: 1-255 printable characters. Required, except with a \
                           device's token: then the device's own by default."),
        ("Idempotency-Key" = Option<String>, Header,
            description = "1-255 printable ASCII characters. For 24 hours, the same request with the same key gets the \
                           same task instead of a new one, and the header `Idempotent-Replayed: true`."),
    ),
    request_body(content = NextFrameRequest, description = "At most 24 MiB. `{}` is enough.", example = json!({
        "snippets": [{"snippet_type": "text", "content": "A gull lands on the mast."}]
    })),
    responses(
        (status = 202, body = FrameTaskAccepted,
            description = "The frame is ordered; `Location` holds the task's address. During a blackout, the task is \
                           completed already, with a black frame."),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 403, description = "The story belongs to another client.", body = ProblemBody),
        (status = 404, description = "No story has this id.", body = ProblemBody),
        (status = 413, description = "The body is larger than 24 MiB.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
        (status = 429, body = ProblemBody,
            description = "Too many frames are waiting, a limit is reached, or the client's storage is full; see \
                           `Retry-After`."),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let to_input = |request: NextFrameRequest| FrameInput {
        story: Some(StorySelector::ById(id)),
        strategy: None,
        snippets: request.snippets,
        extra: request.extra_parameters,
    };
    let (actor, ordered) = frame_input::order_frame(&state, request, to_input).await?;
    frame_task_accepted(&state, actor.as_actor(), ordered, "The frame is being told.").await
}
