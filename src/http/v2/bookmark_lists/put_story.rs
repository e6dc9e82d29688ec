//! `PUT /v2/bookmark-lists/{id}/stories/{story_id}`: add a story to a list.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{ClientActor, RequiredClientQuery};
use crate::app::{StoryBookmarkOutcome, StoryBookmarkView};
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// The largest body, in bytes: room for the longest comments with every character escaped.
const MAX_BODY: usize = 256 << 10;

/// A story's entry in a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StoryBookmarkRequest {
    /// A note about the story, at most 10,000 characters. Replaces an earlier note; none if omitted.
    comments: Option<String>,
}

/// Add a story to a bookmark list
///
/// If the list already holds the story, its comments are replaced. A list holds at most 10,000 stories.
#[utoipa::path(put, path = "/v2/bookmark-lists/{id}/stories/{story_id}", tag = "bookmark lists",
    params(
        ("id" = i64, Path, description = "The list's id: `id` in the response of `POST /v2/bookmark-lists`.",
            example = 1),
        ("story_id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        RequiredClientQuery,
    ),
    request_body(content = StoryBookmarkRequest, example = json!({"comments": "For rainy days"})),
    responses(
        (status = 201, description = "The story was added.", body = StoryBookmarkView),
        (status = 200, body = StoryBookmarkView,
            description = "The list already held the story; its comments are replaced."),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 403, description = "The list is public but belongs to another client.", body = ProblemBody),
        (status = 404, body = ProblemBody,
            description = "No such list or story exists, or the list belongs to another client and is not public."),
        (status = 409, description = "The list already holds 10,000 stories.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    Path((id, story_id)): Path<(String, String)>,
    actor: ClientActor,
    ValidJson(request): ValidJson<StoryBookmarkRequest, MAX_BODY>,
) -> Result<(StatusCode, Json<StoryBookmarkView>), Problem> {
    let (id, comments) = (path_id::parse(&id), request.comments.as_deref());
    match state.app.stories().add_story_to_list(actor.as_actor(), id, &story_id, comments).await {
        Ok(StoryBookmarkOutcome::Added(view)) => Ok((StatusCode::CREATED, Json(view))),
        Ok(StoryBookmarkOutcome::Updated(view)) => Ok((StatusCode::OK, Json(view))),
        Err(error) => Err(Problem::from_error(error, "body")),
    }
}
