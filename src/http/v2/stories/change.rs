//! `PATCH /v2/stories/{id}`: another title.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::StoryDetail;
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::{OptionalClientQuery, RequestActor};
use crate::http::request_id::RequestId;

/// What is to change of a story.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StoryUpdate {
    /// 1-1,000 characters.
    pub(in crate::http) title: String,
}

/// Give a story another title; its slug stays, for links lead by it.
#[utoipa::path(patch, path = "/v2/stories/{id}", tag = "stories",
    params(("id" = String, Path, description = "The story's id."), OptionalClientQuery),
    request_body = StoryUpdate,
    responses(
        (status = 200, description = "The story without its frames.", body = StoryDetail),
        (status = 403, description = "Another Sparrow's story.", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    actor: RequestActor,
    ValidJson(edit): ValidJson<StoryUpdate>,
) -> Result<Json<StoryDetail>, Problem> {
    let refused = |error| Problem::from_error(error, "body");
    state.app.stories().rename_story(actor.as_actor(), &id, &edit.title).await.map_err(refused)?;
    let detail = state.app.stories().story_detail(actor.as_actor(), &id, false, request_id).await;
    detail.map(Json).map_err(refused)
}
