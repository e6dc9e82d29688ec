//! `GET /admin/api/stories/{id}`: returns a story with its frames.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use crate::app::StoryDetail;
use crate::domain::Principal;
use crate::http::HttpState;
use crate::http::admin::acting_admin::admin_actor;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;

/// Get a story
///
/// The story comes with all of its frames.
#[utoipa::path(get, path = "/admin/api/stories/{id}", tag = "admin",
    params(("id" = String, Path, example = "0197f2c4-5b1e-7c3a-9d1e-000000000000",
            description = "Id of the story: `story_id` in `GET /admin/api/stories`.")),
    responses((status = 200, body = StoryDetail), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(principal): Extension<Principal>,
) -> Result<Json<StoryDetail>, Problem> {
    let detail =
        state.app.stories().story_detail(admin_actor(&principal), &id, true, request_id).await;
    detail.map(Json).map_err(|error| Problem::from_error(error, "path"))
}
