//! `POST /v2/stories/{id}/frames`: the next frame of a story.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::StorySelector;
use crate::http::HttpState;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::OptionalClientQuery;
use crate::http::v2::stories::frame_input::{self, FrameInput, Snippet};
use crate::http::v2::stories::{FrameTaskAccepted, frame_task_accepted};

/// A frame to be told.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NextFrameRequest {
    /// What the Sparrow took in: at most 20, of pictures, sounds and videos one each.
    #[serde(default)]
    snippets: Vec<Snippet>,
    /// Any of v1's frame parameters.
    #[serde(default)]
    #[schema(value_type = Object)]
    extra_parameters: Map<String, Value>,
}

/// Tell a story on. Its owner may, and who shares it with a flock.
#[utoipa::path(post, path = "/v2/stories/{id}/frames", tag = "stories",
    params(("id" = String, Path, description = "The story's id."), OptionalClientQuery),
    request_body = NextFrameRequest,
    responses(
        (status = 202, description = "Ordered; `Location` says where to look how it goes.", body = FrameTaskAccepted),
        (status = 403, description = "Another Sparrow's story.", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 413, description = "More than 24 MiB.", body = ProblemBody),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
        (status = 429, description = "Too much to do.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let asking = |request: NextFrameRequest| FrameInput {
        story: Some(StorySelector::ById(id)),
        strategy: None,
        snippets: request.snippets,
        extra: request.extra_parameters,
    };
    let (actor, ordered) = frame_input::order_frame(&state, request, asking).await?;
    frame_task_accepted(&state, actor.as_actor(), ordered, "The frame is being told.").await
}
