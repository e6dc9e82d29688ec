//! `POST /v2/stories`: a new story and its first frame.

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
use crate::http::request_actor::OptionalClientQuery;

/// A story to be begun.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StoryRequest {
    /// What it is called, at most 1,000 characters; without it, it takes its name from its first text.
    title: Option<String>,
    /// A strategy's slug, or a storyteller's name.
    strategy: Option<String>,
    /// What the Sparrow took in: at most 20, of pictures, sounds and videos one each.
    #[serde(default)]
    snippets: Vec<Snippet>,
    /// Any of v1's frame parameters.
    #[serde(default)]
    #[schema(value_type = Object)]
    extra_parameters: Map<String, Value>,
}

/// Begin a story.
#[utoipa::path(post, path = "/v2/stories", tag = "stories", params(OptionalClientQuery),
    request_body = StoryRequest,
    responses(
        (status = 202, description = "Begun; `Location` says where to look how it goes.", body = FrameTaskAccepted),
        (status = 413, description = "More than 24 MiB.", body = ProblemBody),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
        (status = 429, description = "Too much to do.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    request: Request,
) -> Result<Response, Problem> {
    let asking = |request: StoryRequest| {
        let title = request.title.filter(|title| !title.trim().is_empty());
        FrameInput {
            story: Some(StorySelector::New { title }),
            strategy: request.strategy,
            snippets: request.snippets,
            extra: request.extra_parameters,
        }
    };
    let (actor, ordered) = frame_input::order_frame(&state, request, asking).await?;
    frame_task_accepted(
        &state,
        actor.as_actor(),
        ordered,
        "The story is begun; its first frame is being told.",
    )
    .await
}
