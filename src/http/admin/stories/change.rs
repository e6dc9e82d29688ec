//! `PATCH /admin/api/stories/{id}`.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use super::admin;
use crate::app::StoryDetail;
use crate::domain::Principal;
use crate::http::Door;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_id::RequestId;
use crate::http::v2::stories::change::StoryEdit;

/// Give a story another title; its slug stays, for links lead by it.
#[utoipa::path(patch, path = "/admin/api/stories/{id}", tag = "admin", params(("id" = String, Path)),
    request_body = StoryEdit,
    responses(
        (status = 200, description = "The story without its frames.", body = StoryDetail),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(door): State<Door>,
    Path(id): Path<String>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(principal): Extension<Principal>,
    Sent(edit): Sent<StoryEdit>,
) -> Result<Json<StoryDetail>, Problem> {
    let refused = |error| Problem::of(error, "body");
    door.app.stories().rename_story(admin(&principal), &id, &edit.title).await.map_err(refused)?;
    let detail = door.app.stories().story_detail(admin(&principal), &id, false, request_id).await;
    detail.map(Json).map_err(refused)
}
