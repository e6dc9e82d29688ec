//! `POST /v2/stories`: create a story and order its first frame.

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::frame_input::{self, FrameInput, Snippet};
use super::{FrameTaskAccepted, frame_task_accepted};
use crate::app::StorySelector;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};

/// A new story and the input for its first frame.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StoryRequest {
    /// The title, at most 1,000 characters. The start of the first frame's text by default, and if it is blank.
    #[schema(max_length = 1000)]
    title: Option<String>,
    /// The strategy's slug, from `GET /v1/config/strategy`, or a storyteller's name. The client's default if omitted.
    strategy: Option<String>,
    /// What the client saw and heard: at most 20, with at most one image, one recording and one video. None by default.
    #[serde(default)]
    #[schema(max_items = 20)]
    snippets: Vec<Snippet>,
    /// Any fields of `FrameRequest` except `client_id` and `story_id`. Unknown fields are refused. None by default.
    #[serde(default)]
    #[schema(value_type = Object)]
    extra_parameters: Map<String, Value>,
}

/// Create a story
///
/// Starts a new story, which becomes the client's current one, and orders its first frame. The response arrives at
/// once: read the task at `Location`, or follow `GET /v2/stories/{id}/events`, until the frame is ready.
#[utoipa::path(post, path = "/v2/stories", tag = "stories",
    params(
        ("client_id" = Option<String>, Query, example = "kitchen",
            description = "The client that the story is for: 1-255 printable characters. Required, except with a \
                           device's token: then the device's own by default."),
        ("Idempotency-Key" = Option<String>, Header,
            description = "1-255 printable ASCII characters. For 24 hours, the same request with the same key gets the \
                           same task instead of a new one, and the header `Idempotent-Replayed: true`."),
    ),
    request_body(content = StoryRequest, description = "At most 24 MiB.", example = json!({
        "title": "The harbour", "strategy": "lavender",
        "snippets": [{"snippet_type": "text", "content": "A boat without a name."}],
        "extra_parameters": {"output_image_width": 320}
    })),
    responses(
        (status = 202, body = FrameTaskAccepted,
            description = "The story exists and its first frame is ordered; `Location` holds the task's address."),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 409, description = "A blackout is on; an admin ends it with the command `resume`.", body = ProblemBody),
        (status = 413, description = "The body is larger than 24 MiB.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
        (status = 429, body = ProblemBody,
            description = "Too many frames are waiting, a limit is reached, or the client's storage is full; see \
                           `Retry-After`."),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    request: Request,
) -> Result<Response, Problem> {
    let to_input = |request: StoryRequest| {
        let title = request.title.filter(|title| !title.trim().is_empty());
        FrameInput {
            story: Some(StorySelector::New { title }),
            strategy: request.strategy,
            snippets: request.snippets,
            extra: request.extra_parameters,
        }
    };
    let (actor, ordered) = frame_input::order_frame(&state, request, to_input).await?;
    frame_task_accepted(
        &state,
        actor.as_actor(),
        ordered,
        "The story is begun; its first frame is being told.",
    )
    .await
}
