//! `PATCH /admin/api/stories/{id}`: renames a story.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use crate::app::StoryDetail;
use crate::domain::Principal;
use crate::http::HttpState;
use crate::http::admin::acting_admin::admin_actor;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;
use crate::http::v2::stories::change::StoryUpdate;

/// Rename a story
///
/// The slug stays, because links contain it.
#[utoipa::path(patch, path = "/admin/api/stories/{id}", tag = "admin",
    params(("id" = String, Path, example = "0197f2c4-5b1e-7c3a-9d1e-000000000000",
            description = "Id of the story: `story_id` in `GET /admin/api/stories`.")),
    request_body = StoryUpdate,
    responses(
        (status = 200, description = "The story without its frames.", body = StoryDetail),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(principal): Extension<Principal>,
    ValidJson(update): ValidJson<StoryUpdate>,
) -> Result<Json<StoryDetail>, Problem> {
    let refused = |error| Problem::from_error(error, "body");
    state
        .app
        .stories()
        .rename_story(admin_actor(&principal), &id, &update.title)
        .await
        .map_err(refused)?;
    let detail =
        state.app.stories().story_detail(admin_actor(&principal), &id, false, request_id).await;
    detail.map(Json).map_err(refused)
}
