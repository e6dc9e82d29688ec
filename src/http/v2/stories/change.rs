//! `PATCH /v2/stories/{id}`: rename a story.

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

/// The changes to a story.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct StoryUpdate {
    /// The new title, 1-1,000 characters, not only blanks. It is kept on one line, and cut to 255 characters.
    #[schema(min_length = 1, max_length = 1000, pattern = "[^\\s\\u0000-\\u001f\\u007f-\\u009f]")]
    pub(in crate::http) title: String,
}

/// Rename a story
///
/// Changes the title. The slug stays, because links use it. Only the story's own client and admins may rename it.
#[utoipa::path(patch, path = "/v2/stories/{id}", tag = "stories",
    params(
        ("id" = String, Path, description = "The story's id: `story_id` in the response of `POST /v2/stories`.",
            example = "0197f2c4-5b1e-7c3a-9d1e-000000000000"),
        OptionalClientQuery,
    ),
    request_body(content = StoryUpdate, example = json!({"title": "The old harbour"})),
    responses(
        (status = 200, description = "The renamed story, without its frames.", body = StoryDetail),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 403, description = "The story belongs to another client.", body = ProblemBody),
        (status = 404, description = "No story has this id.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    actor: RequestActor,
    ValidJson(update): ValidJson<StoryUpdate>,
) -> Result<Json<StoryDetail>, Problem> {
    let to_problem = |error| Problem::from_error(error, "body");
    let renamed = state.app.stories().rename_story(actor.as_actor(), &id, &update.title).await;
    renamed.map_err(to_problem)?;
    let detail = state.app.stories().story_detail(actor.as_actor(), &id, false, request_id).await;
    detail.map(Json).map_err(to_problem)
}
