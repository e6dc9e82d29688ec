//! `PUT /v2/bookmark-lists/{id}/stories/{story_id}`: a story into a list.

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

/// The largest body, in bytes: the longest comments, every character escaped.
const MAX_BODY: usize = 256 << 10;

/// What is noted about a story.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StoryBookmarkRequest {
    /// At most 10,000 characters.
    comments: Option<String>,
}

/// Put a story into a list, or renew what is noted about it there.
#[utoipa::path(put, path = "/v2/bookmark-lists/{id}/stories/{story_id}", tag = "bookmark lists",
    params(
        ("id" = i64, Path, description = "The list's id."),
        ("story_id" = String, Path, description = "The story's id."),
        RequiredClientQuery,
    ),
    request_body = StoryBookmarkRequest,
    responses(
        (status = 201, description = "It is there now.", body = StoryBookmarkView),
        (status = 200, description = "It was there; the comments are new.", body = StoryBookmarkView),
        (status = 403, description = "Another client's public list.", body = ProblemBody),
        (status = 404, description = "No such list or story, or another's list.", body = ProblemBody),
        (status = 409, description = "The list is full.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    Path((id, story_id)): Path<(String, String)>,
    actor: ClientActor,
    ValidJson(request): ValidJson<StoryBookmarkRequest, MAX_BODY>,
) -> Result<(StatusCode, Json<StoryBookmarkView>), Problem> {
    let (id, comments) = (path_id::parse(&id), request.comments.as_deref());
    match state.app.stories().add_story_to_list(actor.as_actor(), id, &story_id, comments).await {
        Ok(StoryBookmarkOutcome::Added(kept)) => Ok((StatusCode::CREATED, Json(kept))),
        Ok(StoryBookmarkOutcome::Updated(kept)) => Ok((StatusCode::OK, Json(kept))),
        Err(error) => Err(Problem::from_error(error, "body")),
    }
}
