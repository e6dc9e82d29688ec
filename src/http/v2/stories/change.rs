//! `PATCH /v2/stories/{id}`: another title.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::StoryDetail;
use crate::http::Door;
use crate::http::acting::{Acting, ActingQuery};
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;

/// What is to change of a story.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StoryEdit {
    /// 1-1,000 characters.
    pub(in crate::http) title: String,
}

/// Give a story another title; its slug stays, for links lead by it.
#[utoipa::path(patch, path = "/v2/stories/{id}", tag = "stories",
    params(("id" = String, Path, description = "The story's id."), ActingQuery),
    request_body = StoryEdit,
    responses(
        (status = 200, description = "The story without its frames.", body = StoryDetail),
        (status = 403, description = "Another Sparrow's story.", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(door): State<Door>,
    Path(id): Path<String>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    acting: Acting,
    Sent(edit): Sent<StoryEdit>,
) -> Result<Json<StoryDetail>, Problem> {
    let refused = |error| Problem::of(error, "body");
    door.app.stories().rename_story(acting.actor(), &id, &edit.title).await.map_err(refused)?;
    let detail = door.app.stories().story_detail(acting.actor(), &id, false, request_id).await;
    detail.map(Json).map_err(refused)
}
