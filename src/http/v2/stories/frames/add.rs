//! `POST /v2/stories/{id}/frames`: the next frame of a story.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::WhichStory;
use crate::http::Door;
use crate::http::acting::ActingQuery;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v2::stories::order::{self, Asking, Snippet};
use crate::http::v2::stories::{Accepted, accepted};

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
    params(("id" = String, Path, description = "The story's id."), ActingQuery),
    request_body = NextFrameRequest,
    responses(
        (status = 202, description = "Ordered; `Location` says where to look how it goes.", body = Accepted),
        (status = 403, description = "Another Sparrow's story.", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 413, description = "More than 24 MiB.", body = ProblemBody),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
        (status = 429, description = "Too much to do.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let asking = |request: NextFrameRequest| Asking {
        story: Some(WhichStory::This(id)),
        strategy: None,
        snippets: request.snippets,
        extra: request.extra_parameters,
    };
    let (acting, ordered) = order::take(&door, request, asking).await?;
    accepted(&door, acting.actor(), ordered, "The frame is being told.").await
}
