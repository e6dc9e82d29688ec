//! `PATCH /admin/api/bookmark-lists/{id}`: changes a bookmark list.

use axum::extract::{Path, State};
use axum::{Extension, Json};

use crate::app::{BookmarkList, BookmarkListPatch};
use crate::domain::Principal;
use crate::http::admin::acting_admin::admin_actor;
use crate::http::bookmark_list::MAX_LIST_BODY;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, path_id};

/// Update a bookmark list
///
/// Omitted fields keep their values.
#[utoipa::path(patch, path = "/admin/api/bookmark-lists/{id}", tag = "admin",
    params(("id" = i64, Path, example = 1,
            description = "Id of the list: `id` in `GET /admin/api/bookmark-lists`.")),
    request_body = BookmarkListPatch,
    responses(
        (status = 200, body = BookmarkList), (status = 404, body = ProblemBody),
        (status = 409, description = "The client has another list of this name.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn patch(
    State(state): State<HttpState>,
    Path(id): Path<String>,
    Extension(principal): Extension<Principal>,
    ValidJson(patch): ValidJson<BookmarkListPatch, MAX_LIST_BODY>,
) -> Result<Json<BookmarkList>, Problem> {
    let changed =
        state.app.stories().update_list(admin_actor(&principal), path_id::parse(&id), patch).await;
    changed.map(Json).map_err(|error| Problem::from_error(error, "body"))
}
